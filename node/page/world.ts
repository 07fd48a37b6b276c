/** Records a simulated run: an onlooker of its world, which tells a recorder what it sees. */
import type { Message } from '../../agreement/message.ts'
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { Frame } from '../ports.ts'
import { sizeOf } from '../ports.ts'
import type { Onlooker, WorldGlimpse } from '../simulation/onlooker.ts'
import type { TimelineEntry } from '../simulation/timeline.ts'
import { isAlone } from './apply.ts'
import { type Causes, createCauses } from './causes.ts'
import { markOf, type TrafficNow } from './events.ts'
import { createLane, type Lane, messageNow } from './lane.ts'
import { watchRule } from './received.ts'
import { type Recorder, roundedMs } from './recorder.ts'

interface InFlight {
  readonly sentMs: number
  readonly cause: number | null
  readonly bytes: number
}

interface State {
  readonly recorder: Recorder
  readonly honest: ReadonlySet<PeerIndex>
  /** How many of the others' vectors an iteration does without. */
  readonly spare: number
  world: WorldGlimpse | null
  /** By peer: the steps that it has begun, and whom it waits for, since when. */
  readonly steps: number[]
  readonly missed: Map<PeerIndex, number>[]
  readonly bytes: number[][]
  readonly frames: WeakMap<Frame, InFlight>
  readonly causes: Causes
  /** The frame that is being read, and its link. */
  readonly arriving: { frame: InFlight | null; from: PeerIndex; to: PeerIndex }
  /** By peer: the last message that it took, and when. */
  readonly last: { ms: number; message: number | null }[]
}

interface WorldRecorder extends Onlooker {
  /** The run is over: tells what each peer has sent and received. */
  ended(): void
}

/** @param quorum how many vectors a peer waits for; absent: those of all but f */
export function createWorldRecorder(recorder: Recorder, quorum?: number): WorldRecorder {
  const state = newState(recorder, quorum)
  const { tell } = recorder
  const alone = isAlone(recorder.document())
  const nowMs = () => roundedMs(state.world?.nowMs() ?? 0)
  const known: Parameters<typeof watchRule>[4] = new WeakMap()
  const seen = (self: PeerIndex): Lane =>
    createLane({
      self,
      nowMs,
      alone,
      // The world says when a peer has caught up, by whichever way.
      tell(event) {
        if (event.kind !== 'caught-up') tell(event)
      },
      seen: result => (state.honest.has(self) ? (known.get(result) ?? null) : null),
    })
  const lanes = [...recorder.about.peers.keys()].map(seen)
  return {
    enters(world) {
      state.world = world
    },
    rule(rule, distances) {
      return watchRule(rule, recorder.isWatched, distances, alone, known).aggregate
    },
    began(self, incarnation) {
      tell({ kind: 'place', ms: nowMs(), peer: self, status: 'running', why: null })
      if (incarnation > 1) lanes[self] = seen(self)
    },
    died: self => tell({ kind: 'place', ms: nowMs(), peer: self, status: 'down', why: 'crashed' }),
    output(self, output) {
      lanes[self]!.output(output)
      if (output.kind === 'need-gradient') state.steps[self] = output.step
      if (output.kind === 'averaged' && output.phase === 'parameters')
        stepped(state, nowMs(), self, output.step)
      if (output.kind === 'agreed' || output.kind === 'finished') look(state, nowMs())
    },
    timer: (self, timer, delayMs) => lanes[self]!.timer(timer, delayMs),
    received: (to, from, message) => received(state, nowMs(), to, from, message),
    connection: (self, other, up, reason) => lanes[self]!.connection(other, up, reason),
    fault(self, fault) {
      if (state.honest.has(self)) lanes[self]!.fault(fault)
    },
    sent: (from, to, frame) => sent(state, nowMs(), from, to, frame),
    delivered: (from, to, frame) => delivered(state, from, to, frame),
    loss: (self, step, loss) => lanes[self]!.loss(step, loss),
    happened: entry => happened(state, nowMs(), entry),
    contracted(step, phase, contraction) {
      const { before, after } = contraction
      if (Number.isFinite(before) && Number.isFinite(after))
        tell({ kind: 'contraction', ms: nowMs(), step, phase, contraction })
    },
    stepped: () => look(state, nowMs()),
    ended() {
      // The world's clock may go on after all is told.
      const { ms } = recorder.document()
      for (const peer of recorder.about.peers.keys()) {
        const traffic = trafficOf(state, peer)
        if (traffic !== null) tell({ kind: 'traffic', ms, peer, traffic })
      }
    },
  }
}

