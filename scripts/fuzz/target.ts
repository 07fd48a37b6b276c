/** What the fuzzer feeds: a decoder with inputs to begin from. */
export interface Target {
  readonly name: string
  /** Inputs of a long run go to the targets in these proportions: what is fast and exposed gets the most. */
  readonly weight: number
  /** Well-formed inputs to begin from. */
  readonly seeds: readonly Uint8Array[]
  /** Feeds one input. Throws where the decoder did what it must not. */
  feed(input: Uint8Array): void
}
