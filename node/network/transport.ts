/**
 * The transport of a real peer: one libp2p connection and one long-lived stream with each other member.
 *
 * Members are known by the key that their connection has proved; anyone else is cut off before the multiplexer is set
 * up (members.ts). A pair is dialled until it is connected, and again when it no longer is (redial.ts, sessions.ts). On
 * a stream both sides first send a hello. Frames flow only if the other side's hello names the same cohort
 * (handshake.ts), with a bounded queue on the way out and back-pressure on the way in (wire.ts).
 */
import { randomInt } from 'node:crypto'
import { networkInterfaces } from 'node:os'
import type { Connection } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { PeerIndex } from '../../agreement/protocol.ts'
import { frameBytesMax } from '../codec/limits.ts'
import { fieldDigests, type Membership, memberName } from '../cohort/cohort.ts'
import { neighboursOf } from '../cohort/gossip.ts'
import { identityFromSeed } from '../cohort/identity.ts'
import { linkLimitsFor } from '../link/limits.ts'
import type { Clock, Transport, TransportEvents } from '../ports.ts'
import { systemClock } from '../runtime/system-clock.ts'
import { createAddressBook } from './address-book.ts'
import { createTokenBuckets } from './connection-budget.ts'
import * as limits from './constants.ts'
import { usesQuic } from './endpoint.ts'
import { NetworkError } from './errors.ts'
import { ignoredFrame } from './framing.ts'
import type { Hello } from './hello.ts'
import { createNode, type NodeOptions } from './libp2p-node.ts'
import { type Log, silentLog } from './log.ts'
import { createMembers } from './members.ts'
import { abort, boundaryOf, inside, offended, report } from './offences.ts'
import { createCohortTally } from './other-cohorts.ts'
import { createPeerExchange, type PeerExchange } from './peer-exchange.ts'
import { createRefusals } from './process-tally.ts'
import { createPeerLog } from './quiet-log.ts'
import { createRedial } from './redial.ts'
import { crowded, refused, refuseForNow } from './refusals.ts'
import { encodeParts } from './schema-parts.ts'
import { takeNotice } from './second-process.ts'
import { connectionClosed, connectionOpened, describe, dial, type Network, streamOpened } from './sessions.ts'
import type { WireLimits } from './wire.ts'

/** This peer's identity, its addresses, and what its cohort needs. */
export interface NetworkOptions {
  readonly membership: Membership
  /** The private key of `members[self]`, 32 bytes. */
  readonly seed: Uint8Array
  /** Multiaddrs to listen on, `/ip4/0.0.0.0/tcp/4001` or `/ip4/0.0.0.0/udp/4001/quic-v1`; port 0 takes a free one. */
  readonly listen: readonly string[]
  readonly mdns: boolean
  /** `d`, which sets the longest frame, the queues and Yamux's window. */
  readonly dimension: number
  /** Name and version, shown to the others. */
  readonly software: string
  readonly log?: Log
  readonly metrics?: NonNullable<NodeOptions['metrics']>
  readonly clock?: Clock
  /** Uniform in [0, 1): jitter of the back-off. */
  readonly random?: () => number
}

/** The transport of a real peer. */
export interface NetworkTransport extends Transport {
  /** Multiaddrs, peer id included, at which this peer listens. */
  readonly addresses: readonly string[]
}

/**
 * Listens at once; dials, admits and reports from `start` on. Throws `wrong-identity` if the key is not that of the
 * membership, `listen-failed` if no address can be used, and `quic-missing` if an address names QUIC and it cannot be
 * loaded.
 */
