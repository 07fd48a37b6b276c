/** A benchmark is a module of this folder that exports `run`; `main.ts` prints and writes what it returns. */

/** One measured case. Times are medians in milliseconds. */
export interface BenchRow {
  readonly case: string
  readonly ours_ms: number
  /** What ours is compared with, measured in the same run on the same machine; null if there is nothing to compare. */
  readonly baseline: { readonly name: string; readonly ms: number } | null
  /** `ours_ms / baseline.ms`; null without a baseline. */
  readonly ratio: number | null
  /** Further figures beside them, by name: other programs' times, or what parts cost. */
  readonly others: Readonly<Record<string, number>>
}

/** The content of `--json FILE`. */
export interface BenchReport {
  readonly name: string
  /** Processor, cores, system and runtime, for people. */
  readonly machine: string
  readonly rows: readonly BenchRow[]
}

interface BenchContext {
  /** Arguments after the benchmark's name that `main.ts` does not know itself. */
  readonly args: readonly string[]
  /** A line of progress for people; nothing that a program would parse. */
  note(line: string): void
}

export type RunBench = (context: BenchContext) => Promise<readonly BenchRow[]>

/** A row with its ratio. */
export function compared(
  name: string,
  oursMs: number,
  baseline: { readonly name: string; readonly ms: number },
  others: Readonly<Record<string, number>> = {},
): BenchRow {
  return { case: name, ours_ms: oursMs, baseline, ratio: oursMs / baseline.ms, others }
}

/** The middle value (of an even count: the mean of the middle two); NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
