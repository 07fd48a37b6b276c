/** LEARN's options, state, inputs and outputs. The protocol itself is in learn.ts. */

import type { AveragingOptions, AveragingOutput, TimerKey } from '../agreement/averaging/averaging.ts'
import type { Aggregate } from '../agreement/averaging/family.ts'
import type { ProtocolName } from '../agreement/bounds.ts'
import type { AveragedPhase, Message, Seen, Slot } from '../agreement/message.ts'
import type { Precision } from '../agreement/precision.ts'
import type { Effects, LinkSignal, PeerIndex, Protocol } from '../agreement/protocol.ts'
import { isBroadcastBased } from '../agreement/protocols/registry.ts'
import type { Vector } from '../agreement/vector.ts'
import type { Box } from './box.ts'
import type { Descend } from './descent.ts'
import type { PastParameters } from './recovery/contract.ts'
import type { Memory } from './recovery/state.ts'
import type { Schedule } from './schedule.ts'

/** What LEARN runs: an averaging agreement within its bound, how many iterations of it, and how its result is used. */
export interface LearnOptions
  extends Pick<
    AveragingOptions,
    'protocol' | 'synchrony' | 'self' | 'peers' | 'maxFaulty' | 'quorum' | 'dimension' | 'grace' | 'ledger'
  > {
  readonly unsafe: boolean
  /** In place of the protocols' own rules: the same result, measured or faster. */
  readonly aggregate?: Aggregate
  /** A vector that another peer sent for an agreement is of no more use. */
  readonly discard?: AveragingOptions['discard']
  /** In place of the plain step of descent; it gives the same bits. */
  readonly descend?: Descend
  readonly schedule: Schedule
  /** The rule of the first iteration of each agreement on gradients; absent: the protocol's own. */
  readonly gradientRule?: string
  /** How vectors travel; absent: whole. */
  readonly exchange?: ExchangeForm
  /** `T`. */
  readonly steps: number
  /**
   * After every so many steps, and after the last, the peers agree on the metrics of their parameters
   * (measured-steps.ts); absent: never.
   */
  readonly evaluateEvery?: number
  /** `η_t`. */
  readonly rate: (step: number) => number
  /** `β` of distributed momentum, `m ← βm + (1 − β)g` (RESAM, eq. 5); 0 sends gradients. */
  readonly momentum: number
  /** ℓ₂ norm to which this peer's gradient is clipped; null: not at all. */
  readonly clip: number | null
  /** Coefficient of θ added to the gradient. */
  readonly weightDecay: number
  /**
   * To which the ledger rounds gradients; absent: f32. From int8 a peer feeds back what its own gradient loses
   * (error-feedback.ts).
   */
  readonly precision?: Precision
  /** How many gradients a peer computes in a step, at parameters of its own (local-steps.ts); absent: 1. */
  readonly localSteps?: number
  /** `W`, onto which this peer's parameters are projected after each descent; absent or null: not at all. */
  readonly box?: Box | null
  /** Examples per gradient at step `t`. */
  readonly batch: (step: number) => number
  /** `*` of Algorithm 1: the step whose parameters are returned; null returns the last ones (Remark 1). */
  readonly outputStep: number | null
  /**
   * How many of a vector's last coordinates are statistics, which are agreed on and not learnt; absent: none. Step 1 is
   * then the agreement on them. It computes no gradient, and from step 2 on they stay as they are.
   */
  readonly statistics?: number
  readonly start: LearnState
  /**
   * From this step on this peer knows all that it said; absent: 1, from the beginning. It says nothing more in earlier
   * steps. If it starts without memory, it goes on at this step or later.
   */
  readonly completeFrom?: number
  /** Its own parameters of earlier steps, to which LEARN adds; absent: it knows none. */
  readonly history?: PastParameters
  /** The newest that an earlier incarnation of this peer saw others sign; absent: nothing. */
  readonly seen?: readonly Seen[]
  /** False where this peer may have signed a vector for the slot only if it has forgotten that; absent: never false. */
  readonly remembers?: (slot: Slot) => boolean
  readonly window: LearnWindow
}

/** The state with which a run begins or a restarted peer goes on. */
export interface LearnState {
  readonly step: number
  readonly parameters: Vector
  /** `m` before this step; null at the first. */
  readonly momentum: Vector | null
  /** What rounding has taken from this peer's gradients so far (error-feedback.ts); absent: nothing. */
  readonly residual?: Vector
  /** θ_*, once its step is past; absent before, and where LEARN returns the last parameters. */
  readonly drawn?: Vector
}

/** The LEARN steps around its own in which a peer takes part. Units: steps. */
export interface LearnWindow {
  /** How many steps ahead of its own a peer takes messages. */
  readonly ahead: number
  /** How many past steps' agreements go on serving slower peers. */
  readonly past: number
  /** How many past steps' parameters, and messages on the links, are kept for peers that restart or catch up. */
  readonly kept: number
}

