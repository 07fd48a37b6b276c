/** The sentences that sum a run up: who agrees, what was learnt, whether anything was guaranteed. */
import { type BoundsQuery, bounds } from '../../../agreement/bounds.ts'
import type { PeerIndex } from '../../../agreement/protocol.ts'
import { type AgreedMetrics, withAgreed } from '../../../learning/evaluation/agreed.ts'
import { isNoBetterThanBaseline, type Metrics } from '../../../learning/evaluation/metrics.ts'
import type { Evaluation } from '../../../learning/oracle.ts'
import { percent, significant, whatTheyDid } from './format.ts'

type Judged = Pick<Evaluation, 'accuracy' | 'metrics'>

/** An evaluation as it is judged: by the cohort's figures where it has agreed on some, which no liar has moved far. */
export function judged({
  accuracy,
  metrics,
  agreed,
}: Judged & { readonly agreed?: AgreedMetrics | null }): Judged {
  if (!agreed) return { accuracy, metrics }
  return { accuracy: agreed.accuracy, metrics: metrics && withAgreed(metrics, agreed) }
}

/** What was learnt, beside what can be had without learning. */
export interface Learnt {
  /** Of the worst honest peer. */
  readonly accuracy: number | null
  /** Of the worst honest peer; null if nothing but loss and accuracy is known. */
  readonly metrics: Metrics | null
  /** Mean of the honest peers, at the first step and at the end; null where there is none, or it is not finite. */
  readonly firstLoss: number | null
  readonly lastLoss: number | null
}

/** A loss that has grown to so many times its first value is no noise. */
const GROWN = 10

/** "have learnt nothing: …" where a model that has seen no input would do as well; null otherwise. */
export function nothingText(
  { accuracy, metrics }: Pick<Learnt, 'accuracy' | 'metrics'>,
  isOne: boolean,
): string | null {
  if (metrics === null || !isNoBetterThanBaseline(metrics)) return null
  const have = `${isOne ? 'has' : 'have'} learnt nothing`
  if (metrics.kind === 'numbers')
    return `${have}: ${isOne ? 'its' : 'their'} R² is ${significant(metrics.r2)}, and naming the mean of the targets every time has 0`
  const they = isOne ? 'it reaches' : 'they reach'
  return `${have}: ${they} ${percent(accuracy)}, and naming the most frequent class every time reaches ${percent(metrics.baseline.accuracy)}`
}

/** "reach 95.2 %", "reach an R² of 0.9", "have learnt nothing: …"; empty if only the loss is known. */
export function learntText(learnt: Learnt, isOne: boolean): string {
  const { accuracy, metrics } = learnt
  const reach = isOne ? 'reaches' : 'reach'
  const nothing = nothingText(learnt, isOne)
  if (nothing !== null) return nothing
  if (metrics?.kind === 'numbers')
    return metrics.r2 === null ? '' : `${reach} an R² of ${significant(metrics.r2)}`
  if (accuracy === null) return ''
  if (metrics === null || accuracy > metrics.baseline.accuracy) return `${reach} ${percent(accuracy)}`
  const { balancedAccuracy, baseline } = metrics
  return `${reach} ${percent(accuracy)}, balanced ${percent(balancedAccuracy)} (the most frequent class every time: ${percent(baseline.accuracy)}, balanced ${percent(baseline.balancedAccuracy)})`
}

/** Where the loss has grown far beyond its first value, or beyond all numbers. */
export function lossSentence({ firstLoss, lastLoss }: Learnt): string {
  if (firstLoss === null || (lastLoss !== null && lastLoss <= GROWN * firstLoss)) return ''
  const to = lastLoss === null ? 'what is not finite' : significant(lastLoss)
  return ` The loss went from ${significant(firstLoss)} to ${to}: the learning diverges.`
}

interface Verdict extends Learnt {
  readonly honest: number
  readonly diameter: number | null
  readonly relative: number | null
  readonly liars: readonly PeerIndex[]
  /** Completes "peer 6 …". */
  readonly did: string | null
  /** Why nothing is guaranteed; null where something is. */
  readonly unguaranteed: string | null
}

/** "6 honest peers agree within 0.01 (0.1 % of the parameters' norm) and reach 95.2 %, although peer 6 sent …." */
export function verdictSentence(verdict: Verdict): string {
  const { honest, diameter, relative, liars, did, unguaranteed } = verdict
  const share = relative === null ? '' : ` (${percent(relative)} of the norm of the parameters)`
  const agreed = diameter === 0 ? 'agree exactly' : `agree within ${significant(diameter)}${share}`
  const agree = honest === 1 ? '1 honest peer is done' : `${honest} honest peers ${agreed}`
  const lie = liars.length === 0 || did === null ? null : whatTheyDid(liars, did)
  const learnt = learntText(verdict, honest === 1)
  const isNothing = nothingText(verdict, honest === 1) !== null
  const hasFailed = isNothing || lossSentence(verdict) !== ''
  const ending = learnt === '' ? '' : isNothing ? `, but ${learnt}` : ` and ${learnt}`
  const although = lie === null ? '' : hasFailed ? `; ${lie}` : `, although ${lie}`
  const nothing = unguaranteed === null ? '' : ` Nothing is guaranteed here: ${unguaranteed}.`
  return `${agree}${ending}${although}.${lossSentence(verdict)}${nothing}`
}

/** Why a protocol guarantees nothing with so many liars; null where its guarantees hold. */
export function whyUnguaranteed(query: BoundsQuery, liars: number): string | null {
  const { feasible, why } = bounds(query)
  if (!feasible) return why
  const { maxFaulty, peers } = query
  if (liars <= maxFaulty) return null
  return `${liars} of ${peers} peers are Byzantine, and it is to tolerate f = ${maxFaulty}`
}
