/**
 * The addresses of each member: the one that worked last, those of the cohort file, those that mDNS has reported, and
 * those that the member has announced under its signature, to this peer or to another (peer-exchange.ts). A wrong
 * address costs no more than a failed dial, because the handshake proves the member's key.
 */
import type { PeerStore } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { Member } from '../cohort/cohort.ts'
import { createClaims } from './claims.ts'
import {
  ADDRESSES_KNOWN_MAX,
  ADDRESSES_PER_DIAL,
  CLAIMS_FIRST_MAX,
  CLAIMS_TRIED_MAX,
  SOURCES_MET_MAX,
} from './constants.ts'
import type { Members } from './members.ts'
import { createKnownSources, sourceOf } from './sources.ts'

export interface AddressBook {
  /** A responder of mDNS, who may be anyone on the network, says where a peer is. True if that is news. */
  found(peer: PeerIndex, addresses: readonly Multiaddr[], responder: string): boolean
  /** The peer was reached there: from now on this address is tried first. */
  met(peer: PeerIndex, address: Multiaddr): void
  /** The peer has connected from there. It is no address to dial, because its port belongs to this connection only. */
  cameFrom(peer: PeerIndex, address: Multiaddr): void
  /**
   * Whether a member may come from there: from an address of the file, one that a member has announced, or one where
   * a key was proved, as limits count them (sources.ts). Claims of mDNS do not count, or a liar could claim its own
   * address. A DNS name does not count; a member that has only a name is known once it has connected.
   */
  isSource(source: string): boolean
  /** The addresses to try next, with the peer id: as many as fit into one dial. The next call goes on from there. */
  next(peer: PeerIndex): Promise<readonly Multiaddr[]>
}

export function createAddressBook(
  cohort: readonly Member[],
  members: Members,
  store: Pick<PeerStore, 'has' | 'get'>,
): AddressBook {
  const claims = cohort.map(() => createClaims())
  const last = new Map<PeerIndex, string>()
  const tried = new Map<PeerIndex, number>()
  const sources = createKnownSources()
  for (const [peer, { addresses }] of cohort.entries()) sources.know('cohort file', peer, addresses)
  const met = new Map<PeerIndex, readonly string[]>()
  const cameFrom = (peer: PeerIndex, address: Multiaddr): void => {
    met.set(peer, [...new Set([sourceOf(address), ...(met.get(peer) ?? [])])].slice(0, SOURCES_MET_MAX))
    sources.know('met', peer, met.get(peer)!)
  }
  const announced = async (peer: PeerIndex): Promise<readonly string[]> => {
    const id = members.ids[peer]!
    if (!(await store.has(id))) return []
    return (await store.get(id)).addresses.map(({ multiaddr: address }) => bare(String(address)))
  }
  return {
    found: (peer, addresses, responder) =>
      claims[peer]!.add(
        responder,
        addresses.map(address => bare(String(address))),
      ),
    met(peer, address) {
      last.set(peer, bare(String(address)))
      tried.delete(peer)
      cameFrom(peer, address)
    },
    cameFrom,
    isSource: sources.has,
    async next(peer) {
      const best = last.get(peer)
      const said = await announced(peer)
      sources.know('announced', peer, said.slice(0, ADDRESSES_KNOWN_MAX))
      const { all, untried, tried: tryNow } = claims[peer]!
      const claimed = all().slice(0, CLAIMS_TRIED_MAX)
      const others = new Set([...cohort[peer]!.addresses.map(bare), ...claimed, ...said])
      if (best !== undefined) others.delete(best)
      const known = [...others].slice(0, ADDRESSES_KNOWN_MAX)
      const start = tried.get(peer) ?? 0
      const room = ADDRESSES_PER_DIAL - (best === undefined ? 0 : 1)
      const first = untried()
        .filter(each => each !== best)
        .slice(0, known.length <= room ? 0 : CLAIMS_FIRST_MAX)
      const rest = [...known.slice(start), ...known.slice(0, start)].filter(each => !first.includes(each))
      const turn = [...first, ...rest].slice(0, room)
      tried.set(peer, known.length <= room ? 0 : (start + room - first.length) % known.length)
      tryNow(turn)
      const id = members.ids[peer]!
      return [...(best === undefined ? [] : [best]), ...turn].map(address =>
        multiaddr(address).encapsulate(`/p2p/${id}`),
      )
    },
  }
}

/** Without the peer id at its end, which is known anyway. */
function bare(address: string): string {
  return address.replace(/\/p2p\/[^/]+$/, '')
}
