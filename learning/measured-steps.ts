/**
 * When the members of a cohort agree on metrics. At the beginning of a measured step `t` they evaluate `θ_t`, the
 * parameters after `t − 1` steps. After the last step `T` comes a step `T + 1`, which has nothing but this agreement, on
 * the parameters that the run returns.
 *
 * The agreement belongs to the step at which its members stand, so links, windows, recovery and the journal need no rule
 * of their own for it: what a step needs is kept, sent again and caught up with by step.
 */

/** How long a cohort learns, and how often it measures; `evaluateEvery` absent: never. */
interface MeasuredRun {
  /** `T`. */
  readonly steps: number
  readonly evaluateEvery?: number | undefined
}

/** The last step with an agreement. A peer that has finished stands one step further. */
export function lastStep({ steps, evaluateEvery }: MeasuredRun): number {
  return evaluateEvery === undefined ? steps : steps + 1
}

/** Whether the members agree on metrics of `θ_step`. Before the first step there is nothing to measure yet. */
export function isMeasured(step: number, { steps, evaluateEvery }: MeasuredRun): boolean {
  if (evaluateEvery === undefined || step < 2 || step > steps + 1) return false
  return step === steps + 1 || (step - 1) % evaluateEvery === 0
}
