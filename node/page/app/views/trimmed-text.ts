/** What is said of the figure of trimmed coordinates. */
import type { Plane, RunDocument } from '../../run.ts'
import { countText } from '../chart/format.ts'

/** A rule may trim fewer than the cohort's most faulty: of vectors that are missing, as many may be those of liars. */
export function trimmedText({ about }: RunDocument, { points, sampled }: Plane): string {
  const trimmed = Math.round(points.reduce((sum, { low }) => sum + (low ?? 0), 0))
  if (trimmed === 0)
    return `Nothing was trimmed: ${about.peers.length - points.length} of ${about.peers.length} vectors were missing, and at most ${about.maxFaulty} may lie.`
  const place = (end: string) => (trimmed === 1 ? `the ${end}` : `among the ${trimmed} ${end}`)
  const counted = sampled === null ? '' : `, counted in ${countText(sampled, 'coordinate')}`
  return `The share of the coordinates in which a vector was ${place('lowest')} (to the left) or ${place('highest')} (to the right)${counted}.`
}
