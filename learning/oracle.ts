/**
 * The oracle: parameters → stochastic gradient of the peer's own loss, on the peer's own data.
 * Implementations run off the thread that serves the network.
 */
import type { Vector } from '../agreement/vector.ts'

/** Which stochastic gradient is wanted. */
export interface GradientRequest {
  /** The LEARN step `t ≥ 1`: with the seed it chooses the batch, so that a restarted peer draws the same one. */
  readonly step: number
  readonly parameters: Vector
  /** Examples in the batch. */
  readonly batch: number
}

/** A stochastic gradient and the loss it came with. */
export interface GradientReply {
  readonly gradient: Vector
  /** Mean loss over the batch, at the parameters asked for. */
  readonly loss: number
}

/** How good parameters are on data that was not learnt from. */
export interface Evaluation {
  readonly loss: number
  /** Fraction in [0, 1] of the test set; null where the model has no notion of it. */
  readonly accuracy: number | null
}

/** Whatever computes gradients on a peer's own data. Its promises reject with an `OracleError`. */
export interface Oracle {
  /** `d`, the number of parameters. */
  readonly dimension: number
  gradient(request: GradientRequest): Promise<GradientReply>
  /** Loss and accuracy on the peer's test set. */
  evaluate(parameters: Vector): Promise<Evaluation>
  close(): Promise<void>
}
