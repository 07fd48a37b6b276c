/** What LEARN takes, says and is asked: its options, state, inputs and outputs. The protocol itself is learn.ts. */
import type { Aggregate } from '../agreement/averaging/aggregate.ts'
import type { AveragingOptions, AveragingOutput, TimerKey } from '../agreement/averaging/averaging.ts'
import type { ProtocolName } from '../agreement/bounds.ts'
import type { AveragedPhase, Message, Seen, Slot } from '../agreement/message.ts'
import type { LinkSignal, PeerIndex, Protocol } from '../agreement/protocol.ts'
import type { Vector } from '../agreement/vector.ts'
import type { Box } from './box.ts'
import type { Memory } from './recovery/state.ts'
import type { Schedule } from './schedule.ts'

/** What LEARN is to run: an averaging agreement with its bound, how often, and what it does with what is agreed. */
export interface LearnOptions
  extends Pick<
    AveragingOptions,
    'protocol' | 'synchrony' | 'self' | 'peers' | 'maxFaulty' | 'dimension' | 'grace' | 'ledger'
  > {
  readonly unsafe: boolean
  /** In place of the protocols' own rules: the same result, measured or faster. */
  readonly aggregate?: Aggregate
  readonly schedule: Schedule
  /** `T`. */
  readonly steps: number
  /** `η_t`. */
  readonly rate: (step: number) => number
  /** `β` of distributed momentum, `m ← βm + (1 − β)g` (RESAM, eq. 5); 0 sends gradients. */
  readonly momentum: number
  /** ℓ₂ norm to which the own gradient is clipped; null: not at all. */
  readonly clip: number | null
  /** Coefficient of θ added to the gradient. */
  readonly weightDecay: number
  /** `W`, onto which the own parameters are projected after each descent; absent or null: not at all. */
  readonly box?: Box | null
  /** Examples per gradient at step `t`. */
  readonly batch: (step: number) => number
  /** `*` of Algorithm 1: the step whose parameters are returned; null returns the last ones (Remark 1). */
  readonly outputStep: number | null
  readonly start: LearnState
  /**
   * From this step on this peer knows all that it said; absent: 1, from the beginning. Of steps before it says nothing
   * any more, and where it starts without memory it goes on at this step or later.
   */
  readonly completeFrom?: number
  /** Own parameters of steps before, by step, ascending; absent: none are known any more. */
  readonly history?: ReadonlyMap<number, Vector>
  /** The newest that an earlier incarnation of this peer saw others sign; absent: nothing. */
  readonly seen?: readonly Seen[]
  /** False where this peer may have signed a vector for the slot only if it has forgotten that; absent: never false. */
  readonly remembers?: (slot: Slot) => boolean
  readonly window: LearnWindow
}

/** Where a run begins or a restarted peer goes on. */
export interface LearnState {
  readonly step: number
  readonly parameters: Vector
  /** `m` before this step; null at the first. */
  readonly momentum: Vector | null
  /** θ_*, where another than the last is returned and its step is past; absent otherwise. */
  readonly drawn?: Vector
}

/** How many LEARN steps around its own a peer takes part in. Units: steps. */
export interface LearnWindow {
  /** Steps for which messages are taken ahead of time. */
  readonly ahead: number
  /** Past steps whose agreements go on serving slower peers. */
  readonly past: number
  /** Past steps whose parameters, and messages on the links, are kept for peers that restart or catch up. */
  readonly kept: number
}

/** The window of every peer that is not told another. */
export const defaultWindow: LearnWindow = { ahead: 4, past: 4, kept: 16 }

/**
 * Of a peer of this protocol. In RB-TM a slower peer may have to ask for a vector that a liar has not sent to it: who
 * has the vector answers for as long as links keep the messages.
 */
export function windowOf(protocol: ProtocolName): LearnWindow {
  return protocol === 'rb-tm' ? { ...defaultWindow, past: defaultWindow.kept } : defaultWindow
}

/** What happens to LEARN besides messages. */
export type LearnInput =
  /** A peer whose memory is not known to be whole asks the others first; absent: whole. */
  | { readonly kind: 'start'; readonly memory?: Memory }
  | LinkSignal
  | { readonly kind: 'gradient'; readonly step: number; readonly gradient: Vector }
  | { readonly kind: 'timer'; readonly timer: TimerKey }

/** What LEARN asks for or has reached. */
export type LearnOutput =
  | {
      readonly kind: 'need-gradient'
      readonly step: number
      readonly parameters: Vector
      readonly batch: number
    }
  | Exclude<AveragingOutput, { kind: 'agreed' }>
  /** An averaging agreement is over: `γ_t` or `θ_{t+1}`. */
  | {
      readonly kind: 'averaged'
      readonly step: number
      readonly phase: AveragedPhase
      readonly vector: Vector
    }
  /** The state after a step: what a checkpoint holds. */
  | { readonly kind: 'stepped'; readonly state: LearnState }
  /**
   * Another shows a vector that this peer signed and does not know of: what it remembers is an older copy, or its key
   * runs elsewhere. In the steps before `completeFrom` it must say nothing more.
   */
  | {
      readonly kind: 'outdated'
      readonly slot: Slot
      readonly by: PeerIndex
      readonly completeFrom: number
    }
  /** This peer has found its place after asking, perhaps where it was. */
  | {
      readonly kind: 'caught-up'
      readonly step: number
      /** Of steps before this, this peer says nothing any more. */
      readonly completeFrom: number
    }
  | { readonly kind: 'finished'; readonly parameters: Vector }

/** LEARN as a protocol: a value that maps messages and inputs to messages and outputs. */
export interface Learn extends Protocol<LearnInput, Message, LearnOutput> {
  /** What this peer is doing and whom it lacks. For people. */
  status(): LearnStatus
}

/** Where LEARN stands. For people. */
export interface LearnStatus {
  readonly step: number
  readonly phase: AveragedPhase | 'catching-up' | 'finished'
  readonly waitingFor: readonly PeerIndex[]
  /** The own gradient is not there yet. */
  readonly computing: boolean
}
