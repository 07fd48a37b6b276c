/**
 * One run of a sweep as data: what was set, what was measured, and how it ended. Written by the runner, read by tables
 * and figures.
 */

/** A setting's value as it stands in tables: `rule: 'nnm+cwtm'`, `faults: 2`, `partition: 'dirichlet:0.1'`. */
export type Setting = string | number | boolean

/** How a run ended. `stopped`: at its target metric or its time; `skipped`: below its protocol's bound, never run. */
export type RunStatus = 'done' | 'stopped' | 'diverged' | 'failed' | 'skipped'

/** A metric every `evaluateEvery` steps: equally many steps and values; a value is null where it was not finite. */
export interface Series {
  readonly steps: readonly number[]
  readonly values: readonly (number | null)[]
}

/** One run: a line of `results.jsonl`. */
export interface RunRow {
  /** Digest (hex, 16 characters) of the settings and the code's version: the run's name. */
  readonly run: string
  readonly version: string
  readonly status: RunStatus
  /** One sentence for `failed`, `skipped`, `diverged`, `stopped`; absent for `done`. */
  readonly why?: string
  /** The axes of the grid with this run's values, in the file's order; `seed` is one of them. Named variants stand by name. */
  readonly axes: Readonly<Record<string, Setting>>
  /** All settings that the run had (fixed ones, tuned ones and axes), flat, by the names of the sweep file. */
  readonly settings: Readonly<Record<string, Setting>>
  /** By path, as the sweep has it: the digest of each file of the user's that the result follows from. Absent: there is none. */
  readonly inputs?: Readonly<Record<string, string>>
  /** The end of the run: e.g. accuracyMin, accuracyMean, lossMean, diameterParameters, bytes, messages. Null where not finite. */
  readonly metrics: Readonly<Record<string, number | null>>
  readonly series: Readonly<Record<string, Series>>
  /** Wall seconds of the run itself; not part of the results that must be equal to the bit. */
  readonly seconds: number
}
