/** A finding of the doctor: one sentence on the state of something and, if it is not well, one on what to do. */

type Verdict = 'ok' | 'warning' | 'failed'

export interface Finding {
  /** What was checked: `identity`, `ports`, `peer bob`. */
  readonly check: string
  readonly verdict: Verdict
  /** Short and stable, for programs: `peer-down`, `other-cohort`. `ok` if all is well. */
  readonly cause: string
  /** The state. */
  readonly says: string
  /** What to do; null if there is nothing to do. */
  readonly todo: string | null
}

export const fine = (check: string, says: string): Finding => ({
  check,
  verdict: 'ok',
  cause: 'ok',
  says,
  todo: null,
})

export const failed = (check: string, cause: string, says: string, todo: string): Finding => ({
  check,
  verdict: 'failed',
  cause,
  says,
  todo,
})

export const warning = (check: string, cause: string, says: string, todo: string): Finding => ({
  check,
  verdict: 'warning',
  cause,
  says,
  todo,
})
