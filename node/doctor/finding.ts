/** What the doctor finds: one sentence on how it is, and, where it is not well, one on what to do. */

type Verdict = 'ok' | 'warning' | 'failed'

export interface Finding {
  /** What was looked at: `identity`, `ports`, `peer bob`. */
  readonly check: string
  readonly verdict: Verdict
  /** Short and stable, for programs: `peer-down`, `other-cohort`. `ok` where all is well. */
  readonly cause: string
  /** How it is. */
  readonly says: string
  /** What to do; null where nothing has to be done. */
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
