/** What a link may use at the most. */
export interface LinkLimits {
  /** Sent and not acknowledged. */
  readonly inFlightBytesMax: number
  /** Kept for a peer that is away or slow: bytes, and `keptOverheadBytes` for each message. */
  readonly keptBytesMax: number
  /** What a message takes in memory beside its bytes: its objects, and its places in the links' lists. */
  readonly keptOverheadBytes: number
  /** Messages that travel together in a frame, until it has this many bytes. */
  readonly bundleBytes: number
  readonly bundleMessagesMax: number
  /** Acknowledges at the latest after so many bytes. */
  readonly ackBytes: number
  /**
   * Bytes that may be sent again, beside those that the peer then acknowledges for the first time: so many, and all
   * that is kept though it was acknowledged so many times over. In a crash a peer loses what it took of a step or two,
   * an eighth of that.
   */
  readonly resentBytesMin: number
  readonly resentWindows: number
  /** In this time all of it may be sent once more, so that nobody is starved. */
  readonly resentRefillMs: number
}

export const defaultLinkLimits: LinkLimits = {
  inFlightBytesMax: 16 * 2 ** 20,
  keptBytesMax: 128 * 2 ** 20,
  keptOverheadBytes: 512,
  bundleBytes: 64 * 2 ** 10,
  bundleMessagesMax: 512,
  ackBytes: 4 * 2 ** 20,
  resentBytesMin: 4 * 2 ** 20,
  resentWindows: 2,
  resentRefillMs: 120_000,
}
