/**
 * The oracle: parameters → stochastic gradient of the peer's own loss, on the peer's own data. Implementations run off
 * the thread that serves the network. `test/node/contracts/oracle.ts` tests each against the promises made here.
 */
import type { Vector } from '../agreement/vector.ts'
import type { Metrics } from './evaluation/metrics.ts'

/** A request for a stochastic gradient. */
export interface GradientRequest {
  /**
   * The number of the gradient, from 1: the LEARN step, unless peers take local steps (local-steps.ts). With the seed it
   * chooses the batch, so that a restarted peer draws the same one.
   */
  readonly step: number
  readonly parameters: Vector
  /** Examples in the batch. */
  readonly batch: number
}

/** A stochastic gradient, and the loss computed with it. */
export interface GradientReply {
  readonly gradient: Vector
  /** Mean loss over the batch, at the parameters asked for. */
  readonly loss: number
}

/** How good parameters are on data that they were not trained on. */
export interface Evaluation {
  readonly loss: number
  /** Fraction in [0, 1] of the test set; null if the model has no notion of it. */
  readonly accuracy: number | null
  /**
   * The same predictions by every measure; null if the model predicts nothing, or a program of the user's
   * tells none.
   */
  readonly metrics: Metrics | null
  /**
   * Where some peers of the run teach a back door: the share of the test images of other classes that are taken for its
   * target once they have the trigger; null if there are none. Absent where nobody does.
   */
  readonly triggerRate?: number | null
}

/**
 * Computes gradients on a peer's own data. Requests may overlap. A rejected promise has an error with a `code` (an
 * `OracleError`, or a `ModelError` of our own models), and harms no other request.
 */
export interface Oracle {
  /** `d`, the number of parameters. */
  readonly dimension: number
  /**
   * A function of seed, peer and request, to the bit, so that a restarted peer gets the same gradient. The parameters
   * stay the caller's, and nothing writes to them; nor does anything write to the reply once it is given.
   */
  gradient(request: GradientRequest): Promise<GradientReply>
  /** Loss and metrics on the peer's test set. */
  evaluate(parameters: Vector): Promise<Evaluation>
  /** From now on everything rejects with `ORACLE_CLOSED`. Closing again does nothing. */
  close(): Promise<void>
}
