/** The most that a link may use. */
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
  ackBytes: 4 * 2 ** 20,
  resentBytesMin: 4 * 2 ** 20,
  resentWindows: 2,
  resentRefillMs: 120_000,
}
