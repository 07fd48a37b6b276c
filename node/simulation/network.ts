/**
 * The simulated network: a transport for each incarnation of each peer, over links with latency, bandwidth, jitter and
 * loss. Frames are passed by reference, in order on each link, and arrive at the virtual time that these and the
 * adversary's scheduler determine. The transport below resends a lost frame, so it and the frames behind it arrive
 * late. A frame is lost for good only if its connection breaks; the link above then resends it.
 */
import type { PeerIndex } from '../../agreement/protocol.ts'
import { createRefusals, isTurnedAway, type ProcessId, type Refusals } from '../network/process-tally.ts'
import { type Frame, sizeOf, type Transport, type TransportEvents } from '../ports.ts'
import type { Latency } from './latency.ts'
import type { World } from './world.ts'

export interface NetworkOptions {
  readonly world: World
  readonly peers: number
  readonly latencyMs: Latency
  /** The bandwidth of every link; Infinity: frames take no time beyond the latency. */
  readonly bytesPerMs: number
  /** Bytes that may wait for one receiver before `send` returns false, as at a real socket; absent: Infinity. */
  readonly queueBytesMax?: number
  /** Extra delay of a frame, from losses and the adversary's scheduler. It is bounded, so that every frame arrives. */
  readonly extraMs?: (from: PeerIndex, to: PeerIndex) => number
  /** Longer frames are refused, as the real transport refuses them. */
  readonly frameBytesMax?: number
  /** The most faulty peers: so many may lie about a second process; 0 where nothing is said. */
  readonly maxFaulty?: number
  /** Every frame as it arrives. For traces and accounting. */
  readonly onDelivery?: (from: PeerIndex, to: PeerIndex, frame: Frame) => void
  /** Every frame as it is sent. */
  readonly onSend?: (from: PeerIndex, to: PeerIndex, frame: Frame) => void
}

export interface SimulatedNetwork {
  /** A transport for the next incarnation of a peer. The transport of the one before is dead from now on. */
  attach(self: PeerIndex): Transport
  /** Ends a peer's incarnation: its connections break, and frames in flight to and from it are lost. */
  detach(self: PeerIndex): void
  /** A transport for a second process with a peer's key, beside the present one; one at a time in the world. */
  attachSecond(self: PeerIndex): Transport
  detachSecond(): void
  /** Forbids the link between two peers, and breaks its connection; or allows it again. */
  setAllowed(a: PeerIndex, b: PeerIndex, allowed: boolean): void
  /** Holds all frames between two peers while their connection holds, as if a cable were pulled; or releases them. */
  setStalled(a: PeerIndex, b: PeerIndex, stalled: boolean): void
  /** Holds back a peer's incoming frames and events, or releases them. */
  setPaused(self: PeerIndex, paused: boolean): void
  /** Runs this for a peer now, or once its pause is over. */
  whenRunning(self: PeerIndex, run: () => void): void
}

/** How long after it was cut for a fault a connection comes up again. */
const RECONNECT_MS = 1000

/** One direction of a link. */
interface Lane {
  /** Frames of an earlier connection are lost on arrival. */
  connection: number
  /** The connection that the sender knows of: while it was paused, that may be an earlier one, which takes nothing. */
  known: number
  up: boolean
  /** A partition forbids this link. */
  forbidden: boolean
  /** The receiver's present incarnation has banned the sender. */
  banned: boolean
  /** How many stalls are going on. Arriving frames wait for the end of the last one. */
  stalls: number
  /** The time at which the last frame arrives. Later frames do not overtake it. */
  lastArrivalMs: number
  /** The receiver has stopped reading, so arriving frames wait here. */
  held: boolean
  readonly arrived: Frame[]
  /** Bytes sent but not read yet. */
  queuedBytes: number
  /** A frame was refused. The sender is told once the receiver has read everything that waits. */
  full: boolean
}