/**
 * How vectors travel. `digest-first`: what honest peers are likely to hold already, to the bit, travels by its digest, and
 * whole only to those who lack it. That is not so of the vectors with which peers begin to agree on gradients, on
 * statistics and on metrics.
 */
export type ExchangeForm = 'digest-first' | 'whole'

/** The window of a peer unless its protocol sets another. */
export const defaultWindow: LearnWindow = { ahead: 4, past: 4, kept: 16 }

/**
 * The window of a peer that runs this protocol. By digest a slower peer may have to ask an author for its vector; in
 * RB-TM, anyone for a vector that a liar did not send to it. A peer that has the vector answers for as long as its links
 * keep the messages.
 * @param room how many steps there is room for, if not for as many as usual
 */
export function windowOf(
  protocol: ProtocolName,
  exchange: ExchangeForm = 'whole',
  { ahead, kept }: Pick<LearnWindow, 'ahead' | 'kept'> = defaultWindow,
): LearnWindow {
  const isAsked = isBroadcastBased(protocol) || exchange === 'digest-first'
  return { ahead, past: isAsked ? kept : Math.min(defaultWindow.past, kept), kept }
}

/** What happens to LEARN besides messages. */
export type LearnInput =
  /** A peer whose memory is not known to be whole asks the others first; absent: whole. */
  | { readonly kind: 'start'; readonly memory?: Memory }
  | LinkSignal
  | {
      readonly kind: 'gradient'
      readonly step: number
      /** As it was asked for. */
      readonly local?: number
      readonly gradient: Vector
    }
  /** This peer's own metrics of the parameters that it was asked about: `METRICS_DIMENSION` finite numbers. */
  | { readonly kind: 'metrics'; readonly step: number; readonly vector: Vector }
  | { readonly kind: 'timer'; readonly timer: TimerKey }

/** What LEARN asks for, and what it has reached. */
export type LearnOutput =
  | {
      readonly kind: 'need-gradient'
      readonly step: number
      /** The local step, from 0; absent: 0. */
      readonly local?: number
      readonly parameters: Vector
      readonly batch: number
    }
  /** Evaluate these: `θ_step`, or what the run returns. The answer may come at any time, and holds up no step. */
  | { readonly kind: 'need-metrics'; readonly step: number; readonly parameters: Vector }
  | Exclude<AveragingOutput, { kind: 'agreed' }>
  /** An averaging agreement has ended: with `γ_t`, `θ_{t+1}`, or the cohort's metrics of `θ_t`. */
  | {
      readonly kind: 'averaged'
      readonly step: number
      readonly phase: AveragedPhase
      readonly vector: Vector
    }
  /** The state after a step: what a checkpoint holds. */
  | { readonly kind: 'stepped'; readonly state: LearnState }
  /**
   * Another peer shows a vector that this peer signed and does not know of. Its memory is an older copy, or its key also
   * runs elsewhere. It must say nothing more in the steps before `completeFrom`.
   */
  | {
      readonly kind: 'outdated'
      readonly slot: Slot
      readonly by: PeerIndex
      readonly completeFrom: number
    }
  /** This peer seeks its place still, and says nothing in steps before `completeFrom`, whatever it finds. */
  | { readonly kind: 'silent'; readonly completeFrom: number }
  /** This peer has asked and found its place, perhaps where it was. */
  | {
      readonly kind: 'caught-up'
      readonly step: number
      /** This peer says nothing more in steps before this one. */
      readonly completeFrom: number
    }
  | { readonly kind: 'finished'; readonly parameters: Vector }
  /** Its own numbers have overflowed. It takes no further part in the steps, and still serves the others. */
  | { readonly kind: 'diverged'; readonly divergence: Divergence }

/** Where a run's learning has left the finite numbers. It is the run's, and nobody's fault. */
export interface Divergence {
  readonly step: number
  /** What is not finite: this peer's own gradient, or its parameters after the descent. */
  readonly of: 'gradient' | 'parameters'
  /** ℓ₂, of what led there: θ_t, at which the gradient is not finite; or γ_t, with which the descent is not. */
  readonly norm: number
}

/** What LEARN answers to an input or a message. */
export type LearnEffects = Effects<Message, LearnOutput>

/** LEARN as a protocol: it turns inputs and messages into messages and outputs. */
export interface Learn extends Protocol<LearnInput, Message, LearnOutput> {
  /** What this peer is doing, and which peers it waits for. For people. */
  status(): LearnStatus
  /** `status().step`, without the rest: links ask for it at every message. */
  currentStep(): number
}

/** LEARN's progress. For people. */
export interface LearnStatus {
  readonly step: number
  readonly phase: AveragedPhase | 'catching-up' | 'finished' | 'diverged'
  readonly waitingFor: readonly PeerIndex[]
  /** This peer's gradient, or at the end its evaluation, is not there yet. */
  readonly computing: boolean
}
