/**
 * What mDNS hears on each interface: this machine's own question, which a firewall swallows, and the answers of peers
 * on other machines. The packets, the port and the sockets are those that peers use.
 */
import { randomBytes } from 'node:crypto'
import { networkInterfaces } from 'node:os'
import { MDNS_ANSWER_INTERVAL_MS, MDNS_SERVICE } from '../network/constants.ts'
import { addressOf, endpointOf } from '../network/endpoint.ts'
import { decodePacket } from '../network/mdns/decode.ts'
import { isSelfAssigned, type LocalInterface, localInterfaces } from '../network/mdns/interfaces.ts'
import { asksFor, claimOf, encodeQuestion } from '../network/mdns/message.ts'
import { addressesAt } from '../network/mdns/own-addresses.ts'
import { type OpenSocket, openMdnsSocket } from '../network/mdns/socket.ts'
import { type Finding, failed, fine, warning } from './finding.ts'

export interface MulticastOptions {
  /** The interfaces to ask on. Default: all that are up. */
  readonly interfaces?: readonly LocalInterface[]
  readonly open?: OpenSocket
  /** The time in which a packet of this machine's own must come back; much longer than it takes. */
  readonly listenMs?: number
}

/** What was heard on one interface. */
interface Hearing {
  readonly local: LocalInterface
  readonly hearsItself: boolean
  /** Ids of peers on other machines that answered; they may be of any cohort. */
  readonly peers: ReadonlySet<string>
  /** The reason why something could not be done there. */
  readonly trouble: string | null
}

const LISTEN_MS = 3000
/** More than any local network has: answers may be invented. */
const PEERS_MAX = 10_000
const ASK_AGAIN_MS = 300
/** A peer that has just answered somebody else may wait as long as this. */
const ANSWERS_MS = MDNS_ANSWER_INTERVAL_MS + 200

export async function listenEverywhere({
  interfaces = localInterfaces(networkInterfaces()),
  open = openMdnsSocket,
  listenMs = LISTEN_MS,
}: MulticastOptions = {}): Promise<readonly Hearing[]> {
  const own = new Set(interfaces.flatMap(({ addresses }) => addresses))
  return Promise.all(interfaces.map(local => listenAt(local, { own, open, listenMs })))
}

interface Plan {
  /** All addresses of this machine. */
  readonly own: ReadonlySet<string>
  readonly open: OpenSocket
  readonly listenMs: number
}

async function listenAt(local: LocalInterface, { own, open, listenMs }: Plan): Promise<Hearing> {
  // A name of its own: a system may hand this socket what was asked on another interface.
  const token = `_concord-${randomBytes(6).toString('hex')}._udp.local`
  const peers = new Set<string>()
  let hearsItself = false
  let trouble: string | null = null
  const { promise: heardItself, resolve: hear } = Promise.withResolvers<void>()
  const asks: NodeJS.Timeout[] = []
  const ask = () => {
    for (const service of [token, MDNS_SERVICE]) socket.send(encodeQuestion(service))
  }
  const socket = open(local, {
    ready() {
      ask()
      asks.push(setInterval(ask, ASK_AGAIN_MS))
    },
    heard(bytes, source) {
      const packet = decodePacket(bytes)
      if (packet === null) return
      if (asksFor(packet, token)) {
        hearsItself = true
        hear()
      }
      const claim = claimOf(packet, MDNS_SERVICE)
      if (claim !== null && !own.has(source.split('%')[0]!) && peers.size < PEERS_MAX)
        peers.add(String(claim.id))
    },
    trouble({ message }) {
      trouble ??= message
    },
  })
  try {
    await within(listenMs, heardItself)
    if (hearsItself) await within(ANSWERS_MS)
  } finally {
    for (const each of asks) clearInterval(each)
    socket.close()
  }
  return { local, hearsItself, peers, trouble }
}

/** Waits for that, and not longer than that. */
async function within(waitMs: number, event: Promise<void> = new Promise(() => {})): Promise<void> {
  const over = Promise.withResolvers<void>()
  const timer = setTimeout(over.resolve, waitMs)
  await Promise.race([event, over.promise])
  clearTimeout(timer)
}

const BLOCKED_TODO =
  'Let UDP port 5353 to and from 224.0.0.251 (IPv6: ff02::fb) through the firewall, or write addresses into the cohort file and join with --no-mdns.'

/** A host of many containers has as many interfaces. */
const SHOWN_MAX = 8

export function judgeMulticast(all: readonly Hearing[]): Finding {
  const hearings = all.filter(({ local }) => !local.isInternal)
  if (hearings.length === 0)
    return warning(
      'mdns',
      'no-network',
      'no network interface of this machine is up, except loopback: mDNS finds only members on this machine.',
      'Connect it to the network of the others. A peer that runs already notices that by itself.',
    )
  const works = hearings.filter(({ hearsItself }) => hearsItself)
  const shown = hearings
    .toSorted((a, b) => b.peers.size - a.peers.size)
    .slice(0, SHOWN_MAX)
    .map(describe)
  const more = hearings.length - shown.length
  const details = [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('; ')
  if (works.length > 0) return fine('mdns', details)
  return failed(
    'mdns',
    'mdns-blocked',
    `mDNS is blocked: no interface hears its own question. ${details}.`,
    BLOCKED_TODO,
  )
}

function describe({ local, hearsItself, peers, trouble }: Hearing): string {
  const where = `${local.name} (${local.addresses.map(noted).join(', ')})`
  const reason = trouble === null ? '' : ` (${trouble})`
  if (!hearsItself) return `${where} hears nothing${reason}`
  const others =
    peers.size === 0
      ? 'no peer on another machine'
      : `${peers.size} ${peers.size === 1 ? 'peer' : 'peers'} on other machines`
  return `${where} hears its own question and ${others}${reason}`
}

const noted = (address: string) =>
  isSelfAssigned(address)
    ? `${address}, which it gave itself: only hosts that did the same can reach it`
    : address

/** All addresses of a machine, at these ports. */
function everywhere(listen: readonly string[]): readonly string[] {
  const anywhere = [
    { family: 'ip4', host: '0.0.0.0' },
    { family: 'ip6', host: '::' },
  ] as const
  const addresses = listen.flatMap(address => {
    const endpoint = endpointOf(address)
    return endpoint === null ? [] : anywhere.map(hosts => addressOf({ ...endpoint, ...hosts }))
  })
  return [...new Set(addresses)]
}

/** Null where at least one interface has an address at which this peer listens. */
export function judgeListening(
  listen: readonly string[],
  interfaces: readonly LocalInterface[] = localInterfaces(networkInterfaces()),
): Finding | null {
  const external = interfaces.filter(({ isInternal }) => !isInternal)
  // As libp2p lists them: who listens everywhere listens on loopback.
  const listening = listen.map(address =>
    address.replace('/ip4/0.0.0.0/', '/ip4/127.0.0.1/').replace('/ip6/::/', '/ip6/::1/'),
  )
  const isReachable = external.some(local => addressesAt(local, listen, listening).length > 0)
  if (isReachable || external.length === 0) return null
  const own = external.flatMap(({ addresses }) => addresses).join(', ')
  return warning(
    'mdns',
    'mdns-unreachable',
    `this peer listens on ${listen.join(', ')}, and so at none of the addresses that this machine has in its networks (${own}): mDNS has nothing to tell the others.`,
    `Listen at one of these (--listen), or on all: ${everywhere(listen).join(' or ')}.`,
  )
}
