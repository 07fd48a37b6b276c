/** Metrics as text: beside accuracy what it hides, and beside both what a model reaches that has seen no input. */

import { shortened } from '../../../learning/data/shortened.ts'
import { type AgreedMetrics, figuresOf } from '../../../learning/evaluation/agreed.ts'
import type { ClassRecall, Metrics } from '../../../learning/evaluation/metrics.ts'
import type { Evaluation } from '../../../learning/oracle.ts'
import { percent, significant } from './format.ts'

/** Classes whose recall is shown; of more, the worst. */
const CLASSES_SHOWN = 12

/** Lines below an accuracy or a loss; none if nothing was measured. */
export function metricsLines(metrics: Metrics | null): readonly string[] {
  if (metrics === null) return []
  if (metrics.kind === 'numbers')
    return [
      `RMSE ${significant(metrics.rmse)}, R² ${significant(metrics.r2)}; the mean of the targets every time has an R² of 0`,
    ]
  const { balancedAccuracy, f1, auroc, recall, baseline } = metrics
  const curve = auroc === null ? '' : `, AUROC ${significant(auroc)}`
  return [
    `balanced accuracy ${percent(balancedAccuracy)}, macro F1 ${significant(f1)}${curve}`,
    `the most frequent class every time: accuracy ${percent(baseline.accuracy)}, balanced ${percent(baseline.balancedAccuracy)}`,
    ...(recall.length === 0 ? [] : [recallText(recall)]),
  ]
}

const NAMES: Readonly<Record<keyof AgreedMetrics, string>> = {
  balancedAccuracy: 'balanced accuracy',
  accuracy: 'accuracy',
  f1: 'macro F1',
  auroc: 'AUROC',
  rmse: 'RMSE',
  r2: 'R²',
}

/**
 * "agreed: balanced accuracy 87.0 % (here 85.0 %, baseline 50.0 %), accuracy …": the cohort's figures, each beside this
 * peer's own, and beside what a model reaches that has seen no input.
 */
export function agreedText(agreed: AgreedMetrics, own: Pick<Evaluation, 'accuracy' | 'metrics'>): string {
  return agreedFigures(agreed, figuresOf(own), own.metrics?.kind === 'classes' ? own.metrics.baseline : {})
}

/** The same where only the figures are known. */
export function agreedFigures(
  agreed: AgreedMetrics,
  own: AgreedMetrics,
  baseline: { readonly accuracy?: number; readonly balancedAccuracy?: number } = {},
): string {
  const figures = (Object.keys(NAMES) as (keyof AgreedMetrics)[]).flatMap(figure => {
    if (agreed[figure] === null) return []
    const isShare = figure === 'accuracy' || figure === 'balancedAccuracy'
    const text = isShare ? percent : significant
    const base = isShare ? baseline[figure] : undefined
    const besides = [`here ${text(own[figure])}`, ...(base === undefined ? [] : [`baseline ${text(base)}`])]
    return [`${NAMES[figure]} ${text(agreed[figure])} (${besides.join(', ')})`]
  })
  return `agreed: ${figures.join(', ')}`
}

function recallText(recall: readonly ClassRecall[]): string {
  const occurring = recall.filter(each => each.recall !== null)
  const isLong = occurring.length > CLASSES_SHOWN
  const shown = isLong
    ? occurring.toSorted((a, b) => a.recall! - b.recall!).slice(0, CLASSES_SHOWN)
    : occurring
  const head = isLong
    ? `recall of the ${CLASSES_SHOWN} worst of ${occurring.length} classes`
    : 'recall by class'
  return `${head}: ${shown.map(({ name, recall: share, examples }) => `${shortened(name)} ${percent(share)} of ${examples}`).join(', ')}`
}

/** The same lines below a table of several peers, whose worst these are. */
export function worstLines(metrics: Metrics | null): readonly string[] {
  return metricsLines(metrics).map((line, place) => (place === 0 ? `worst honest peer: ${line}` : line))
}

/** The worst of several: by balanced accuracy, or by RMSE. Null if there are none. */
export function worstMetrics(all: readonly (Metrics | null)[]): Metrics | null {
  const badness = (metrics: Metrics) =>
    metrics.kind === 'numbers' ? metrics.rmse : 1 - metrics.balancedAccuracy
  return all.reduce((worst, metrics) => {
    if (worst === null || metrics === null) return worst ?? metrics
    return badness(metrics) > badness(worst) ? metrics : worst
  }, null)
}
