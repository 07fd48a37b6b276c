/**
 * The longest frame, and the limits of a decoder: every number by which a frame could ask for more than it brings is
 * checked against these. `network/frame-budget.ts` limits how many frames a connection may bring.
 */

import type { Phase } from '../../agreement/message.ts'
import type { Precision } from '../../agreement/precision.ts'

export interface DecodeLimits {
  /** `n`: the indices of senders and reported peers are below it. */
  readonly peers: number
  /** `d`: floats in a vector. */
  readonly dimension: number
  /** Floats in a vector of the phase `metrics`; absent: the cohort has no such phase. */
  readonly metricsDimension?: number
  /** Of vectors in the phase `gradient`; absent: f32, as all others. */
  readonly precision?: Precision
  /** The last step with an agreement. */
  readonly stepsMax: number
  /** Iterations of the longest averaging agreement. */
  readonly iterationsMax: number
}

/** In which precision the vectors of a phase travel. */
export function precisionOf(
  phase: Phase,
  { precision = 'f32' }: { precision?: Precision | undefined },
): Precision {
  return phase === 'gradient' ? precision : 'f32'
}

/** A protobuf header (link or message). The longest is a report of all peers, at most 5 bytes each. */
export const HEADER_BYTES_MAX = 64 * 1024

/** An Ed25519 signature has 64 bytes; simulated worlds may use shorter ones. */
export const SIGNATURE_BYTES_MAX = 64

export const DIGEST_BYTES = 32

/**
 * A longer message travels in pieces, between which others pass. One of this length keeps a vote waiting for 80 ms at
 * 100 Mbit/s.
 */
export const WHOLE_BYTES_MAX = 1024 * 1024
/** A piece is long enough that its frame costs nothing beside its bytes. */
export const PIECE_BYTES = 256 * 1024

/** Room in a frame besides one message, for headers, votes and reports that travel together. */
const FRAME_EXTRA_BYTES = 256 * 1024

/** The longest frame that a cohort of this dimension may send: a whole message and `FRAME_EXTRA_BYTES`. */
export function frameBytesMax(dimension: number): number {
  return Math.min(4 * dimension, WHOLE_BYTES_MAX) + FRAME_EXTRA_BYTES
}
