/**
 * The report of a run (`demo`, `simulate`, `join`): one JSON object for machines. Peers are indices into the
 * cohort's members, distances are ℓ₂, names of times end with their unit, and a number that does not exist is null.
 */
import { z } from 'zod'
import { precisions } from '../../agreement/precision.ts'
import type { Fault, PeerIndex } from '../../agreement/protocol.ts'
import type { Metrics } from '../../learning/evaluation/metrics.ts'
import { SERIES_POINTS_MAX, type SeriesPoint } from '../../learning/evaluation/series.ts'
import type { Evaluation } from '../../learning/oracle.ts'
import type { Cohort } from '../cohort/cohort.ts'
import { protocolText, topologyText } from '../cohort/gossip.ts'
import { writeOutput } from '../files/output.ts'
import { EXTERNAL_MODEL } from '../oracle/open.ts'
import { timelineEvents } from '../simulation/timeline.ts'
import { jsonText } from '../text/printable.ts'

const peer = z.int().min(0)
const amount = z.number().min(0)

const delaysSchema = z.object({ p50: amount, p99: amount, max: amount })

const share = z.number().min(0).max(1)

const classMetricsSchema = z.object({
  kind: z.literal('classes'),
  accuracy: share,
  /** The mean recall of the classes that occur. */
  balancedAccuracy: share,
  /** Macro F1. */
  f1: share,
  /** For two classes. */
  auroc: share.nullable(),
  /** By class; null for one that does not occur in the test set. */
  recall: z.array(z.object({ name: z.string(), examples: amount, recall: share.nullable() })),
  /** What naming the most frequent class every time reaches. */
  baseline: z.object({ accuracy: share, balancedAccuracy: share }),
})

const numberMetricsSchema = z.object({
  kind: z.literal('numbers'),
  rmse: amount.nullable(),
  /** The mean of the targets every time has 0. */
  r2: z.number().nullable(),
})

const metricsSchema = z.discriminatedUnion('kind', [classMetricsSchema, numberMetricsSchema]).nullable()

const figure = z.number().nullable()

/** The cohort's figures, agreed by averaging agreement; null for those that the peer itself does not have. */
const agreedSchema = z.object({
  accuracy: figure,
  balancedAccuracy: figure,
  f1: figure,
  auroc: figure,
  rmse: figure,
  r2: figure,
})

const pointSchema = z.object({
  /** The number of steps taken; 0 for the start. */
  step: z.int().min(0),
  loss: z.number().nullable(),
  accuracy: share.nullable(),
  metrics: metricsSchema,
  /** As at the end. */
  triggerRate: share.nullable().optional(),
  /** Absent where the cohort has not agreed on any. */
  agreed: agreedSchema.optional(),
})

const honestSchema = z.object({
  peer,
  /** The loss on the test set with the peer's final parameters. */
  loss: z.number().nullable(),
  /** The fraction of the test set that is right, in [0, 1]. */
  accuracy: share.nullable(),
  /** More measures on the test set; null if the model predicts nothing, or an --oracle tells none. */
  metrics: metricsSchema,
  /**
   * Where liars teach a back door, the share of the test images of other classes that are taken for its target once they
   * have the trigger; null if there are none.
   */
  triggerRate: share.nullable().optional(),
  /** With --alone: what the same steps on its own share alone reach, and how much more accuracy the cohort's have. */
  alone: z
    .object({ loss: z.number().nullable(), accuracy: share.nullable(), gain: z.number().nullable() })
    .optional(),
  /** The cohort's figures for the final parameters; absent where it agrees on none, or this peer came too late for it. */
  agreed: agreedSchema.optional(),
  /** The same after every `evaluateEvery` steps, and after the last, where the cohort sets it; thinned out beyond a thousand points. */
  series: z.array(pointSchema).optional(),
  /** The distance of its parameters to the mean of the honest ones. */
  distance: amount.nullable(),
  bytesSent: amount,
  bytesReceived: amount.nullable(),
  /** The delay of the thread that serves the network, while learning; null in the simulator. */
  eventLoopDelayMs: delaysSchema.nullable(),
  /** The most memory of the peer's process that was resident at one time; null in the simulator, where all peers share a process. */
  memory: z.object({ peakBytes: amount }).nullable(),
  /** The time spent in rules, over the whole run. */
  ruleMilliseconds: amount.nullable(),
})

