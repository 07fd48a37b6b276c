/**
 * Batch sizes over the steps. The theorem on LEARN requires that the variance of the gradients vanishes
 * (collaborative-learning, Theorem 1). A growing batch achieves that: `σ_t = σ/√b_t`.
 */

/** How the batch grows with the step. */
export type BatchSchedule =
  | { readonly kind: 'constant' }
  /** `⌈b·t^power⌉` examples at step `t`. */
  | { readonly kind: 'growing'; readonly power: number }

/** Examples in a batch of step `t ≥ 1`. */
export type BatchSize = (step: number) => number

/** The largest batch that is ever requested: more examples would change nothing but the time. */
export const BATCH_MAX = 1_000_000

/** A batch schedule cannot be read. `message` lists the valid ones. */
export class BatchScheduleError extends Error {
  override readonly name = 'BatchScheduleError'
  readonly code = 'BATCH_SCHEDULE'
}

/** The number of examples in the batch of each step, given that of the first: `⌈batch · t^power⌉` if it grows. */
export function batchSize(schedule: BatchSchedule, batch: number): BatchSize {
  if (schedule.kind === 'constant') return () => batch
  return step => Math.min(BATCH_MAX, Math.ceil(batch * step ** schedule.power))
}

/** `constant`, `growing` (with the step), or `growing:0.5` (with its root). @throws BatchScheduleError */
export function parseBatchSchedule(text: string): BatchSchedule {
  if (text === 'constant') return { kind: 'constant' }
  if (text === 'growing') return { kind: 'growing', power: 1 }
  const power = Number(/^growing:([0-9.]+)$/.exec(text)?.[1])
  if (power > 0 && power <= 4) return { kind: 'growing', power }
  throw new BatchScheduleError(
    `batch schedule '${text}': expected constant, growing (b·t examples at step t), or growing:POWER such as growing:0.5`,
  )
}
