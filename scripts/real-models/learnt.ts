/** What became of a run, of real peers or of one process: losses by step, and what a step cost. */

export interface Evaluation {
  /** 0: before the first step. */
  readonly step: number
  readonly loss: number
  readonly accuracy: number
}

export interface Learnt {
  readonly dimension: number
  /** By step from 1: the mean loss on the workers' own batches. */
  readonly losses: readonly number[]
  /** On the test examples, in order: of peers the mean over the honest ones. */
  readonly evaluations: readonly Evaluation[]
  /** Time a step, at the median. */
  readonly stepSeconds: number
  /** The largest resident size of one peer's process, and of its Python process; null where the system does not say. */
  readonly peakBytes: { readonly peer: number; readonly program: number } | null
}

/** The share of the baseline's fall that the peers must reach. */
const FALL_MIN = 0.8

/** How much of the baseline's fall in test loss the peers reach; null: the baseline's loss does not fall. */
export function shareOfFall(peers: Learnt, baseline: Learnt): number | null {
  const before = baseline.evaluations[0]!.loss
  const last = ({ evaluations }: Learnt) => evaluations.at(-1)!.loss
  const fall = before - last(baseline)
  return fall > 0 ? (before - last(peers)) / fall : null
}

export function fallsAlike(peers: Learnt, baseline: Learnt): boolean {
  return (shareOfFall(peers, baseline) ?? 0) >= FALL_MIN
}
