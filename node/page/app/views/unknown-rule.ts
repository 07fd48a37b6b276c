/** What is said where it is not known how much of each vector a rule has let in. */
import { isAlone } from '../../apply.ts'
import type { RunDocument } from '../../run.ts'

/** Null where it is known, or nothing has been averaged so far. */
export function unknownRuleText(run: RunDocument): string | null {
  const hasEnded = run.marks.some(
    ({ kind, phase }) => kind === 'iterated' && (isAlone(run) || phase === 'gradient'),
  )
  if (run.weights.length > 0 || !hasEnded) return null
  const first = run.about.settings.find(([name]) => name === 'gradient rule')?.[1]
  return first === undefined
    ? "How much of each vector entered is known of the rules of Concord's protocols. This run has another rule."
    : `Gradients were first averaged by ${first}, which mixes each vector with others. How much of each entered is not counted.`
}
