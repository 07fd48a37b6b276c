/**
 * Batch sizes over the steps. The theorem on LEARN asks that the variance of the gradients vanish
 * (collaborative-learning, Theorem 1), which a growing batch brings about: `σ_t = σ/√b_t`.
 */

/** How the batch grows with the step. */
export type BatchSchedule =
  | { readonly kind: 'constant' }
  /** `⌈b·t^power⌉` examples at step `t`. */
  | { readonly kind: 'growing'; readonly power: number }

/** Examples in a batch of step `t ≥ 1`. */
export type BatchSize = (step: number) => number

/** Largest batch that is ever asked for: more examples would change nothing but the time. */
export const BATCH_MAX = 1_000_000

/** A batch schedule cannot be read. `message` lists what can be said. */
export class BatchScheduleError extends Error {
  override readonly name = 'BatchScheduleError'
  readonly code = 'BATCH_SCHEDULE'
}

/** Examples in the batch of each step, from the first one's: `⌈batch · t^power⌉` where it grows. */
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
