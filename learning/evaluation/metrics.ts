/**
 * How good predictions are, as a function of predictions and targets alone. Beside each figure stands what a model that
 * has seen no input would reach: naming the most frequent class every time, or the mean of the targets.
 */
import { auroc } from './auroc.ts'

/** How good a model is on examples that it was not trained on. */
export type Metrics = ClassMetrics | NumberMetrics

/** One class, and how many of its examples are found. */
export interface ClassRecall {
  readonly name: string
  /** Examples that are of this class. */
  readonly examples: number
  /** The share of them that is predicted as this class; null if there are none. */
  readonly recall: number | null
}

/** Of predicted classes. Shares are in [0, 1]. */
export interface ClassMetrics {
  readonly kind: 'classes'
  /** The share of all examples that is right. */
  readonly accuracy: number
  /** The mean recall of the classes that occur: each counts the same, however rare it is. */
  readonly balancedAccuracy: number
  /** Macro F1: the mean of `2TP / (2TP + FP + FN)` over the classes that occur or are predicted. */
  readonly f1: number
  /** Two classes: how often class 1's score is higher for an example of class 1 than for one of class 0. Else null. */
  readonly auroc: number | null
  /** By class. */
  readonly recall: readonly ClassRecall[]
  /** What naming the most frequent class every time reaches. */
  readonly baseline: { readonly accuracy: number; readonly balancedAccuracy: number }
}

/** Of predicted numbers. */
export interface NumberMetrics {
  readonly kind: 'numbers'
  /** The root of the mean squared error, in the unit of the targets; infinite if it overflows. */
  readonly rmse: number
  /**
   * The share of the targets' variance that is explained: 1 at best, 0 for the mean of the targets every time, and below
   * 0 for what is worse. Null if all targets are equal, or the errors overflow.
   */
  readonly r2: number | null
}

/** What a classifier says of its examples. */
interface ClassPredictions {
  /** The right class of each example, `0 … classes − 1`. At least one example. */
  readonly labels: ArrayLike<number>
  /** The class that is predicted for each. */
  readonly predicted: ArrayLike<number>
  /** Two classes: for each example a number that is the higher, the more class 1 is meant; null: none. */
  readonly scores: ArrayLike<number> | null
  readonly classes: number
  /** What the classes are called; absent: by their number. */
  readonly names?: readonly string[] | undefined
}

export function classMetrics({ labels, predicted, scores, classes, names }: ClassPredictions): ClassMetrics {
  const actual = new Float64Array(classes)
  const said = new Float64Array(classes)
  const right = new Float64Array(classes)
  for (let i = 0; i < labels.length; i++) {
    actual[labels[i]!]!++
    said[predicted[i]!]!++
    if (labels[i] === predicted[i]) right[labels[i]!]!++
  }
  const recall = Array.from(actual, (examples, label) => ({
    name: names?.[label] ?? String(label),
    examples,
    recall: examples === 0 ? null : right[label]! / examples,
  }))
  const recalls = recall.flatMap(each => each.recall ?? [])
  // TP + FN are the examples of a class, TP + FP those predicted as it.
  const f1 = Array.from(actual, (examples, label) => (2 * right[label]!) / (examples + said[label]!))
  return {
    kind: 'classes',
    accuracy: sum(right) / labels.length,
    balancedAccuracy: mean(recalls),
    f1: mean(f1.filter(value => !Number.isNaN(value))),
    auroc: classes === 2 && scores !== null ? auroc(labels, scores) : null,
    recall,
    baseline: { accuracy: Math.max(...actual) / labels.length, balancedAccuracy: 1 / recalls.length },
  }
}

/** @param targets at least one, and as many predictions */
export function numberMetrics(targets: ArrayLike<number>, predicted: ArrayLike<number>): NumberMetrics {
  const count = targets.length
  const middle = sum(targets) / count
  let squares = 0
  let spread = 0
  for (let i = 0; i < count; i++) {
    squares += (predicted[i]! - targets[i]!) ** 2
    spread += (targets[i]! - middle) ** 2
  }
  const r2 = 1 - squares / spread
  return { kind: 'numbers', rmse: Math.sqrt(squares / count), r2: Number.isFinite(r2) ? r2 : null }
}

/** Balanced accuracy within this much of the baseline's may be chance. */
const CHANCE = 0.02

/** True if a model that has seen no input would do as well. */
export function isNoBetterThanBaseline(metrics: Metrics): boolean {
  if (metrics.kind === 'numbers') return metrics.r2 !== null && metrics.r2 <= 0
  const { accuracy, balancedAccuracy, baseline } = metrics
  // A model that gives a rare class its due may have a lower accuracy than one that never names it.
  return accuracy <= baseline.accuracy && balancedAccuracy <= baseline.balancedAccuracy + CHANCE
}

function sum(values: ArrayLike<number>): number {
  let total = 0
  for (let i = 0; i < values.length; i++) total += values[i]!
  return total
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length
}
