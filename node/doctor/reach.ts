/**
 * Checks whether another member can be reached, and if not, why. First comes a bare TCP connection, which tells a peer
 * that is down from a packet filter; then libp2p with this peer's key, which shows the key at the other end; then the
 * other peer's hello, which names its cohort, version and clock. The doctor itself sends no hello, so a peer of the
 * same key that is running keeps its connections.
 */
import { createConnection } from 'node:net'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { frameBytesMax } from '../codec/limits.ts'
import { createBoundary } from '../network/boundary.ts'
import * as limits from '../network/constants.ts'
import { endpointOf } from '../network/endpoint.ts'
import { wholeFrame } from '../network/framing.ts'
import { decodeHello, type Hello } from '../network/hello.ts'
import { createNode } from '../network/libp2p-node.ts'
import { describe } from '../network/sessions.ts'
import { openWire } from '../network/wire.ts'

/** How far the attempt came, and what ended it there. The later ones got further. */
const obstacles = [
  'no-address',
  'unknown-host',
  'unreachable',
  'filtered',
  'down',
  'unanswered',
  'silent',
  'not-concord',
  'other-key',
  'not-a-member',
  'wrong-version',
  'no-hello',
] as const
export type Obstacle = (typeof obstacles)[number]

export type Reach =
  | {
      readonly kind: 'hello'
      readonly address: string
      readonly hello: Hello
      /** Milliseconds to open a TCP connection, one round trip; over QUIC, to open a secure one, two. */
      readonly roundTripMs: number
      /** The peer's clock less this one's; null if it does not say. */
      readonly clockAheadMs: number | null
    }
  | { readonly kind: Obstacle; readonly address: string; readonly detail: string }

/** A node that asks and never answers: it does not listen, admits nobody, and announces nothing. */
export interface Prober {
  /** Tries all addresses and returns the one that came furthest. `opens`: the asker's index is the lower one. */
  reach(id: string, addresses: readonly string[], opens: boolean): Promise<Reach>
  /** Addresses that mDNS has reported so far, by peer id. */
  readonly discovered: ReadonlyMap<string, readonly string[]>
  stop(): Promise<void>
}

interface ProberOptions {
  /** This peer's private key, 32 bytes. */
  readonly seed: Uint8Array
  readonly members: number
  readonly mdns: boolean
  readonly quic: boolean
  readonly software: string
  readonly timeoutMs: number
}

interface State {
  readonly node: Libp2p
  readonly timeoutMs: number
  readonly hellos: WeakMap<Connection, PromiseWithResolvers<Hello | Blocked>>
  /** Addresses, with the peer id, at which that peer's key was proved. */
  readonly proved: ReadonlySet<string>
}

/** The most peers on one network: no cohort has more. */
const DISCOVERED_MAX = 10_000

export async function createProber(options: ProberOptions): Promise<Prober> {
  const proved = new Set<string>()
  const discovered = new Map<string, readonly string[]>()
  const node = await createNode({
    ...options,
    listen: [],
    identify: false,
    frameBytesMax: frameBytesMax(0),
    found: (id, addresses) => {
      const key = id.toString()
      // An answer names the addresses of one interface.
      const known = new Set([...(discovered.get(key) ?? []), ...addresses.map(String)])
      if (discovered.size < DISCOVERED_MAX) discovered.set(key, [...known].slice(-limits.ADDRESSES_FOUND_MAX))
    },
    gater: {
      denyOutboundEncryptedConnection(_, { remoteAddr }) {
        proved.add(String(remoteAddr))
        return false
      },
    },
  })
  const state: State = { node, timeoutMs: options.timeoutMs, hellos: new WeakMap(), proved }
  // If the other side has the lower index, it opens a stream as soon as the connection is up.
  await node.handle(limits.PROTOCOL, (stream, connection) => listenTo(stream, helloOn(state, connection)))
  await node.start()
  return {
    discovered,
    stop: async () => node.stop(),
    async reach(id, addresses, opens) {
      const depth = ({ kind }: Reach) => (kind === 'hello' ? obstacles.length : obstacles.indexOf(kind))
      const found = await Promise.all(addresses.map(address => reachAt(state, id, address, opens)))
      return found.reduce<Reach>((best, next) => (depth(next) > depth(best) ? next : best), {
        kind: 'no-address',
        address: '',
        detail: '',
      })
    },
  }
}

