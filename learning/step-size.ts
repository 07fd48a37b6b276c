/** Step sizes over the steps: constant, `c/(t + 1)`, by milestones. */

/** How the step size shrinks with the step. */
export type StepSizeSchedule =
  | { readonly kind: 'constant' }
  /** `c/(t + 1)` for `t = 0, 1, …`: `c` at the first step (approximate-byzantine-fault-tolerance, App. J.3). */
  | { readonly kind: 'inverse' }
  /** Multiplied by `factor` after each of the steps named. */
  | { readonly kind: 'milestones'; readonly factor: number; readonly after: readonly number[] }

/** `η` of step `t ≥ 1`. */
export type StepSize = (step: number) => number

/** A step size schedule cannot be read. `message` lists the valid ones. */
export class StepSizeError extends Error {
  override readonly name = 'StepSizeError'
  readonly code = 'STEP_SIZE'
}

/** The step size `η_t` of each step, given that of the first. */
export function stepSize(schedule: StepSizeSchedule, rate: number): StepSize {
  switch (schedule.kind) {
    case 'constant':
      return () => rate
    case 'inverse':
      return step => rate / step
    case 'milestones':
      return step => rate * schedule.factor ** schedule.after.filter(milestone => step > milestone).length
  }
}

/**
 * `constant`, `inverse`, or `milestones:0.1@300,600` (a tenth after step 300, a hundredth after step 600).
 * @throws StepSizeError
 */
export function parseStepSize(text: string): StepSizeSchedule {
  if (text === 'constant' || text === 'inverse') return { kind: text }
  const match = /^milestones:([0-9.]+(?:e-?\d+)?)@(\d+(?:,\d+)*)$/.exec(text)
  const factor = Number(match?.[1])
  const after = match?.[2]?.split(',').map(Number) ?? []
  const ascending = after.every((step, i) => step >= 1 && (i === 0 || step > after[i - 1]!))
  if (match === null || !(factor > 0 && factor < Infinity) || !ascending)
    throw new StepSizeError(
      `step size schedule '${text}': expected constant, inverse (c/(t + 1)), or milestones:FACTOR@STEP,STEP,… such as milestones:0.1@300,600`,
    )
  return { kind: 'milestones', factor, after }
}
