/** What a metric's name says of it: whether more is better, and how its values are written. */
import { bytesText, numberText } from '../../page/app/chart/format.ts'

export type Better = 'higher' | 'lower'

/** Shares in [0, 1], of which more is better. */
const share = /accuracy|precision|recall|f1|auroc|auc/i
/** Of these more is better too. */
const more = /^r2|^stepsDone|^gain|score/i

/** By the name: more accuracy is better, and less of anything else (loss, distance, bytes, time). */
export function betterOf(metric: string): Better {
  return share.test(metric) || more.test(metric) ? 'higher' : 'lower'
}

export function isShare(metric: string): boolean {
  return share.test(metric) || /^(triggerRate|gain)/.test(metric)
}

/** The name with its unit, as titles and axes have it. */
export function labelOf(metric: string): string {
  return isShare(metric) ? `${metric} (%)` : metric
}

/** A value in the unit of `labelOf`: shares as per cent with one decimal, bytes with their unit, else three digits. */
export function textOf(metric: string, value: number | null): string {
  if (value === null) return '–'
  if (isShare(metric)) {
    // The last digits are those of rounding: they must not decide between 74.5 and 74.6.
    const text = Number((100 * value).toPrecision(12)).toFixed(1)
    return text.replace(/^-0\.0$/, '0.0').replace('-', '−')
  }
  if (/bytes/i.test(metric)) return bytesText(value)
  return numberText(Number(value.toPrecision(3)))
}

/** Texts of an axis's ticks: without decimals where all are whole. */
export function tickTexts(metric: string, ticks: readonly number[]): readonly string[] {
  const texts = ticks.map(tick => textOf(metric, tick))
  return texts.every(text => /^−?\d+\.0$/.test(text)) ? texts.map(text => text.replace('.0', '')) : texts
}

/** Half of an interval, behind its mean: two digits say all that is known of it. */
export function halfText(metric: string, half: number): string {
  return `± ${textOf(metric, isShare(metric) ? half : Number(half.toPrecision(2)))}`
}

/** The metrics that figures and tables begin with: what the honest peers have learnt, then the rest in the rows' order. */
export function inOrderOfUse(metrics: readonly string[]): readonly string[] {
  const first = [
    ...['accuracyMean', 'accuracyMin', 'accuracy', 'rmseMean', 'rmseMax', 'lossMean', 'loss'],
    'diameterParameters',
  ]
  const rest = metrics.filter(name => !first.includes(name))
  const base = (name: string) => name.replace(/(Mean|Min|Max)$/, '')
  const bases = [...new Set(rest.map(base))]
  const isWorst = (name: string) => (/M(in|ax)$/.test(name) ? 1 : 0)
  // The mean before the worst peer's.
  rest.sort((a, b) => bases.indexOf(base(a)) - bases.indexOf(base(b)) || isWorst(a) - isWorst(b))
  return [...first.filter(name => metrics.includes(name)), ...rest]
}
