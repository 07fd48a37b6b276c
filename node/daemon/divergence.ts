/** What is said of a run whose learning has left the finite numbers. */
import { refusalOf } from '../../agreement/refusal.ts'
import type { Divergence } from '../../learning/learn-contract.ts'
import { boundsQuery } from '../cohort/bounds-query.ts'
import type { Cohort } from '../cohort/cohort.ts'

/** What of a cohort the sentence needs. */
type Settings = Pick<Cohort, 'members' | 'faults' | 'protocol' | 'synchrony' | 'quorum' | 'rate' | 'clip'>

/**
 * The step, the norm, and what to lower. No peer is named, because the sentence cannot tell which one is at fault.
 * @param unguaranteed why nothing is guaranteed; null where something is. Default: as far as the cohort itself says
 */
export function divergenceSentence(
  { step, of, norm }: Divergence,
  cohort: Settings,
  unguaranteed = beyondBound(cohort),
): string {
  const { rate, clip } = cohort
  const size = norm.toExponential(2)
  const what =
    of === 'gradient'
      ? `the gradient of step ${step} is not finite, at parameters of norm ${size}`
      : `the parameters of step ${step} overflow, with an average gradient of norm ${size}`
  const first = 'No step has been taken yet, so the data, the model or the oracle is the cause, not the rate'
  const advice = step === 1 && of === 'gradient' ? first : rateAdvice(rate, clip)
  // Nobody else's vectors are in a peer's first gradient.
  if (advice === first || unguaranteed === null) return `the learning has diverged: ${what}. ${advice}`
  const nothing = `Nothing is guaranteed here: ${unguaranteed}. A faulty peer may be the cause`
  return `the learning has diverged: ${what}. ${nothing}. If none is, ${advice.replace('Lower', 'lower')}`
}

/** What to do where the rate is too high. */
export function rateAdvice(rate: number, clip: number | null): string {
  return `Lower the rate, which is ${rate < 1e6 ? rate : rate.toExponential()}${clip === null ? ', or clip gradients' : ''}`
}

function beyondBound(settings: Settings): string | null {
  return refusalOf(boundsQuery(settings))?.why ?? null
}
