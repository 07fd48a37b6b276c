/** What a model's outputs say: the class or the number that it predicts for each row, and how good that is. */
import type { Dataset } from '../data/dataset.ts'
import { classMetrics, type Metrics, numberMetrics } from './metrics.ts'

/** How a model's outputs are read: `classes` by the greatest of a row, or by the sign of a single one. */
export type Predicts = 'classes' | 'numbers'

/**
 * @param outputs one row for each example of the data set, one behind the other; the same number of values in each
 * @param indices of the data set's examples, in the order of the rows
 */
export function measure(
  predicts: Predicts,
  outputs: Float32Array,
  dataset: Dataset,
  indices: ArrayLike<number>,
): Metrics {
  const of = (all: ArrayLike<number>) => Float64Array.from(indices, index => all[index]!)
  if (predicts === 'numbers') {
    const { mean, deviation } = dataset.targetScale ?? { mean: 0, deviation: 1 }
    return numberMetrics(
      of(dataset.values!),
      outputs.map(output => output * deviation + mean),
    )
  }
  const width = outputs.length / indices.length
  return classMetrics({
    labels: of(dataset.labels),
    predicted: Float64Array.from(indices, (_, row) => classOf(outputs, row, width)),
    scores:
      dataset.classes === 2 ? Float64Array.from(indices, (_, row) => scoreOf(outputs, row, width)) : null,
    classes: dataset.classes,
    names: dataset.classNames,
  })
}

/** The first of the greatest values; of a single score its side, where exactly 0 is class 0. */
export function classOf(outputs: ArrayLike<number>, row: number, width: number): number {
  if (width === 1) return outputs[row]! > 0 ? 1 : 0
  let best = 0
  for (let i = 1; i < width; i++) if (outputs[row * width + i]! > outputs[row * width + best]!) best = i
  return best
}

/** How much class 1 is meant rather than class 0. */
function scoreOf(outputs: ArrayLike<number>, row: number, width: number): number {
  return width === 1 ? outputs[row]! : outputs[2 * row + 1]! - outputs[2 * row]!
}
