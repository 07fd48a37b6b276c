/**
 * The oracle: parameters → stochastic gradient of the peer's own loss, on the peer's own data.
 * Implementations run off the thread that serves the network. `test/node/contracts/oracle.ts` holds each to what is
 * promised here.
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

/**
 * Whatever computes gradients on a peer's own data. Requests may overlap. A promise that rejects does so with an error
 * that has a `code` (an `OracleError`, or a `ModelError` of our own models), and harms no other request.
 */
export interface Oracle {
  /** `d`, the number of parameters. */
  readonly dimension: number
  /**
   * A function of seed, peer and request, to the bit, so that a restarted peer has the same one. The parameters stay
   * the caller's and are not written to; nor is the reply, once it is given.
   */
  gradient(request: GradientRequest): Promise<GradientReply>
  /** Loss and accuracy on the peer's test set. */
  evaluate(parameters: Vector): Promise<Evaluation>
  /** From now on everything rejects with `ORACLE_CLOSED`. Closing again is nothing. */
  close(): Promise<void>
}
