/** The sentences that sum a run up: who agrees, what was learnt, whether anything was guaranteed. */
import { type BoundsQuery, bounds } from '../../../agreement/bounds.ts'
import type { PeerIndex } from '../../../agreement/protocol.ts'
import { percent, significant, whatTheyDid } from './format.ts'

/** What was learnt, beside what can be had without learning. */
export interface Learnt {
  /** Of the worst honest peer. */
  readonly accuracy: number | null
  /** What naming the most frequent class of the test set every time reaches; null where that is not known. */
  readonly majority: number | null
  /** Mean of the honest peers, at the first step and at the end; null where there is none, or it is not finite. */
  readonly firstLoss: number | null
  readonly lastLoss: number | null
}

/** A loss that has grown to so many times its first value is no noise. */
const GROWN = 10

/** True where a peer that has seen no example would do as well. */
function isNothing({ accuracy, majority }: Learnt): boolean {
  return accuracy !== null && majority !== null && accuracy <= majority
}

/** "reach 95.2 %", "have learnt nothing: …". */
export function learntText(learnt: Learnt, isOne: boolean): string {
  const { accuracy, majority } = learnt
  const reach = `${isOne ? 'reaches' : 'reach'} ${percent(accuracy)}`
  if (!isNothing(learnt)) return accuracy === null ? '' : reach
  return `${isOne ? 'has' : 'have'} learnt nothing: ${isOne ? 'it' : 'they'} ${reach}, and naming the most frequent class every time reaches ${percent(majority)}`
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
  const hasFailed = isNothing(verdict) || lossSentence(verdict) !== ''
  const ending = learnt === '' ? '' : isNothing(verdict) ? `, but ${learnt}` : ` and ${learnt}`
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
