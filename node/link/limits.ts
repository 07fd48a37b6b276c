/** The most that a link may use. What must hold at least some vectors follows from their length. */
import { PIECE_BYTES, WHOLE_BYTES_MAX } from '../codec/index.ts'

export interface LinkLimits {
  /** Bytes sent but not acknowledged. */
  readonly inFlightBytesMax: number
  /** Bytes kept for a peer that is away or slow, with `keptOverheadBytes` for each message. */
  readonly keptBytesMax: number
  /** Memory that a message takes besides its bytes: its objects, and its places in the links' lists. */
  readonly keptOverheadBytes: number
  /** Small messages travel together until their frame has this many bytes. */
  readonly bundleBytes: number
  readonly bundleMessagesMax: number
  /** Longer messages travel in pieces of `pieceBytes`. */
  readonly wholeBytesMax: number
  readonly pieceBytes: number
  /** After this many bytes a link acknowledges at once. */
  readonly ackBytes: number
  /**
   * The resend budget: these bytes, plus `resentWindows` times the acknowledged bytes that are still kept. Bytes that
   * the peer acknowledges for the first time add to it. In a crash a peer loses what it took in a step or two, which is
   * an eighth of the budget.
   */
  readonly resentBytesMin: number
  readonly resentWindows: number
  /** The time in which an empty budget fills up again, so that no peer starves. */
  readonly resentRefillMs: number
}

export const defaultLinkLimits: LinkLimits = {
  inFlightBytesMax: 16 * 2 ** 20,
  keptBytesMax: 128 * 2 ** 20,
  keptOverheadBytes: 512,
  bundleBytes: 64 * 2 ** 10,
  bundleMessagesMax: 512,
  wholeBytesMax: WHOLE_BYTES_MAX,
  pieceBytes: PIECE_BYTES,
  ackBytes: 4 * 2 ** 20,
  resentBytesMin: 4 * 2 ** 20,
  resentWindows: 2,
  resentRefillMs: 120_000,
}

/**
 * A link of long vectors has the next one under way while the one before is not acknowledged yet. It keeps those of the
 * four steps that a peer may lag behind, of two exchanges each. And a peer may lose a step or two in a crash.
 */
const VECTORS_IN_FLIGHT = 2
const VECTORS_KEPT = 8
const VECTORS_RESENT = 4

/** The limits of a cohort with vectors of `dimension` floats: the default ones, where these hold so many vectors. */
export function linkLimitsFor(dimension: number): LinkLimits {
  const vectorBytes = 4 * dimension + defaultLinkLimits.keptOverheadBytes
  const atLeast = (bytes: number, vectors: number) => Math.max(bytes, vectors * vectorBytes)
  return {
    ...defaultLinkLimits,
    inFlightBytesMax: atLeast(defaultLinkLimits.inFlightBytesMax, VECTORS_IN_FLIGHT),
    keptBytesMax: atLeast(defaultLinkLimits.keptBytesMax, VECTORS_KEPT),
    resentBytesMin: atLeast(defaultLinkLimits.resentBytesMin, VECTORS_RESENT),
  }
}
