/** The libp2p node of a peer: TCP, Noise and Yamux, or QUIC; identify, and mDNS if wanted; all with stated limits. */
import { networkInterfaces } from 'node:os'
import { privateKeyFromRaw } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { ConnectionGater, Libp2p, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2pInit } from 'libp2p'
import { systemClock } from '../runtime/system-clock.ts'
import { ed25519 } from '../signatures/ed25519.ts'
import { createBoundary } from './boundary.ts'
import * as limits from './constants.ts'
import { createDoor, type DoorOptions, socketsMax } from './door.ts'
import { createDiscovery, type DiscoveryOptions } from './mdns/discovery.ts'
import { localInterfaces } from './mdns/interfaces.ts'
import { addressesAt } from './mdns/own-addresses.ts'
import { openMdnsSocket } from './mdns/socket.ts'
import { guardedNoise, watchSocket } from './noise-guard.ts'
import { quicTransport } from './quic.ts'
import { silentLogger } from './silent-logger.ts'
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
  readonly found?: DiscoveryOptions['found']
  /** mDNS does not work on one of the interfaces. */
  readonly mdnsTrouble?: (text: string) => void
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
    ...(process.env.DEBUG === undefined && { logger: silentLogger }),
    // libp2p's own way from the seed derives the public key in JavaScript, which takes forty times as long.
    privateKey: privateKeyFromRaw(Buffer.concat([options.seed, ed25519.publicKey(options.seed)])),
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
      ...(options.mdns && { mdns: discovery(options, offence) }),
    },
  })
}

/**
 * mDNS as a plain service. As libp2p's own discovery it would put every claim of anyone on the network, about anyone,
 * into the peer store without a limit.
 */
function discovery(
  { listen, found = () => {}, mdnsTrouble = () => {}, door }: NodeOptions,
  offence: Offence,
) {
  const boundary = createBoundary(error =>
    offence(null, 'exception', `an mDNS packet made this peer fail: ${error.message}`, error),
  )
  return ({ addressManager, peerId }: { addressManager: AddressManager; peerId: PeerId }) =>
    createDiscovery({
      clock: door?.clock ?? systemClock,
      interfaces: () => localInterfaces(networkInterfaces()),
      open: openMdnsSocket,
      addresses: local =>
        addressesAt(local, listen, addressManager.getAddresses().map(String)).map(
          address => `${address}/p2p/${peerId}`,
        ),
      found,
      trouble: mdnsTrouble,
      around: boundary.around,
    })
}

/** The part of libp2p's address manager that is used here. */
interface AddressManager {
  getAddresses(): readonly Multiaddr[]
}
