/**
 * The packets of mDNS, as libp2p specifies them (https://github.com/libp2p/specs/blob/master/discovery/mdns.md): a
 * question for the pointers of a service; an answer of one pointer, and one text for each address. What arrives is
 * anyone's.
 */
import type { PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { AUTHORITATIVE_ANSWER, encode } from 'dns-packet'
import { ADDRESSES_FOUND_MAX } from '../constants.ts'
import type { Packet } from './decode.ts'

const TTL_SECONDS = 120
const PREFIX = 'dnsaddr='
/** RFC 6763, section 6.1. */
const TEXT_BYTES_MAX = 255

export function encodeQuestion(service: string): Uint8Array {
  return encode({ type: 'query', questions: [{ name: service, type: 'PTR' }] })
}

export function asksFor({ type, questions }: Packet, service: string): boolean {
  return type === 'query' && questions.includes(service)
}

/**
 * @param name the answer's own, one label
 * @param addresses multiaddrs with the peer id; those that are too long for a text are left out
 */
export function encodeAnswer(service: string, name: string, addresses: readonly string[]): Uint8Array {
  const full = `${name}.${service}`
  const texts = addresses
    .map(address => `${PREFIX}${address}`)
    .filter(text => text.length <= TEXT_BYTES_MAX)
    .slice(0, ADDRESSES_FOUND_MAX)
  const common = { class: 'IN', ttl: TTL_SECONDS } as const
  return encode({
    type: 'response',
    flags: AUTHORITATIVE_ANSWER,
    answers: [
      { ...common, name: service, type: 'PTR', data: full },
      ...texts.map(data => ({ ...common, name: full, type: 'TXT' as const, data })),
    ],
  })
}

/** What an answer says: a peer is at these addresses, given without its id. */
interface Claim {
  /** The answer's own name. */
  readonly name: string
  readonly id: PeerId
  readonly addresses: readonly Multiaddr[]
}

/** Null if it is no answer for this service, or names no peer. */
export function claimOf({ type, pointers, texts }: Packet, service: string): Claim | null {
  if (type !== 'response') return null
  const target = pointers.find(({ name }) => name === service)?.target
  if (!target?.endsWith(`.${service}`)) return null
  const told = texts.flatMap(text => (text.startsWith(PREFIX) ? [text.slice(PREFIX.length)] : []))
  const pairs = told.slice(0, ADDRESSES_FOUND_MAX).flatMap(text => addressOf(text) ?? [])
  const id = pairs[0]?.id
  if (id === undefined) return null
  return {
    name: target.slice(0, -service.length - 1),
    id,
    addresses: pairs.filter(pair => pair.id.equals(id)).map(({ address }) => address),
  }
}

function addressOf(text: string): { readonly id: PeerId; readonly address: Multiaddr } | null {
  const [, bare, id] = /^(\/.+)\/p2p\/([^/]+)$/.exec(text) ?? []
  if (bare === undefined || id === undefined) return null
  try {
    return { id: peerIdFromString(id), address: multiaddr(bare) }
  } catch {
    return null
  }
}
