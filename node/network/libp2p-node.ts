/** The libp2p node of a peer: TCP, Noise and Yamux, or QUIC; identify, and mDNS if wanted; all with stated limits. */
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { ConnectionGater, Libp2p, PeerId, Startable } from '@libp2p/interface'
import { mdns } from '@libp2p/mdns'
import type { Multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2pInit } from 'libp2p'
import { systemClock } from '../runtime/system-clock.ts'
import { createBoundary } from './boundary.ts'
import * as limits from './constants.ts'
import { createDoor, type DoorOptions, socketsMax } from './door.ts'
import { guardedNoise, watchSocket } from './noise-guard.ts'
import { quicTransport } from './quic.ts'
import { guardedTcp } from './tcp-guard.ts'
import { createWatches, type Offence } from './watch.ts'
import { guardedYamux } from './yamux-guard.ts'

export interface NodeOptions {
  /** The identity's private key, 32 bytes. */
  readonly seed: Uint8Array
  /** Multiaddrs to listen on, as `/ip4/0.0.0.0/tcp/4001` or `/ip4/0.0.0.0/udp/4001/quic-v1`. */
  readonly listen: readonly string[]
  /** Further multiaddrs to announce, such as those of a router that passes connections on. */
  readonly announce?: readonly string[]
  /** Finds, and is found by, peers on the same network. */
  readonly mdns: boolean
  /** Whether the node speaks QUIC as well. */
  readonly quic?: boolean
  /** mDNS has heard of a peer, which may be anyone. */
  readonly found?: (id: PeerId, addresses: readonly Multiaddr[]) => void
  /** The longest frame of this cohort. */
  readonly frameBytesMax: number
  readonly members: number
  readonly software: string
  readonly gater: ConnectionGater
  /** A connection was cut off below its streams. */
  readonly offence?: Offence
  /** What the door needs to tell members from others, and how it reports that there is no room. */
  readonly door?: Omit<DoorOptions, 'members'>
  /** libp2p's own metrics. */
  readonly metrics?: NonNullable<Libp2pInit['metrics']>
  /** False: does not tell others where it listens, so that they keep what they know of the peer with this key. */
  readonly identify?: boolean
}

const sockets = { noDelay: true, keepAlive: true }

/** For a node that knows no member's address. */
const doorOfNobody: Omit<DoorOptions, 'members'> = {
  clock: systemClock,
  random: Math.random,
  isKnown: () => false,
  crowded() {},
}

/** A node that is not started yet: protocols are registered before the first connection can arrive. */
export async function createNode(options: NodeOptions): Promise<Libp2p> {
  const windowBytes = Math.max(limits.WINDOW_BYTES_MIN, 2 * options.frameBytesMax)
  const { members, door: asked, offence = () => {} } = options
  const watches = createWatches(offence)
  const door = createDoor({ members, ...(asked ?? doorOfNobody) })
  return createLibp2p({
    start: false,
    privateKey: await generateKeyPairFromSeed('Ed25519', options.seed),
    nodeInfo: { userAgent: options.software },
    addresses: { listen: [...options.listen], appendAnnounce: [...(options.announce ?? [])] },
    transports: [
      door(
        guardedTcp({ dialOpts: sockets, listenOpts: sockets, maxConnections: socketsMax(members) }, socket =>
          watchSocket(socket, watches.of(socket)),
        ),
      ),
      ...(options.quic === true ? [await quicTransport()] : []),
    ],
    connectionEncrypters: [guardedNoise(watches)],
    streamMuxers: [guardedYamux(windowBytes, watches)],
    // A member that was away for long is still where it was.
    peerStore: { maxAddressAge: Number.POSITIVE_INFINITY, maxPeerAge: Number.POSITIVE_INFINITY },
    connectionGater: options.gater,
    ...(options.metrics && { metrics: options.metrics }),
    connectionManager: {
      // One more than a member may have: this peer may be dialling it.
      maxConnections: (limits.CONNECTIONS_PER_MEMBER_MAX + 1) * members,
      // The door counts these; a limit here would let the first comers keep the others out.
      maxIncomingPendingConnections: Number.POSITIVE_INFINITY,
      inboundConnectionThreshold: Number.POSITIVE_INFINITY,
      inboundUpgradeTimeout: limits.UPGRADE_TIMEOUT_MS,
      inboundStreamProtocolNegotiationTimeout: limits.NEGOTIATION_TIMEOUT_MS,
      outboundStreamProtocolNegotiationTimeout: limits.NEGOTIATION_TIMEOUT_MS,
      addressDialTimeout: limits.ADDRESS_DIAL_TIMEOUT_MS,
      dialTimeout: limits.DIAL_TIMEOUT_MS,
      maxPeerAddrsToDial: limits.ADDRESSES_PER_DIAL,
    },
    connectionMonitor: {
      pingInterval: limits.PING_INTERVAL_MS,
      pingTimeout: { minTimeout: limits.PING_TIMEOUT_MS },
    },
    services: {
      // No ping: a refusal is a sign of life as well, and so nobody can make this peer echo.
      ...(options.identify !== false && { identify: identify() }),
      ...(options.mdns && { mdns: discovery(options.found ?? (() => {}), offence) }),
    },
  })
}

type Found = NonNullable<NodeOptions['found']>
type MdnsComponents = Parameters<ReturnType<typeof mdns>>[0]

/**
 * The socket calls this with anything that anyone on the network has sent; unlike its counterpart for answers, libp2p
 * does not guard it.
 */
interface QueryTaker {
  _onMdnsQuery: (query: unknown) => void
}

/**
 * mDNS as a plain service. As libp2p's own discovery it would put every claim of anyone on the network, about anyone,
 * into the peer store without a limit.
 */
function discovery(found: Found, offence: Offence) {
  const boundary = createBoundary(error =>
    offence(null, 'exception', `an mDNS packet made this peer fail: ${error.message}`, error),
  )
  return (components: MdnsComponents) => {
    const voice: ReturnType<ReturnType<typeof mdns>> & Partial<Startable & QueryTaker> = mdns({
      serviceTag: limits.MDNS_SERVICE,
      interval: limits.MDNS_INTERVAL_MS,
    })(components)
    boundary.enclose(voice)
    voice.addEventListener('peer', ({ detail }) => found(detail.id, detail.multiaddrs))
    if (voice._onMdnsQuery !== undefined) voice._onMdnsQuery = boundary.around(voice._onMdnsQuery)
    return { start: () => voice.start?.(), stop: () => voice.stop?.() }
  }
}