function newState(recorder: Recorder, quorum: number | undefined): State {
  const { peers, maxFaulty } = recorder.about
  const everyone = [...peers.keys()]
  return {
    recorder,
    honest: new Set(everyone.filter(peer => peers[peer]!.honest !== false)),
    spare: quorum === undefined ? maxFaulty : peers.length - quorum,
    world: null,
    steps: everyone.map(() => 0),
    missed: everyone.map(() => new Map()),
    bytes: everyone.map(() => everyone.map(() => 0)),
    frames: new WeakMap(),
    causes: createCauses(peers.length),
    arriving: { frame: null, from: -1, to: -1 },
    last: everyone.map(() => ({ ms: -1, message: null })),
  }
}

/** Votes wait for so long to travel together (node/runtime/send.ts); all else leaves in the moment of its cause. */
const ANSWER_MS = 1.001

/** What was sent in the same moment as a message arrived, or as soon as votes are, was sent because of it. */
function sent(
  { bytes, frames, last }: State,
  ms: number,
  from: PeerIndex,
  to: PeerIndex,
  frame: Frame,
): void {
  const size = sizeOf(frame)
  bytes[from]![to]! += size
  const { ms: sinceMs, message } = last[from]!
  frames.set(frame, { sentMs: ms, cause: ms - sinceMs <= ANSWER_MS ? message : null, bytes: size })
}

function delivered({ arriving, frames }: State, from: PeerIndex, to: PeerIndex, frame: Frame): void {
  arriving.frame = frames.get(frame) ?? null
  arriving.from = from
  arriving.to = to
}

function received(state: State, ms: number, to: PeerIndex, from: PeerIndex, message: Message): void {
  const { arriving, recorder, last, causes } = state
  const frame = arriving.from === from && arriving.to === to ? arriving.frame : null
  const sentMs = frame?.sentMs ?? null
  const said = sentMs === null ? null : causes.of(from, message, sentMs)
  const cause = said === undefined ? (frame?.cause ?? null) : said
  const how = { sentMs, arrivedMs: ms, bytes: frame?.bytes ?? null, cause }
  const number = recorder.message(messageNow(from, to, message, how))
  causes.arrived(to, message, { ms, number })
  const now = last[to]!
  now.ms = ms
  now.message = number
}

/** Null while the peer is down. */
function trafficOf({ world }: State, peer: PeerIndex): TrafficNow | null {
  const now = world?.peer(peer) ?? null
  if (now === null) return null
  const { bytesSent, bytesReceived, messagesSent } = now
  return { bytesSent, bytesReceived, messages: messagesSent }
}

function stepped(state: State, ms: number, peer: PeerIndex, step: number): void {
  const { recorder } = state
  recorder.tell({ kind: 'stepped', ms, peer, step, traffic: trafficOf(state, peer) })
  recorder.tell(markOf({ ms, peer, kind: 'stepped', step }))
}

/** Links, and who waits for whom: told once a step, and at the end. */
function look(state: State, ms: number): void {
  const { recorder, world, steps, bytes } = state
  for (const [peer, missed] of state.missed.entries()) {
    const now = world?.peer(peer) ?? null
    const lags = steps.map(step => Math.max(0, steps[peer]! - step))
    recorder.tell({ kind: 'links', ms, peer, bytes: [...bytes[peer]!], lags })
    const missing = (now?.waitingFor ?? []).filter(other => other !== peer)
    for (const other of [...missed.keys()]) if (!missing.includes(other)) missed.delete(other)
    for (const other of missing) if (!missed.has(other)) missed.set(other, ms)
    const waiting = missing.map(other => ({ peer: other, sinceMs: missed.get(other)! }))
    const needed = waiting.length - state.spare
    recorder.tell({
      kind: 'waiting',
      ms,
      peer,
      // What so many peers have not sent, nobody waits for longer than a grace.
      waiting: needed <= 0 ? null : { needed, missing: waiting },
    })
  }
}

function happened({ recorder }: State, ms: number, entry: TimelineEntry): void {
  const { event, peers, step, by } = entry
  const detail =
    event === 'caught up'
      ? `with the ${by === 'parameters' ? 'parameters of others' : 'messages kept for it'}`
      : null
  if (event === 'partition' || event === 'reconnect')
    recorder.tell(markOf({ ms, peer: -1, kind: event, step, peers }))
  else
    for (const peer of peers) {
      recorder.tell(markOf({ ms, peer, kind: event, step, detail }))
      if (event === 'caught up') recorder.tell({ kind: 'caught-up', ms, peer, step })
    }
}
