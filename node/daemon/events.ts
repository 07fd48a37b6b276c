/** What a real peer reports while it runs: to its own terminal, and to the process that started it. */

import type { FaultKind, PeerIndex } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { Divergence, LearnStatus } from '../../learning/learn-contract.ts'
import type { EventLoopDelays } from './report.ts'

/** Sent and received since the peer started. */
export interface Traffic {
  readonly messages: number
  readonly bytesSent: number
  readonly bytesReceived: number
}

/** How often a peer saw another do something wrong; null: a stranger, not a member. */
export interface FaultCount {
  readonly peer: PeerIndex | null
  readonly kind: FaultKind
  readonly count: number
}

/** The result of a peer's run. */
export interface Ending {
  readonly parameters: Vector
  readonly loss: number
  readonly accuracy: number | null
  readonly traffic: Traffic
  readonly faults: readonly FaultCount[]
  /** From its first gradient to its last step. */
  readonly learningSeconds: number
  readonly eventLoopDelayMs: EventLoopDelays
  readonly ruleMilliseconds: number | null
}

/** Something that happened to a peer, reported when it happens. */
export type PeerEvent =
  | {
      readonly kind: 'listening'
      readonly pid: number
      readonly addresses: readonly string[]
      /** Training examples it holds. */
      readonly examples: number
      /** Parameters of the model. */
      readonly dimension: number
      /** The step it goes on from; 1 at the first start. */
      readonly step: number
    }
  | { readonly kind: 'connection'; readonly peer: PeerIndex; readonly up: boolean; readonly reason: string }
  /** A peer no longer has, or never had, all that this step needs of it. */
  | { readonly kind: 'missed'; readonly peer: PeerIndex; readonly step: number }
  /** This peer stood at a step that the others had left, and goes on at a later one. */
  | { readonly kind: 'caught-up'; readonly from: number; readonly step: number }
  | {
      readonly kind: 'step'
      readonly step: number
      /** On the peer's own batch. */
      readonly loss: number | null
      readonly traffic: Traffic
      /** γ and θ after this step, not to be written to; null where the step was left out, or its vectors not passed on. */
      readonly vectors: { readonly gradient: Vector; readonly parameters: Vector } | null
    }
  /** Nothing has moved for a while: `needed` more vectors of `missing` would do. */
  | {
      readonly kind: 'waiting'
      readonly step: number
      readonly phase: LearnStatus['phase']
      readonly needed: number
      readonly missing: readonly PeerIndex[]
      readonly seconds: number
    }
  | { readonly kind: 'resumed' }
  /** The first of its peer and kind, and then once a minute at most. */
  | { readonly kind: 'fault'; readonly fault: FaultCount; readonly detail: string | null }
  /** The file that proves that a peer equivocates: written now, or `before`, by an earlier incarnation of this peer. */
  | {
      readonly kind: 'evidence'
      readonly peer: PeerIndex
      readonly path: string
      readonly before: boolean
    }
  /** A sentence for people. */
  | { readonly kind: 'log'; readonly text: string }
  | { readonly kind: 'finished'; readonly ending: Ending }
  /** The learning has left the finite numbers, as `message` says. It is nobody's fault. */
  | { readonly kind: 'diverged'; readonly divergence: Divergence; readonly message: string }
  /** It cannot go on. */
  | { readonly kind: 'failed'; readonly message: string }