export async function createNetwork(options: NetworkOptions): Promise<NetworkTransport> {
  checkIdentity(options)
  const { membership, clock = systemClock, random = Math.random } = options
  const { self, cohort } = membership
  const started = Promise.withResolvers<void>()
  const log = createPeerLog(options.log ?? silentLog, clock, peer => members.nameOf(peer))
  const allowance = createTokenBuckets(clock)
  const neighbours = neighboursOf(cohort, self)
  const members = createMembers(cohort.members, {
    neighbours,
    connections: id => node.getConnections(id).length,
    connectionsMax: limits.CONNECTIONS_PER_MEMBER_MAX,
    refused: (id, member) => network.isStopped || refused(network, id, member),
    allowed: peer => allowance.take(peer) || refuseForNow(network, peer),
  })
  const node = await createNode({
    ...options,
    announce: cohort.members[self]!.addresses,
    quic: usesQuic([...options.listen, ...cohort.members.flatMap(({ addresses }) => addresses)]),
    frameBytesMax: frameBytesMax(options.dimension),
    members: cohort.members.length,
    gater: members.gater,
    door: {
      clock,
      random,
      isKnown: source => book.isSource(source),
      crowded: source => crowded(network, source),
    },
    mdnsTrouble: text => log.info(null, 'address', text),
    found(id, addresses, { name }, source) {
      const peer = members.indexOf(id)
      if (peer === undefined || peer === self || !book.found(peer, addresses, source)) return
      const where = addresses.map(String).join(', ')
      log.debug(peer, 'address', `mDNS on ${name}: ${members.nameOf(peer)} is at ${where}`)
      redial.hurry(peer)
    },
    offence: (id, kind, detail, cause) => offended(network, id, kind, detail, cause),
  })
  const book = createAddressBook(cohort.members, members, node.peerStore)
  const redial = createRedial({
    self,
    faults: cohort.faults,
    clock,
    random,
    dial: peer => dial(network, peer),
  })
  const links: Network['links'] = new Map()
  const peerExchange = openPeerExchange({ node, members, redial, links, clock, log }, () => network)
  const network: Network = {
    membership,
    hello: helloOf(options),
    wireLimits: wireLimits(options.dimension),
    node,
    members,
    redial,
    book,
    peerExchange,
    clock,
    log,
    links,
    used: new WeakSet(),
    contests: new Set(),
    refusals: createRefusals(cohort.faults, clock),
    cohortTally: createCohortTally(neighbours.length + 1, cohort.faults),
    events: noEvents,
    isStopped: false,
  }
  await listen(network, started.promise, options.listen)
  return transportOver(network, started.resolve)
}

function helloOf({ membership: { cohort, cohortId, self }, software }: NetworkOptions): Hello {
  const process = { number: randomInt(1, 2 ** 47), startedMs: Date.now() }
  const parts = encodeParts(cohort.schema)
  return {
    cohortId,
    name: cohort.members[self]!.name,
    software,
    fields: fieldDigests(cohort),
    ...(parts && { parts }),
    process,
  }
}

function wireLimits(dimension: number): WireLimits {
  const frameMax = frameBytesMax(dimension)
  return {
    frameBytesMax: frameMax,
    helloBytesMax: limits.HELLO_BYTES_MAX,
    queueBytesMax: Math.max(limits.QUEUE_BYTES_MIN, 2 * frameMax),
    // What has no number yet may come on top: one vector in pieces.
    unreadBytesMax: linkLimitsFor(dimension).inFlightBytesMax + 4 * dimension + 2 * frameMax,
  }
}

type Known = Pick<Network, 'node' | 'members' | 'redial' | 'links' | 'clock' | 'log'>

function openPeerExchange(
  { node, members, redial, links, clock, log }: Known,
  network: () => Network,
): PeerExchange {
  return createPeerExchange({
    clock,
    members,
    store: node.peerStore,
    fault: (peer, kind, detail) => report(network(), peer, kind, detail),
    boundary: peer => boundaryOf(network(), peer),
    missing: redial.missing,
    present: () => links,
    learnt(peer, from) {
      const text = `${members.nameOf(from)} told where ${members.nameOf(peer)} is`
      log.debug(from, 'address', text, { about: peer })
      redial.hurry(peer)
    },
  })
}

function checkIdentity({ membership, seed }: NetworkOptions): void {
  const { id } = identityFromSeed(seed)
  const member = membership.cohort.members[membership.self]
  if (member?.id === id) return
  throw new NetworkError(
    'wrong-identity',
    `this key is that of ${id}, but ${memberName(membership.cohort, membership.self)} of the cohort is ${member?.id}`,
  )
}

/** Nothing happens before `start` says who is told. */
const noEvents: TransportEvents = {
  connected() {},
  disconnected() {},
  frame: () => ignoredFrame,
  drained() {},
  fault() {},
}

