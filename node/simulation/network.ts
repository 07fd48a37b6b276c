/**
 * The simulated network: a transport for each peer, over links with their own latency. Frames are passed by
 * reference, in order on each link, at the virtual time that latency and bandwidth give.
 */
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { Frame, Transport, TransportEvents } from '../ports.ts'
import type { World } from './world.ts'

/** Draws the one-way delay of a frame, in milliseconds. */
export type Latency = (from: PeerIndex, to: PeerIndex) => number

export interface NetworkOptions {
  readonly world: World
  readonly peers: number
  readonly latencyMs: Latency
  /** Of every link; Infinity: frames take no time beyond the latency. */
  readonly bytesPerMs: number
  /** Every frame as it arrives. For traces and accounting. */
  readonly onDelivery?: (from: PeerIndex, to: PeerIndex, frame: Frame) => void
}

export interface SimulatedNetwork {
  readonly transports: readonly Transport[]
  /** Breaks a connection, or makes one again; frames under way are lost with it. */
  setConnected(a: PeerIndex, b: PeerIndex, connected: boolean): void
}

/** One direction of a link. */
interface Lane {
  /** Frames of an earlier connection are lost on arrival. */
  connection: number
  up: boolean
  /** When the last frame arrives: later ones do not overtake it. */
  lastArrivalMs: number
  /** Reading has stopped: what arrives waits here. */
  paused: boolean
  readonly arrived: Frame[]
}

export function createNetwork(options: NetworkOptions): SimulatedNetwork {
  const { world, peers } = options
  const events: (TransportEvents | null)[] = Array.from({ length: peers }, () => null)
  const lanes: Lane[][] = Array.from({ length: peers }, () =>
    Array.from({ length: peers }, () => ({
      connection: 0,
      up: false,
      lastArrivalMs: 0,
      paused: false,
      arrived: [],
    })),
  )
  const lane = (from: PeerIndex, to: PeerIndex) => lanes[from]![to]!

  const deliver = (from: PeerIndex, to: PeerIndex, frame: Frame) => {
    options.onDelivery?.(from, to, frame)
    events[to]?.frame(from, frame)
  }
  const arrive = (from: PeerIndex, to: PeerIndex, connection: number, frame: Frame) => {
    const way = lane(from, to)
    if (!way.up || way.connection !== connection) return
    if (way.paused) way.arrived.push(frame)
    else deliver(from, to, frame)
  }
  const setConnected = (a: PeerIndex, b: PeerIndex, connected: boolean) => {
    if (lane(a, b).up === connected || (connected && !(events[a] && events[b]))) return
    for (const way of [lane(a, b), lane(b, a)]) {
      way.up = connected
      way.connection++
      way.arrived.length = 0
      way.lastArrivalMs = world.nowMs()
    }
    for (const [self, other] of [
      [a, b],
      [b, a],
    ] as const) {
      if (connected) events[self]?.connected(other)
      else events[self]?.disconnected(other, 'the link is down')
    }
  }
  const transportOf = (self: PeerIndex): Transport => ({
    start(handlers) {
      events[self] = handlers
      for (let other = 0; other < peers; other++) {
        if (other !== self) world.after(options.latencyMs(self, other), () => setConnected(self, other, true))
      }
    },
    send(to, frame) {
      const way = lane(self, to)
      if (!way.up) return false
      const transferMs = options.bytesPerMs === Infinity ? 0 : sizeOf(frame) / options.bytesPerMs
      const arrivalMs = Math.max(way.lastArrivalMs, world.nowMs() + options.latencyMs(self, to)) + transferMs
      way.lastArrivalMs = arrivalMs
      const { connection } = way
      world.after(arrivalMs - world.nowMs(), () => arrive(self, to, connection, frame))
      return true
    },
    pause(from) {
      lane(from, self).paused = true
    },
    resume(from) {
      const way = lane(from, self)
      way.paused = false
      world.after(0, () => {
        while (!way.paused && way.arrived.length > 0) deliver(from, self, way.arrived.shift()!)
      })
    },
    ban(peer) {
      setConnected(self, peer, false)
    },
    stop(done) {
      for (let other = 0; other < peers; other++) if (other !== self) setConnected(self, other, false)
      events[self] = null
      done()
    },
  })
  return { transports: lanes.map((_, self) => transportOf(self)), setConnected }
}

function sizeOf(frame: Frame): number {
  return frame.reduce((sum, chunk) => sum + chunk.byteLength, 0)
}