async function reachAt(state: State, id: string, address: string, opens: boolean): Promise<Reach> {
  const { node, timeoutMs } = state
  const overQuic = endpointOf(address)?.over === 'quic'
  const knock = overQuic ? null : await knockAt(address, timeoutMs)
  if (knock !== null && typeof knock !== 'number') return { ...knock, address }
  let connection: Connection | null = null
  const target = multiaddr(address.replace(/\/p2p\/[^/]+$/, '')).encapsulate(`/p2p/${id}`)
  try {
    const startedMs = performance.now()
    connection = await node.dial(target, { signal: AbortSignal.timeout(timeoutMs), force: true })
    const roundTripMs = knock ?? performance.now() - startedMs
    const heard = await hear(state, connection, opens)
    if ('kind' in heard) return { ...heard, address }
    const clockAheadMs = heard.clockMs === undefined ? null : heard.clockMs - Date.now()
    return { kind: 'hello', address, hello: heard, roundTripMs, clockAheadMs }
  } catch (error) {
    const isProved = state.proved.has(String(target))
    const kind =
      overQuic && !isProved && connection === null ? quicObstacle(error) : obstacleOf(error, isProved)
    return { kind, address, detail: describe(error) }
  } finally {
    connection?.abort(new Error('the doctor has seen enough'))
  }
}

type Blocked = { readonly kind: Obstacle; readonly detail: string }

/** Opens a TCP connection and closes it. Returns how long that took, in milliseconds, or the obstacle. */
function knockAt(address: string, timeoutMs: number): Promise<number | Blocked> {
  const endpoint = endpointOf(address)
  if (endpoint?.over !== 'tcp')
    return Promise.resolve({ kind: 'no-address', detail: `${address} names no TCP port` })
  const { host, port } = endpoint
  return new Promise(resolve => {
    const startedMs = performance.now()
    const socket = createConnection({ host, port })
    const timer = setTimeout(() => end({ kind: 'filtered', detail: 'no answer' }), timeoutMs)
    const end = (result: number | Blocked) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(result)
    }
    socket.once('connect', () => end(performance.now() - startedMs))
    socket.once('error', (error: NodeJS.ErrnoException) =>
      end({ kind: socketObstacles[error.code ?? ''] ?? 'unreachable', detail: error.message }),
    )
  })
}

const socketObstacles: Readonly<Record<string, Obstacle>> = {
  ECONNREFUSED: 'down',
  ECONNRESET: 'down',
  ETIMEDOUT: 'filtered',
  ENOTFOUND: 'unknown-host',
  EAI_AGAIN: 'unknown-host',
}

/** Classifies libp2p's errors. A peer that has proved the right key and then ends the connection has refused ours. */
function obstacleOf(error: unknown, isProved: boolean): Obstacle {
  const text = `${error instanceof Error ? error.name : ''} ${describe(error)}`
  if (/timeout|timed out|abort/i.test(text)) return isProved ? 'no-hello' : 'silent'
  if (/does not match expected remote identity|UnexpectedPeer/i.test(text)) return 'other-key'
  if (/UnsupportedProtocol/.test(text)) return 'wrong-version'
  return isProved ? 'not-a-member' : 'not-concord'
}

/** Over QUIC the key is part of the handshake: a failure before that means no answer, or a wrong one. */
function quicObstacle(error: unknown): Obstacle {
  return /but connected to/.test(describe(error)) ? 'other-key' : 'unanswered'
}

function helloOn({ hellos }: State, connection: Connection): PromiseWithResolvers<Hello | Blocked> {
  const pendingHello = hellos.get(connection) ?? Promise.withResolvers<Hello | Blocked>()
  hellos.set(connection, pendingHello)
  return pendingHello
}

async function hear(state: State, connection: Connection, opens: boolean): Promise<Hello | Blocked> {
  const pendingHello = helloOn(state, connection)
  const closed = () => pendingHello.resolve({ kind: 'not-a-member', detail: 'it closed the connection' })
  const signal = AbortSignal.timeout(state.timeoutMs)
  signal.addEventListener('abort', () =>
    pendingHello.resolve({ kind: 'no-hello', detail: 'it sent no hello' }),
  )
  connection.addEventListener('close', closed)
  if (connection.status !== 'open') closed()
  else if (opens) listenTo(await connection.newStream(limits.PROTOCOL, { signal }), pendingHello)
  return pendingHello.promise
}

function listenTo(stream: Stream, { resolve }: PromiseWithResolvers<Hello | Blocked>): void {
  const boundary = createBoundary(({ message }) => {
    resolve({ kind: 'no-hello', detail: message })
    stream.abort(new Error(message))
  })
  const wire = openWire(
    stream,
    { frameBytesMax: 0, helloBytesMax: limits.HELLO_BYTES_MAX, queueBytesMax: 0 },
    {
      frame: () =>
        wholeFrame(frame => {
          resolve(decodeHello(frame) ?? { kind: 'not-concord', detail: 'its first frame is not a hello' })
          wire.abort('heard')
        }),
      drained() {},
      closed: reason => resolve({ kind: 'no-hello', detail: reason }),
    },
    boundary,
  )
}