async function listen(network: Network, started: Promise<void>, addresses: readonly string[]): Promise<void> {
  const { node, members, peerExchange } = network
  // Streams that arrive before `start` wait for it.
  await node.handle(
    limits.PROTOCOL,
    async (stream, connection) => {
      await started
      inside(network, connection, () => {
        if (stream.status === 'open') streamOpened(network, stream, connection)
      })
    },
    { maxInboundStreams: 2, maxOutboundStreams: 2 },
  )
  await node.handle(
    limits.PEER_EXCHANGE_PROTOCOL,
    (stream, connection) => {
      const peer = members.indexOf(connection.remotePeer)
      if (peer === undefined || network.isStopped) stream.abort(new Error('not a member'))
      else inside(network, connection, () => peerExchange.answer(stream, peer))
    },
    { maxInboundStreams: 1, maxOutboundStreams: 1 },
  )
  await node.handle(
    limits.NOTICE_PROTOCOL,
    (stream, connection) => {
      const peer = members.indexOf(connection.remotePeer)
      if (peer === undefined || network.isStopped) stream.abort(new Error('not a member'))
      else inside(network, connection, () => takeNotice(network, stream, connection, peer))
    },
    { maxInboundStreams: 1, maxOutboundStreams: 1 },
  )
  node.addEventListener(
    'connection:open',
    ({ detail }) => void started.then(() => inside(network, detail, () => connectionOpened(network, detail))),
  )
  node.addEventListener(
    'connection:close',
    ({ detail }) => void started.then(() => inside(network, detail, () => connectionClosed(network, detail))),
  )
  try {
    await node.start()
  } catch (error) {
    const detail = `cannot listen on ${addresses.join(', ')}: ${listenReason(error)}`
    throw new NetworkError('listen-failed', detail, { cause: error })
  }
}

/** libp2p reports every address with a stack; a person needs only the system's own words. */
function listenReason(error: unknown): string {
  const reasons = [...describe(error).matchAll(/Error: (?:listen |bind )?(.+)/g)].map(([, reason]) => reason)
  return reasons.join('; ') || describe(error)
}

function transportOver(network: Network, started: () => void): NetworkTransport {
  const { node, links, redial, peerExchange, membership } = network
  return {
    get addresses() {
      // The other announced addresses lead here by ways that only others know.
      const own = new Set(Object.values(networkInterfaces()).flatMap(list => list?.map(each => each.address)))
      const isOwn = (address: Multiaddr) => address.getComponents().some(({ value }) => own.has(value))
      return node.getMultiaddrs().filter(isOwn).map(String)
    },
    start(events) {
      network.events = events
      started()
      for (const peer of neighboursOf(membership.cohort, membership.self)) redial.want(peer)
    },
    send: (to, frame) => links.get(to)?.wire.send(frame) ?? false,
    pause: from => links.get(from)?.wire.pause(),
    resume: from => links.get(from)?.wire.resume(),
    ban: (peer, reason) => ban(network, peer, reason),
    stop(done) {
      network.isStopped = true
      network.log.rest()
      redial.stop()
      peerExchange.stop()
      // libp2p's own stop would cut accepted sockets off in the middle of what they still have to send.
      const flushed = [...links.values()].map(async ({ wire, connection }) => {
        await wire.close()
        await whenClosed(connection)
      })
      Promise.all(flushed)
        .then(() => node.stop())
        .catch(error => network.log.debug(null, 'stop', `libp2p did not stop cleanly: ${describe(error)}`))
        .finally(done)
    },
  }
}

/** The connection has been asked to close, and does so within libp2p's own limit of a second. */
function whenClosed(connection: Connection): Promise<void> {
  return new Promise(resolve => {
    if (connection.status === 'open' || connection.status === 'closing')
      connection.addEventListener('close', () => resolve())
    else resolve()
  })
}

function ban({ members, redial, links, node, log }: Network, peer: PeerIndex, reason: string): void {
  members.ban(peer)
  redial.settle(peer)
  log.warn(peer, 'cut-off', `cut off ${members.nameOf(peer)}: ${reason}`)
  links.get(peer)?.wire.abort(reason)
  for (const connection of node.getConnections(members.ids[peer]!)) abort(connection, new Error(reason))
}
