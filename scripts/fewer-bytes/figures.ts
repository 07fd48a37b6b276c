/** What is kept of a run's report. */
import { z } from 'zod'

const reportSchema = z.object({
  accuracy: z.object({ mean: z.number() }),
  bytes: z.number(),
  violations: z.array(z.string()).max(0, 'a run without violations'),
  honest: z.array(z.object({ series: z.array(z.object({ step: z.number(), accuracy: z.number() })) })).min(1),
})

/** One run: the mean over its honest peers of the accuracy on the test set, at the end and on the way. */
export interface Run {
  readonly accuracy: number
  /** Sent by all peers together. */
  readonly bytes: number
  readonly series: readonly { readonly step: number; readonly accuracy: number }[]
}

/** By case. */
export type Figures = Readonly<Record<string, Run>>

/** @throws ZodError for something else than the report of a run without violations */
export function runOf(report: unknown): Run {
  const { accuracy, bytes, honest } = reportSchema.parse(report)
  const series = honest[0]!.series.map(({ step }, place) => {
    const sum = honest.reduce((total, peer) => total + peer.series[place]!.accuracy, 0)
    return { step, accuracy: Number((sum / honest.length).toFixed(4)) }
  })
  return { accuracy: Number(accuracy.mean.toFixed(4)), bytes, series }
}