const timelineSchema = z.object({
  event: z.enum(timelineEvents),
  /** For a partition, one side. */
  peers: z.array(peer),
  /** The newest step that an honest peer had begun. */
  step: z.int().min(0),
  virtualSeconds: amount,
  /** The step of the slowest of these peers; null if it was down. */
  ownStep: z.int().min(0).nullable(),
  /** `caught up`: with messages kept for the peer, or with the parameters of others; null for other events. */
  by: z.enum(['messages', 'parameters']).nullable(),
  /** The standstills, counted as steps, that brought a fault's step although no peer could go on. */
  standstills: z.int().min(0),
})

/** The content of `--report`, which is checked before it is written. */
export const reportSchema = z.object({
  command: z.enum(['demo', 'simulate', 'join']),
  cohort: z.object({
    id: z.string(),
    /** The number of peers. */
    peers: z.int().min(1),
    faults: z.int().min(0),
    protocol: z.string(),
    /** Who hears whom, in gossip; absent where all hear all. */
    topology: z.string().optional(),
    synchrony: z.string(),
    /** How many vectors an iteration waits for, where the cohort has chosen. */
    quorum: z.int().min(1).optional(),
    schedule: z.string(),
    exchange: z.enum(['digest-first', 'whole']),
    /** Of the gradients that travel. */
    precision: z.enum(precisions),
    localSteps: z.int().min(1),
    /** Of the first iteration on gradients; absent: the protocol's own. */
    gradientRule: z.string().optional(),
    model: z.string(),
    batch: z.number(),
    rate: z.number(),
    momentum: z.number(),
    steps: z.int(),
    seed: z.int(),
  }),
  seed: z.int(),
  byzantine: z.object({ peers: z.array(peer), attack: z.string().nullable() }),
  /** Null where the gradients come from an --oracle that was given no --data. */
  data: z.string().nullable(),
  partition: z.string(),
  /** The number of steps that all honest peers of this report completed. */
  steps: z.int().min(0),
  /** `finished`, or why the run did not finish. */
  outcome: z.enum(['finished', 'diverged', 'interrupted', 'out of time', 'stuck', 'failed']),
  honest: z.array(honestSchema),
  accuracy: z.object({ min: z.number().nullable(), mean: z.number().nullable() }),
  /** Honest diameters: of γ and θ after the last step measured, of θ after the first one and the last one. */
  diameter: z.object({
    gradient: amount.nullable(),
    parameters: amount.nullable(),
    first: amount.nullable(),
    last: amount.nullable(),
    /** `last` over the norm of the mean of the honest parameters. */
    relative: amount.nullable(),
  }),
  /**
   * How far the honest peers' gradients lie apart before they agree, as they send them: `squared` is ζ², their mean squared
   * distance from their mean, at each measured step, thinned out beyond a thousand. Absent where peers exchange none.
   */
  heterogeneity: z
    .object({
      mean: amount,
      last: amount,
      series: z.array(z.object({ step: z.int(), squared: amount, diameter: amount })),
    })
    .optional(),
  /** Steps from one measured step to the next, 0 for the last alone; absent where each was measured. */
  measureEvery: z.int().min(0).optional(),
  /** The number of messages that all peers of this report sent. */
  messages: amount,
  bytes: amount,
  wallSeconds: amount,
  /** The time from the first gradient to the last honest peer's end. */
  learningSeconds: amount.nullable(),
  virtualSeconds: amount.optional(),
  trace: z.string().optional(),
  /** The faults and recoveries in the simulated world, in order; absent if there were none. */
  timeline: z.array(timelineSchema).optional(),
  faults: z.array(z.object({ peer: peer.nullable(), kind: z.string(), count: z.int().min(1) })),
  violations: z.array(z.string()),
  /** A simulated run of the same cohort, data and attack with plain averaging. */
  contrast: z
    .object({
      protocol: z.string(),
      accuracy: z.object({ min: z.number().nullable(), mean: z.number().nullable() }),
      diameter: amount.nullable(),
    })
    .optional(),
})

/** A run's report, as `--report` writes it. */
export type Report = z.infer<typeof reportSchema>
type HonestReport = z.infer<typeof honestSchema>
export type EventLoopDelays = z.infer<typeof delaysSchema>

export function cohortSummary(cohort: Cohort, id: string): Report['cohort'] {
  const { faults, topology, synchrony, schedule, model, batch, rate, momentum, steps, seed } = cohort
  const { exchange = 'whole', precision = 'f32', localSteps = 1, gradientRule, quorum } = cohort
  return {
    id,
    peers: cohort.members.length,
    faults,
    protocol: protocolText(cohort),
    ...(topology !== undefined && { topology: topologyText(topology) }),
    synchrony,
    ...(quorum !== undefined && { quorum }),
    schedule,
    exchange,
    precision,
    localSteps,
    ...(gradientRule !== undefined && { gradientRule }),
    model,
    batch,
    rate,
    momentum,
    steps,
    seed,
  }
}

