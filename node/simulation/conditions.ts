/**
 * The conditions of a simulated world: its links, the adversary's scheduler, and what befalls peers. All of it ends
 * at a stated time or after a stated number of events; from then on the network is good, and protocols must end.
 */
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { RandomStream } from '../../learning/random.ts'
import type { LatencyModel } from './latency.ts'

export interface Conditions {
  readonly latency: LatencyModel
  /** Up to so much more for each frame, uniformly. */
  readonly jitterMs: number
  /** Of every link; Infinity: none. */
  readonly bytesPerMs: number
  /** What a socket holds for one receiver; Infinity: anything. */
  readonly queueBytesMax: number
  /** Probability that a frame is lost and resent by the transport below, each time again. */
  readonly loss: number
  readonly scheduler: Scheduler
  /** Peers' clocks run up to this fraction fast or slow. */
  readonly clockSkew: number
  /** Virtual time of a sync of the disk, at most; null: peers have no disk, and never restart. */
  readonly syncMs: number | null
  readonly injectedFaults: readonly InjectedFault[]
  /** When all of this ends. */
  readonly calmAtMs: number
}

/** The adversary's choice of what arrives when, bounded only in that everything arrives. */
export type Scheduler =
  | { readonly kind: 'fair' }
  /** Frames of faulty peers take no time. */
  | { readonly kind: 'rushing' }
  /** Each receiver hears some honest senders late: the most that it need not wait for. */
  | { readonly kind: 'mute'; readonly late: readonly (readonly PeerIndex[])[]; readonly delayMs: number }
  /** Every link has its own delay, redrawn for every frame, mostly short, sometimes very long. */
  | { readonly kind: 'erratic'; readonly meanMs: number }

/** What befalls peers and links, each for a while. */
export type InjectedFault = Span & FaultKind

type FaultKind =
  /** The process dies; of what its disk had not synced, this fraction of the records survives. */
  | { readonly kind: 'crash'; readonly peer: PeerIndex; readonly kept: number }
  | { readonly kind: 'pause'; readonly peer: PeerIndex }
  /** Everything that the peer computes takes so many times as long. */
  | { readonly kind: 'slow'; readonly peer: PeerIndex; readonly factor: number }
  /** No link between the two sides; connections break. */
  | { readonly kind: 'partition'; readonly side: readonly PeerIndex[] }
  /** Nothing passes between the two sides, but connections hold: a cable pulled for less than they wait. */
  | { readonly kind: 'stall'; readonly side: readonly PeerIndex[] }
  /** One peer's links to these others only; each of the others still reaches everyone else. */
  | { readonly kind: 'apart'; readonly peer: PeerIndex; readonly others: readonly PeerIndex[] }
  /** Syncs fail: the peer stops, and is started again when there is room. */
  | { readonly kind: 'disk-full'; readonly peer: PeerIndex }
  /** The machine dies for good; another takes its place, with the key and an empty disk. */
  | { readonly kind: 'disk-lost'; readonly peer: PeerIndex }
  /**
   * The process dies, and a bit of its log flips, at this fraction of it. A log that cannot be read keeps the peer from
   * starting until somebody has it start without memory.
   */
  | { readonly kind: 'disk-flip'; readonly peer: PeerIndex; readonly part: number }
  /** The process dies, and comes back to an older state of its log: this fraction of all that there were. */
  | { readonly kind: 'disk-old'; readonly peer: PeerIndex; readonly part: number }
  /** The process dies, and comes back to an exact older copy of its disk, watermark included: of all this fraction. */
  | { readonly kind: 'rollback'; readonly peer: PeerIndex; readonly part: number }
  /** A second process starts with the peer's key, from an older copy of its disk, or (null) from an empty one. */
  | { readonly kind: 'clone'; readonly peer: PeerIndex; readonly part: number | null }

/** From when to when: for a time, or in a cohort that learns until a step, or (null) for good. */
type Span =
  | { readonly at: Moment; readonly forMs: number }
  | { readonly at: { readonly step: number }; readonly untilStep: number | null }

/**
 * A time; a little after a peer bound itself to its vector of an iteration, or to its `nth` one in all, from 0; or when
 * the cohort begins a step (step-clock.ts).
 */
export type Moment =
  | { readonly timeMs: number }
  | { readonly sealed: PeerIndex; readonly iteration: number; readonly afterMs: number }
  | { readonly sealed: PeerIndex; readonly nth: number; readonly afterMs: number }
  | { readonly step: number }

export const calmConditions: Conditions = {
  latency: { kind: 'uniform', minMs: 2.5, maxMs: 7.5 },
  jitterMs: 0,
  bytesPerMs: Infinity,
  queueBytesMax: Infinity,
  loss: 0,
  scheduler: { kind: 'fair' },
  clockSkew: 0,
  syncMs: null,
  injectedFaults: [],
  calmAtMs: 0,
}

/** The transport below waits this long before it resends, and twice as long each time again. */
const RESEND_MS = 200
const RESENDS_MAX = 6

/** Extra delay of one frame under these conditions, drawn from the run's stream. */
export function extraDelay(
  { loss, jitterMs, scheduler }: Conditions,
  random: RandomStream,
): (from: PeerIndex, to: PeerIndex) => number {
  return (from, to) => {
    let delayMs = jitterMs > 0 ? jitterMs * random.uniform() : 0
    for (let i = 0; i < RESENDS_MAX && loss > 0 && random.uniform() < loss; i++) delayMs += RESEND_MS * 2 ** i
    switch (scheduler.kind) {
      case 'fair':
      case 'rushing':
        return delayMs
      case 'mute':
        return delayMs + (scheduler.late[to]!.includes(from) ? scheduler.delayMs : 0)
      case 'erratic':
        // A heavy tail, cut off: the median is a tenth of the mean.
        return delayMs + Math.min(50 * scheduler.meanMs, (scheduler.meanMs / 10) * random.uniform() ** -1.1)
    }
  }
}
