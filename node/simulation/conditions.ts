/**
 * The conditions of a simulated world: its links, the adversary's scheduler, and the injected faults. All of this ends
 * at a given time or after a given number of events. From then on the network is good, and protocols must end.
 */
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { RandomStream } from '../../learning/random.ts'
import type { LatencyModel } from './latency.ts'

/** Links, scheduler and injected faults of a simulated world. */
export interface Conditions {
  readonly latency: LatencyModel
  /** Each frame takes up to this much longer, uniformly. */
  readonly jitterMs: number
  /** Of every link; Infinity: none. */
  readonly bytesPerMs: number
  /** The most that a socket holds for one receiver; Infinity: no limit. */
  readonly queueBytesMax: number
  /** Probability that a frame is lost each time that it is sent; the transport below then resends it. */
  readonly loss: number
  readonly scheduler: Scheduler
  /** Peers' clocks run up to this fraction fast or slow. */
  readonly clockSkew: number
  /** The longest virtual time of a sync of the disk; null: peers have no disk, and never restart. */
  readonly syncMs: number | null
  readonly injectedFaults: readonly InjectedFault[]
  /** The time at which all of this ends. */
  readonly calmAtMs: number
}

/** The adversary's choice of arrival times. Its only limit is that every frame arrives. */
export type Scheduler =
  | { readonly kind: 'fair' }
  /** Frames of faulty peers take no time. */
  | { readonly kind: 'rushing' }
  /** Each receiver hears some honest senders late: as many as it need not wait for. */
  | { readonly kind: 'mute'; readonly late: readonly (readonly PeerIndex[])[]; readonly delayMs: number }
  /** Every link has its own delay, redrawn for every frame, mostly short, sometimes very long. */
  | { readonly kind: 'erratic'; readonly meanMs: number }

/** A fault of a peer or of links, for a while. */
export type InjectedFault = Span & FaultKind

type FaultKind =
  /** The process dies. This fraction of its unsynced records survives. */
  | { readonly kind: 'crash'; readonly peer: PeerIndex; readonly kept: number }
  | { readonly kind: 'pause'; readonly peer: PeerIndex }
  /** Everything that the peer computes takes this many times as long. */
  | { readonly kind: 'slow'; readonly peer: PeerIndex; readonly factor: number }
  /** There is no link between the two sides, and connections break. */
  | { readonly kind: 'partition'; readonly side: readonly PeerIndex[] }
  /** Nothing passes between the two sides, but connections hold, as if a cable were pulled for a short time. */
  | { readonly kind: 'stall'; readonly side: readonly PeerIndex[] }
  /** Only one peer's links to these others break. Each of the others still reaches everyone else. */
  | { readonly kind: 'apart'; readonly peer: PeerIndex; readonly others: readonly PeerIndex[] }
  /** Syncs fail. The peer stops, and is started again once there is room. */
  | { readonly kind: 'disk-full'; readonly peer: PeerIndex }
  /** The machine dies for good. Another takes its place, with the same key and an empty disk. */
  | { readonly kind: 'disk-lost'; readonly peer: PeerIndex }
  /**
   * The process dies, and a bit of its log flips, at this fraction of it. A peer with an unreadable log does not start
   * until its user lets it start without memory.
   */
  | { readonly kind: 'disk-flip'; readonly peer: PeerIndex; readonly part: number }
  /** The process dies and comes back to an older state of its log, at this fraction of all its states. */
  | { readonly kind: 'disk-old'; readonly peer: PeerIndex; readonly part: number }
  /** The process dies, and comes back to an exact older copy of its disk, watermark included: of all this fraction. */
  | { readonly kind: 'rollback'; readonly peer: PeerIndex; readonly part: number }
  /** A second process starts with the peer's key, from an older copy of its disk, or (null) from an empty one. */
  | { readonly kind: 'clone'; readonly peer: PeerIndex; readonly part: number | null }

/** When a fault begins and ends: after a time, in a cohort that learns also at a step, or (null) never. */
type Span =
  | { readonly at: Moment; readonly forMs: number }
  | { readonly at: { readonly step: number }; readonly untilStep: number | null }

/**
 * A time; or a little after a peer bound itself to its vector of an iteration, or to its `nth` vector in all, from 0;
 * or the moment that the cohort begins a step (step-clock.ts).
 */
export type Moment =
  | { readonly timeMs: number }
  | { readonly sealed: PeerIndex; readonly iteration: number; readonly afterMs: number }
  | { readonly sealed: PeerIndex; readonly nth: number; readonly afterMs: number }
  | { readonly step: number }

/** A fair network in which nothing is lost, and no peer fails. */
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

/** The transport below waits this long before it first resends a frame, and twice as long each further time. */
const RESEND_MS = 200
const RESENDS_MAX = 6

/** The extra delay of one frame under these conditions, drawn from the run's stream. */
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
        // A truncated heavy tail: the median is a tenth of the mean.
        return delayMs + Math.min(50 * scheduler.meanMs, (scheduler.meanMs / 10) * random.uniform() ** -1.1)
    }
  }
}
