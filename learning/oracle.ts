/**
 * The oracle: parameters → stochastic gradient of the peer's own loss, on the peer's own data.
 * Implementations run off the thread that serves the network.
 */
import type { Vector } from '../agreement/vector.ts'

export interface GradientRequest {
  /** The LEARN step `t ≥ 1`: with the seed it chooses the batch, so that a restarted peer draws the same one. */
  readonly step: number
  readonly parameters: Vector
  /** Examples in the batch. */
  readonly batch: number
}

export interface GradientReply {
  readonly gradient: Vector
  /** Mean loss over the batch, at the parameters asked for. */
  readonly loss: number
}

export interface Evaluation {
  readonly loss: number
  /** Fraction in [0, 1] of the test set; null where the model has no notion of it. */
  readonly accuracy: number | null
}

export interface Oracle {
  /** `d`, the number of parameters. */
  readonly dimension: number
  gradient(request: GradientRequest): Promise<GradientReply>
  /** Loss and accuracy on the peer's test set. */
  evaluate(parameters: Vector): Promise<Evaluation>
  close(): Promise<void>
}
