/** What is said of a run whose learning has left the finite numbers. */
import { refusalOf } from '../../agreement/refusal.ts'
import type { Divergence } from '../../learning/learn-contract.ts'
import type { Cohort } from '../cohort/cohort.ts'

/** What of a cohort the sentence needs. */
type Settings = Pick<Cohort, 'members' | 'faults' | 'protocol' | 'synchrony' | 'rate' | 'clip'>

/** One sentence or two: the step, the norm, and what to lower. No peer is named, for no peer is at fault. */
export function divergenceSentence({ step, of, norm }: Divergence, cohort: Settings): string {
  const { rate, clip } = cohort
  const size = norm.toExponential(2)
  const what =
    of === 'gradient'
      ? `the gradient of step ${step} is not finite, at parameters of norm ${size}`
      : `the parameters of step ${step} overflow, with an average gradient of norm ${size}`
  return `the learning has diverged: ${what}. ${advice(step, of, rate, clip)}${beyondBound(cohort)}`
}

function advice(step: number, of: Divergence['of'], rate: number, clip: number | null): string {
  if (step === 1 && of === 'gradient')
    return 'No step has been taken yet, so the data, the model or the oracle is the cause, not the rate'
  return rateAdvice(rate, clip)
}

/** What to do where the rate is too high. */
export function rateAdvice(rate: number, clip: number | null): string {
  return `Lower the rate, which is ${rate < 1e6 ? rate : rate.toExponential()}${clip === null ? ', or clip gradients' : ''}`
}

/** Where nothing is guaranteed, the rate need not be the cause. */
function beyondBound({ members, faults, protocol, synchrony }: Settings): string {
  const refusal = refusalOf({ protocol, peers: members.length, maxFaulty: faults, synchrony })
  return refusal === null ? '' : `. A faulty peer may be the cause as well: ${refusal.why}`
}
