/** A cohort as the question to `bounds`. */
import type { BoundsQuery } from '../../agreement/bounds.ts'
import type { Cohort } from './cohort.ts'

export type BoundedCohort = Pick<Cohort, 'protocol' | 'faults' | 'synchrony' | 'quorum'>

/** What decides the guarantees of a cohort, of any dimension. */
export function boundsQuery(cohort: BoundedCohort & Pick<Cohort, 'members'>): BoundsQuery {
  return boundsQueryOf(cohort, cohort.members.length)
}

/** The same where the members are not named yet. */
export function boundsQueryOf(
  { protocol, faults, synchrony, quorum }: BoundedCohort,
  peers: number,
): BoundsQuery {
  return { protocol, peers, maxFaulty: faults, synchrony, ...(quorum !== undefined && { quorum }) }
}

/** How many of the other peers' vectors an iteration does without. */
export function spareVectors(cohort: BoundedCohort & Pick<Cohort, 'members'>): number {
  return cohort.quorum === undefined ? cohort.faults : cohort.members.length - cohort.quorum
}
