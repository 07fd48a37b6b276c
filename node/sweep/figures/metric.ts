/** What a metric's name says of it: whether more is better, and how its values are written. */
import { bytesText, numberText } from '../../page/app/chart/format.ts'

export type Better = 'higher' | 'lower'

/** Shares in [0, 1], of which more is better. */
const share = /accuracy|precision|recall|f1|auroc|auc/i
/** Of these more is better too. */
const more = /^r2|^stepsDone|score/i

/** By the name: more accuracy is better, and less of anything else (loss, distance, bytes, time). */
export function betterOf(metric: string): Better {
  return share.test(metric) || more.test(metric) ? 'higher' : 'lower'
}

export function isShare(metric: string): boolean {
  return share.test(metric)
}

/** The name with its unit, as titles and axes have it. */
export function labelOf(metric: string): string {
  return isShare(metric) ? `${metric} (%)` : metric
}

/** A value in the unit of `labelOf`: shares as per cent with one decimal, bytes with their unit, else three digits. */
export function textOf(metric: string, value: number | null): string {
  if (value === null) return '–'
  if (isShare(metric)) return (100 * value).toFixed(1).replace('-', '−')
  if (/bytes/i.test(metric)) return bytesText(value)
  return numberText(Number(value.toPrecision(3)))
}

/** The metrics that figures begin with: what the worst honest peer has learnt, then the rest in the rows' order. */
export function inOrderOfUse(metrics: readonly string[]): readonly string[] {
  const first = [
    ...['accuracyMin', 'accuracyMean', 'accuracy', 'rmseMax', 'rmseMean', 'lossMean', 'loss'],
    'diameterParameters',
  ]
  return [...first.filter(name => metrics.includes(name)), ...metrics.filter(name => !first.includes(name))]
}
