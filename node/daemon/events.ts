/** The events that a real peer reports while it runs: to its own terminal, and to the process that started it. */

import type { FaultKind, PeerIndex } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { AgreedMetrics } from '../../learning/evaluation/agreed.ts'
import type { Metrics } from '../../learning/evaluation/metrics.ts'
import type { AgreedPoint, SeriesPoint } from '../../learning/evaluation/series.ts'
import type { Divergence, LearnStatus } from '../../learning/learn-contract.ts'
import type { RunEvent } from '../page/events.ts'
import type { EventLoopDelays } from './report.ts'

/** Traffic since the peer started. */
export interface Traffic {
  readonly messages: number
  readonly bytesSent: number
  readonly bytesReceived: number
}

/** How many faults of one kind a peer saw another commit; null: a stranger, not a member. */
export interface FaultCount {
  readonly peer: PeerIndex | null
  readonly kind: FaultKind
  readonly count: number
}

/** The most memory of the peer's process that was resident at one time. */
interface PeakMemory {
  readonly peakBytes: number
}

/** The result of a peer's run. */
export interface Ending {
  readonly parameters: Vector
  readonly loss: number
  readonly accuracy: number | null
  readonly metrics: Metrics | null
  /** The cohort's figures for the same parameters; null if it agrees on none, or this peer came too late for it. */
  readonly agreed: AgreedMetrics | null
  readonly traffic: Traffic
  readonly faults: readonly FaultCount[]
  /** The time from its first gradient to its last step. */
  readonly learningSeconds: number
  readonly eventLoopDelayMs: EventLoopDelays
  readonly memory: PeakMemory
  readonly ruleMilliseconds: number | null
}

/** Something that happened to a peer, reported when it happens. */
export type PeerEvent =
  | {
      readonly kind: 'listening'
      readonly pid: number
      readonly addresses: readonly string[]
      /** The number of its training examples. */
      readonly examples: number
      /** The number of the model's parameters. */
      readonly dimension: number
      /** The step from which it goes on; 1 at the first start. */
      readonly step: number
      /** Sentences about its data: how labels were mapped, and what was left out. */
      readonly notes: readonly string[]
    }
  | { readonly kind: 'connection'; readonly peer: PeerIndex; readonly up: boolean; readonly reason: string }
  /** That peer no longer has, or never had, all that this step needs from it. */
  | { readonly kind: 'missed'; readonly peer: PeerIndex; readonly step: number }
  /** This peer stood at a step that the others had left, and goes on at a later one; if that is after the last, it only ends. */
  | { readonly kind: 'caught-up'; readonly from: number; readonly step: number }
  | {
      readonly kind: 'step'
      readonly step: number
      /** The loss on the peer's own batch. */
      readonly loss: number | null
      readonly traffic: Traffic
      readonly memory: PeakMemory
      /**
       * γ and θ after this step, read-only; null if the step was skipped, or its vectors were not passed on. Peers that
       * gossip have no γ.
       */
      readonly vectors: { readonly gradient: Vector | null; readonly parameters: Vector } | null
    }
  /** The parameters after some steps, evaluated on the peer's test set, where the cohort asks for it. */
  | ({ readonly kind: 'evaluated' } & SeriesPoint)
  /** The same, with the figures that the cohort has agreed on. */
  | ({ readonly kind: 'agreed' } & AgreedPoint)
  /** The peer has not moved for a while. It needs `needed` more vectors, from any of `missing`. */
  | {
      readonly kind: 'waiting'
      readonly step: number
      readonly phase: LearnStatus['phase']
      readonly needed: number
      readonly missing: readonly PeerIndex[]
      readonly seconds: number
    }
  | { readonly kind: 'resumed' }
  /** The first fault of its peer and kind, and then at most one a minute. */
  | { readonly kind: 'fault'; readonly fault: FaultCount; readonly detail: string | null }
  /** The file that proves that a peer equivocates. `before`: an earlier incarnation of this peer wrote it. */
  | {
      readonly kind: 'evidence'
      readonly peer: PeerIndex
      readonly path: string
      readonly before: boolean
    }
  /** What happens to the peer, for the page of the process that started it. */
  | { readonly kind: 'recorded'; readonly events: readonly RunEvent[] }
  /** A sentence for people. */
  | { readonly kind: 'log'; readonly text: string }
  | { readonly kind: 'finished'; readonly ending: Ending }
  /** The learning has left the finite numbers, as `message` says. It is nobody's fault. */
  | { readonly kind: 'diverged'; readonly divergence: Divergence; readonly message: string }
  /** The peer cannot go on. */
  | { readonly kind: 'failed'; readonly message: string }