interface State {
  readonly options: NetworkOptions
  readonly events: (TransportEvents | null)[]
  readonly lanes: readonly (readonly Lane[])[]
  /** The peer whose key the second process has; null: there is none. Its place is behind those of all peers. */
  second: PeerIndex | null
  /** By place, as of its present incarnation. */
  readonly processes: (ProcessId | undefined)[]
  readonly refusals: (Refusals | undefined)[]
  /** The number of processes so far. */
  started: number
  /** By peer: the calls that wait for the end of its pause; null while it runs. */
  readonly paused: (null | (() => void)[])[]
}

export function createNetwork(options: NetworkOptions): SimulatedNetwork {
  const { peers } = options
  const places = peers + 1
  const state: State = {
    options,
    events: Array.from({ length: places }, () => null),
    lanes: Array.from({ length: places }, () => Array.from({ length: places }, newLane)),
    second: null,
    processes: Array.from({ length: places }, () => undefined),
    refusals: Array.from({ length: places }, () => undefined),
    started: 0,
    paused: Array.from({ length: peers }, () => null),
  }
  return {
    attach: self => transportOf(state, self),
    detach: self => detach(state, self),
    attachSecond(self) {
      state.second = self
      for (let other = 0; other < peers; other++) {
        alike(laneOf(state, self, other), laneOf(state, peers, other))
        alike(laneOf(state, other, self), laneOf(state, other, peers))
      }
      return transportOf(state, peers)
    },
    detachSecond() {
      if (state.second === null) return
      detach(state, peers)
      state.second = null
    },
    setAllowed: (a, b, allowed) =>
      between(state, a, b, (x, y) => {
        laneOf(state, x, y).forbidden = !allowed
        laneOf(state, y, x).forbidden = !allowed
        if (allowed) connectSoon(state, x, y)
        else setConnected(state, x, y, false)
      }),
    setStalled: (a, b, stalled) =>
      between(state, a, b, (x, y) => {
        stall(state, x, y, stalled)
        stall(state, y, x, stalled)
        connectSoon(state, x, y)
      }),
    whenRunning: (self, run) => runFor(state, self, run),
    setPaused(self, paused) {
      const waiting = state.paused[self]!
      if (paused && waiting === null) state.paused[self] = []
      if (paused || waiting === null) return
      state.paused[self] = null
      for (const run of waiting) runFor(state, self, run)
    },
  }
}

function newLane(): Lane {
  const idle = {
    up: false,
    forbidden: false,
    banned: false,
    lastArrivalMs: 0,
    held: false,
    queuedBytes: 0,
    full: false,
  }
  return { connection: 0, known: 0, arrived: [], stalls: 0, ...idle }
}

function laneOf({ lanes }: State, from: PeerIndex, to: PeerIndex): Lane {
  return lanes[from]![to]!
}

/** The second process stands where its peer stands. */
function alike({ forbidden, stalls }: Lane, lane: Lane): void {
  Object.assign(lane, { forbidden, stalls })
}

/** The peer whose key is used at a place. */
function peerAt({ options: { peers }, second }: State, place: number): PeerIndex {
  return place === peers ? second! : place
}

/** Where a peer's key is used. */
function placesOf({ options: { peers }, second }: State, peer: PeerIndex): readonly number[] {
  return second === peer ? [peer, peers] : [peer]
}

function between(state: State, a: PeerIndex, b: PeerIndex, visit: (a: number, b: number) => void): void {
  for (const x of placesOf(state, a)) for (const y of placesOf(state, b)) visit(x, y)
}

/** The place with which one is connected, of those where this peer's key is used. */
function placeFrom(state: State, self: number, peer: PeerIndex): number {
  return placesOf(state, peer).find(place => laneOf(state, self, place).up) ?? peer
}

function runFor(state: State, self: number, run: () => void): void {
  if (self === state.options.peers && state.second === null) return // the second process has ended meanwhile
  const waiting = state.paused[peerAt(state, self)]!
  if (waiting === null) run()
  else waiting.push(run)
}

function connectSoon(state: State, a: PeerIndex, b: PeerIndex): void {
  const latencyMs = state.options.latencyMs(peerAt(state, a), peerAt(state, b))
  state.options.world.after(latencyMs, () => setConnected(state, a, b, true))
}

