/** What a link may use at the most. */
export interface LinkLimits {
  /** Sent and not acknowledged. */
  readonly inFlightBytesMax: number
  /** Kept for a peer that is away or slow. */
  readonly keptBytesMax: number
  /** Messages that travel together in a frame, until it has this many bytes. */
  readonly bundleBytes: number
  readonly bundleMessagesMax: number
  /** Acknowledges at the latest after so many bytes. */
  readonly ackBytes: number
}

export const defaultLinkLimits: LinkLimits = {
  inFlightBytesMax: 16 * 2 ** 20,
  keptBytesMax: 128 * 2 ** 20,
  bundleBytes: 64 * 2 ** 10,
  bundleMessagesMax: 512,
  ackBytes: 4 * 2 ** 20,
}
