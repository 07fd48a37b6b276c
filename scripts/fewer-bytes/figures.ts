/** What is kept of the runs' reports, in docs/fewer-bytes.json, and what follows from it. */
import { z } from 'zod'
import {
  type Case,
  type Choice,
  COUNTED_GRADIENTS,
  choices,
  countedKeyOf,
  type Exchange,
  GRADIENTS,
  keyOf,
} from './cases.ts'

const SEEDS_MAX = 100

const violations = z.array(z.string()).max(0, 'a run without violations')
const countedSchema = z.object({ bytes: z.number(), violations })
const learntSchema = z.object({
  accuracy: z.object({ mean: z.number() }),
  violations,
  honest: z.array(z.object({ series: z.array(z.object({ step: z.number(), accuracy: z.number() })) })).min(1),
})
const runSchema = z.object({
  accuracy: z.number(),
  series: z.array(z.object({ step: z.number(), accuracy: z.number() })).readonly(),
})
/** What docs/fewer-bytes.json holds. */
export const figuresSchema = z.object({
  bytes: z.record(z.string(), z.number()),
  learning: z.record(z.string(), runSchema),
})

/** One run on MNIST: the mean over its honest peers of the accuracy on the test set, at the end and on the way. */
type Run = Readonly<z.infer<typeof runSchema>>

export interface Figures {
  /** Sent by all peers together in a run, by counted case. */
  readonly bytes: Readonly<Record<string, number>>
  /** By case. */
  readonly learning: Readonly<Record<string, Run>>
}

/** @throws ZodError for something else than the report of a run without violations */
export function runOf(report: unknown): Run {
  const { accuracy, honest } = learntSchema.parse(report)
  const series = honest[0]!.series.map(({ step }, place) => {
    const sum = honest.reduce((total, peer) => total + peer.series[place]!.accuracy, 0)
    return { step, accuracy: Number((sum / honest.length).toFixed(4)) }
  })
  return { accuracy: Number(accuracy.mean.toFixed(4)), series }
}

/** @throws ZodError for something else than the report of a run without violations */
export function bytesOf(report: unknown): number {
  return countedSchema.parse(report).bytes
}

/** The seeds with which a choice met an attack, in order. */
export function seedsOf({ learning }: Figures, choice: Choice, attack: string): readonly number[] {
  return Array.from({ length: SEEDS_MAX }, (_, i) => i + 1).filter(
    seed => learning[keyOf({ choice, attack, seed })] !== undefined,
  )
}

export function runsOf(figures: Figures, choice: Choice, attack: string): readonly Run[] {
  return seedsOf(figures, choice, attack).map(seed => figures.learning[keyOf({ choice, attack, seed })]!)
}

/** By how many points a run ends above that in f32 with the same seed; null where that one is not measured. */
export function pointsOver({ learning }: Figures, each: Case): number | null {
  const run = learning[keyOf(each)]
  const reference = learning[keyOf({ ...each, choice: choices[0]! })]
  return run === undefined || reference === undefined ? null : 100 * (run.accuracy - reference.accuracy)
}

/** Sent by all for one gradient of each peer; NaN where it was not counted. */
function bytesOfGradient({ bytes }: Figures, exchange: Exchange, choice: Choice): number {
  return (bytes[countedKeyOf({ exchange, choice })] ?? Number.NaN) / COUNTED_GRADIENTS
}

/** Sent by all in a digest-first run on MNIST, as computed from a gradient's bytes, up to a step. */
export function bytesUpTo(figures: Figures, choice: Choice, step = GRADIENTS / choice.localSteps): number {
  return step * choice.localSteps * bytesOfGradient(figures, 'digest-first', choice)
}

export const meanOf = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length