function setConnected(state: State, a: PeerIndex, b: PeerIndex, connected: boolean): void {
  const way = laneOf(state, a, b)
  if (way.up === connected) return
  const back = laneOf(state, b, a)
  const isBarred = way.forbidden || way.banned || back.banned || way.stalls > 0
  if (connected && (isBarred || !state.events[a] || !state.events[b])) return
  if (connected && (isContested(state, a, b) || isContested(state, b, a))) return
  for (const lane of [way, back]) {
    lane.up = connected
    lane.connection++
    lane.held = false
    lane.arrived.length = 0
    lane.queuedBytes = 0
    lane.full = false
    lane.lastArrivalMs = state.options.world.nowMs()
  }
  tell(state, a, b, connected)
  tell(state, b, a, connected)
}

/** Another process with the newcomer's key has a connection with this member: one of the two has to go. */
function isContested(state: State, newcomer: number, member: number): boolean {
  const { processes, events, options } = state
  const retry = (place: number) => {
    const own = events[place]
    options.world.after(RECONNECT_MS, () => {
      if (own && events[place] === own) setConnected(state, place, member, true)
    })
  }
  for (const place of placesOf(state, peerAt(state, newcomer))) {
    if (place === newcomer || !laneOf(state, place, member).up) continue
    if (isTurnedAway(processes[place], processes[newcomer], events[place] !== null)) {
      turnAway(state, { newcomer, present: place, by: peerAt(state, member) })
      retry(newcomer)
      return true
    }
    setConnected(state, place, member, false)
    retry(place)
  }
  return false
}

function turnAway(
  { events, processes, refusals }: State,
  { newcomer, present, by }: { newcomer: number; present: number; by: PeerIndex },
): void {
  const about = (place: number) => ({ address: `place ${place}`, startedMs: processes[place]!.startedMs })
  events[present]?.secondProcess?.({ ...about(newcomer), by: [by], isRefused: false })
  const sayers = refusals[newcomer]!.add(by)
  if (sayers !== null) events[newcomer]?.secondProcess?.({ ...about(present), by: sayers, isRefused: true })
}

function tell(state: State, self: PeerIndex, other: PeerIndex, connected: boolean): void {
  const events = state.events[self]
  if (!events) return
  const { connection } = laneOf(state, other, self)
  const peer = peerAt(state, other)
  runFor(state, self, () => {
    // A peer never sees a connection that came and went during its pause.
    if (state.events[self] !== events) return
    if (!connected) events.disconnected(peer, 'the link is down')
    else if (laneOf(state, other, self).connection === connection) {
      laneOf(state, self, other).known = connection
      events.connected(peer)
    }
  })
}

function transportOf(state: State, self: number): Transport {
  let own: TransportEvents | null = null
  const banned = new Set<PeerIndex>()
  const alive = () => own !== null && state.events[self] === own
  return {
    start(handlers) {
      const { world, maxFaulty = 0 } = state.options
      own = handlers
      state.events[self] = handlers
      state.processes[self] = { number: ++state.started, startedMs: world.nowMs() }
      state.refusals[self] = createRefusals(maxFaulty, world)
      for (const other of othersOf(state, self)) {
        laneOf(state, other, self).banned = banned.has(peerAt(state, other))
        connectSoon(state, self, other)
      }
    },
    send: (to, frame) => alive() && send(state, self, placeFrom(state, self, to), frame),
    pause(from) {
      if (alive()) laneOf(state, placeFrom(state, self, from), self).held = true
    },
    resume(from) {
      const place = placeFrom(state, self, from)
      const lane = laneOf(state, place, self)
      if (!alive() || !lane.held) return
      lane.held = false
      flushSoon(state, place, self)
    },
    ban(peer) {
      banned.add(peer)
      if (!alive()) return
      for (const place of placesOf(state, peer)) {
        laneOf(state, place, self).banned = true
        setConnected(state, self, place, false)
      }
    },
    stop(done) {
      if (alive()) detach(state, self)
      done()
    },
  }
}

function detach(state: State, self: PeerIndex): void {
  state.events[self] = null
  for (const other of othersOf(state, self)) {
    laneOf(state, other, self).banned = false
    setConnected(state, self, other, false)
  }
}

