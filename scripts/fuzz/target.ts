/** A target of the fuzzer: a decoder with inputs to begin from. */
export interface Target {
  readonly name: string
  /** Inputs of a long run go to the targets in these proportions: fast and exposed targets get the most. */
  readonly weight: number
  /** Well-formed inputs to begin from. */
  readonly seeds: readonly Uint8Array[]
  /** Feeds one input. Throws, or fails, if the decoder did something that it must not do. */
  feed(input: Uint8Array): void | Promise<void>
}
