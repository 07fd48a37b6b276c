/**
 * `results.json`: every run of an experiment by its configuration, so that a second call goes on where the first one
 * stopped, and what was found.
 */
import { dirname } from 'node:path'
import { z } from 'zod'
import { readText } from '../../learning/data/read-file.ts'
import { makeFolder } from '../files/make-folder.ts'
import { writeWhole } from '../files/safe-open.ts'
import type { Configuration, Measurement } from './experiment.ts'

/** The largest experiment writes a few megabytes. */
const RESULTS_BYTES_MAX = 64 * 2 ** 20

const value = z.number().nullable()
const scalar = z.union([z.string(), z.number(), z.null()])

const runSchema = z.object({
  config: z.record(z.string(), scalar),
  numbers: z.record(z.string(), value),
  series: z.record(z.string(), z.array(z.tuple([z.number(), value]))),
  seconds: z.number(),
})

const resultsSchema = z.object({
  experiment: z.string(),
  quick: z.boolean(),
  machine: z.object({
    processor: z.string(),
    cores: z.number(),
    threads: z.number(),
    node: z.string(),
    /** Average number of busy processes, over the last minute, at the end. */
    load: z.number(),
  }),
  /** Of this call; runs taken over from earlier ones not counted. */
  wallSeconds: z.number(),
  verdicts: z.array(z.object({ claim: z.string(), measured: z.string(), holds: z.boolean().nullable() })),
  notes: z.array(z.string()),
  runs: z.array(runSchema),
})

export type Results = z.infer<typeof resultsSchema>
export type Run = z.infer<typeof runSchema>

/** The file holds no results of this experiment. `message` says what to do. */
export class ResultsError extends Error {
  override readonly name = 'ResultsError'
  readonly code = 'results-unusable'
}

/** One text for one configuration. */
export function keyOf(config: Configuration): string {
  return JSON.stringify(Object.entries(config).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Runs of earlier calls; none where there is no file. @throws ResultsError */
export async function readRuns(path: string, experiment: string): Promise<readonly Run[]> {
  const refuse = (why: string) =>
    new ResultsError(`${path}: ${why}; name another folder with --out, or start anew with --fresh`)
  const text = await readText(path, RESULTS_BYTES_MAX).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw refuse(error.message)
  })
  if (text === null) return []
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    throw refuse('not JSON')
  }
  const parsed = resultsSchema.safeParse(document)
  if (!parsed.success) throw refuse(`no results (${parsed.error.issues[0]!.path.join('.')})`)
  if (parsed.data.experiment !== experiment) throw refuse(`results of ${parsed.data.experiment}`)
  return parsed.data.runs
}

/** Writes the file whole or not at all. */
export async function writeResults(path: string, results: Results): Promise<void> {
  await makeFolder(dirname(path))
  await writeWhole(path, `${JSON.stringify(results)}\n`)
}

/** Numbers as results.json holds them: seven digits, and null for what is not finite. */
export function toRun(config: Configuration, { numbers, series }: Measurement, seconds: number): Run {
  const round = (number: number | null) =>
    number === null || !Number.isFinite(number) ? null : Number(number.toPrecision(7))
  return {
    config: { ...config },
    numbers: Object.fromEntries(Object.entries(numbers).map(([name, number]) => [name, round(number)])),
    series: Object.fromEntries(
      Object.entries(series).map(([name, points]) => [
        name,
        points.map(([x, y]) => [x, round(y)] as [number, number | null]),
      ]),
    ),
    seconds,
  }
}