/** The places of all other peers. */
function othersOf(state: State, self: number): readonly number[] {
  const own = peerAt(state, self)
  const everyone = Array.from({ length: state.options.peers }, (_, peer) => peer)
  return everyone.flatMap(peer => (peer === own ? [] : placesOf(state, peer)))
}

function send(state: State, from: PeerIndex, to: PeerIndex, frame: Frame): boolean {
  const { world, latencyMs, bytesPerMs, queueBytesMax = Infinity, extraMs, onSend } = state.options
  const lane = laneOf(state, from, to)
  if (!lane.up || lane.known !== lane.connection) return false
  if (lane.queuedBytes >= queueBytesMax) lane.full = true
  if (lane.full) return false
  const [sender, receiver] = [peerAt(state, from), peerAt(state, to)]
  onSend?.(sender, receiver, frame)
  lane.queuedBytes += sizeOf(frame)
  const transferMs = bytesPerMs === Infinity ? 0 : sizeOf(frame) / bytesPerMs
  const delayMs = latencyMs(sender, receiver) + (extraMs?.(sender, receiver) ?? 0)
  const arrivalMs = Math.max(lane.lastArrivalMs, world.nowMs() + delayMs) + transferMs
  lane.lastArrivalMs = arrivalMs
  const { connection } = lane
  // This uses the exact number, not a sum of differences, because frames with equal arrival times must stay in order.
  world.at(arrivalMs, () => {
    if (lane.up && lane.connection === connection)
      runFor(state, to, () => arrive(state, from, to, connection, frame))
  })
  return true
}

function arrive(state: State, from: PeerIndex, to: PeerIndex, connection: number, frame: Frame): void {
  const lane = laneOf(state, from, to)
  const { frameBytesMax = Infinity, world } = state.options
  if (!lane.up || lane.connection !== connection) return
  if (frameBytesMax !== Infinity && sizeOf(frame) > frameBytesMax) {
    // The real transport, too, refuses the frame at its length prefix, before reading it, and cuts the connection.
    state.events[to]?.fault(peerAt(state, from), 'oversize', `a frame of ${sizeOf(frame)} bytes`)
    setConnected(state, from, to, false)
    world.after(RECONNECT_MS, () => setConnected(state, from, to, true))
    return
  }
  if (lane.held || lane.stalls > 0 || lane.arrived.length > 0) lane.arrived.push(frame)
  else deliver(state, from, to, frame)
}

function stall(state: State, from: PeerIndex, to: PeerIndex, stalled: boolean): void {
  laneOf(state, from, to).stalls += stalled ? 1 : -1
  flushSoon(state, from, to)
}

function flushSoon(state: State, from: PeerIndex, to: PeerIndex): void {
  state.options.world.after(0, () => runFor(state, to, () => flush(state, from, to)))
}

function flush(state: State, from: PeerIndex, to: PeerIndex): void {
  const lane = laneOf(state, from, to)
  while (!lane.held && lane.stalls === 0 && lane.arrived.length > 0)
    deliver(state, from, to, lane.arrived.shift()!)
}

function deliver(state: State, from: PeerIndex, to: PeerIndex, frame: Frame): void {
  state.options.onDelivery?.(peerAt(state, from), peerAt(state, to), frame)
  drain(state, from, to, sizeOf(frame))
  const reader = state.events[to]?.frame(peerAt(state, from), sizeOf(frame))
  for (const chunk of frame) reader?.add(chunk)
  reader?.end()
}

/** The receiver has read this many bytes. */
function drain(state: State, from: PeerIndex, to: PeerIndex, bytes: number): void {
  const lane = laneOf(state, from, to)
  lane.queuedBytes -= bytes
  if (!lane.full || lane.queuedBytes > 0) return
  lane.full = false
  const { connection } = lane
  const sender = state.events[from]
  state.options.world.after(0, () =>
    runFor(state, from, () => {
      if (state.events[from] === sender && lane.connection === connection) sender?.drained(peerAt(state, to))
    }),
  )
}