/** The data that a peer was told to learn from; null where it is the default, which a program of the user's never sees. */
export function reportedData({ model }: Pick<Cohort, 'model'>, data: string): string | null {
  return model === EXTERNAL_MODEL && data === 'digits' ? null : data
}

export function accuracyOf(honest: readonly Pick<HonestReport, 'accuracy'>[]): Report['accuracy'] {
  const known = honest.flatMap(({ accuracy }) => (accuracy === null ? [] : [accuracy]))
  if (known.length === 0) return { min: null, mean: null }
  return { min: Math.min(...known), mean: meanOf(known) }
}

/** The metrics as a report has them. */
export function reportedMetrics(metrics: Metrics | null): HonestReport['metrics'] {
  if (metrics?.kind === 'numbers') return { ...metrics, rmse: finiteOrNull(metrics.rmse) }
  return metrics && { ...metrics, recall: [...metrics.recall] }
}

/** What was asked of a peer beside its accuracy: how far a back door has come, and what it would have learnt alone. */
export function reportedExtras(
  own: Evaluation | null,
  alone: Evaluation | null | undefined,
): Pick<HonestReport, 'triggerRate' | 'alone'> {
  const { triggerRate, accuracy = null } = own ?? {}
  const gain =
    accuracy === null || alone == null || alone.accuracy === null ? null : accuracy - alone.accuracy
  return {
    ...(triggerRate !== undefined && { triggerRate }),
    ...(alone && { alone: { loss: finiteOrNull(alone.loss), accuracy: alone.accuracy, gain } }),
  }
}

/** The measured steps as a report has them; absent if none was. */
export function reportedHeterogeneity(
  points: NonNullable<Report['heterogeneity']>['series'],
): Pick<Report, 'heterogeneity'> {
  const last = points.at(-1)
  if (last === undefined || !points.every(({ squared }) => Number.isFinite(squared))) return {}
  const every = Math.ceil(points.length / SERIES_POINTS_MAX)
  const series = points.filter((_, place) => place % every === 0)
  return {
    heterogeneity: { mean: meanOf(points.map(({ squared }) => squared)), last: last.squared, series },
  }
}

/** A series as a report has it; absent if nothing was evaluated on the way. */
export function reportedSeries(points: readonly SeriesPoint[]): Pick<HonestReport, 'series'> {
  if (points.length === 0) return {}
  return {
    series: points.map(({ step, loss, accuracy, metrics, triggerRate, agreed }) => ({
      step,
      loss: finiteOrNull(loss),
      accuracy,
      metrics: reportedMetrics(metrics),
      ...(triggerRate !== undefined && { triggerRate }),
      ...(agreed && { agreed }),
    })),
  }
}

/** Faults counted per peer and kind, sorted by peer; null stands for strangers. */
export function tally(
  faults: readonly {
    readonly peer: PeerIndex | null
    readonly kind: Fault['kind']
    readonly count?: number
  }[],
): Report['faults'] {
  const counts = new Map<string, Report['faults'][number]>()
  for (const { peer, kind, count = 1 } of faults) {
    const key = `${peer} ${kind}`
    counts.set(key, { peer, kind, count: (counts.get(key)?.count ?? 0) + count })
  }
  return [...counts.values()].sort((a, b) => (a.peer ?? -1) - (b.peer ?? -1) || (a.kind < b.kind ? -1 : 1))
}

/** Null where a peer has none: one whose loss is not finite is in no mean. */
export function meanLoss(honest: readonly Pick<HonestReport, 'loss'>[]): number | null {
  const losses = honest.map(({ loss }) => loss ?? Number.NaN)
  return losses.length === 0 ? null : finiteOrNull(meanOf(losses))
}

/** Numbers that have overflowed are not reported. */
export function finiteOrNull(value: number | null): number | null {
  return Number.isFinite(value) ? value : null
}

/** Writes the file whole or not at all. @throws the system's error if it cannot write there */
export async function writeReport(path: string, report: Report): Promise<void> {
  await writeOutput(path, `${jsonText(reportSchema.parse(report))}\n`)
}

/** Of one value or more. Of equal ones it is that value: a sum of them, divided, may be off in the last digit. */
export function meanOf(values: readonly number[]): number {
  const [first] = values
  if (values.every(value => value === first)) return first!
  return values.reduce((a, b) => a + b, 0) / values.length
}
