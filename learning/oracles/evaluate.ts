/** Evaluation: loss and metrics of parameters on examples, in pieces of rows that the machine has compiled. */
import type { Dataset } from '../data/dataset.ts'
import { measure } from '../evaluation/predictions.ts'
import type { Evaluation } from '../oracle.ts'
import { type Alterations, gatherRows } from './batch.ts'
import type { Machine, Uploaded } from './machine.ts'

/**
 * @param indices which of the data set's examples, at least one
 * @param alterations of the examples, by their place in `indices`
 */
export function evaluateOn(
  machine: Machine,
  at: Uploaded,
  dataset: Dataset,
  indices: Uint32Array,
  alterations: Alterations = {},
): Evaluation {
  const count = indices.length
  const { predicts } = machine.model
  let loss = 0
  let outputs = new Float32Array(0)
  for (let from = 0; from < count; ) {
    const rows = machine.rowsToScore(count - from)
    const scores = machine.scoresOf(at, gatherRows(dataset, indices, from, rows, alterations))
    loss += scores.loss
    const width = scores.outputs.length / rows
    if (from === 0) outputs = new Float32Array(count * width)
    // The last piece may end in padding.
    outputs.set(scores.outputs.subarray(0, (count - from) * width), from * width)
    from += rows
  }
  const metrics = predicts === null ? null : measure(predicts, outputs, dataset, indices)
  return { loss: loss / count, accuracy: metrics?.kind === 'classes' ? metrics.accuracy : null, metrics }
}

/** Every example of a data set, in order. */
export function allOf({ labels }: Dataset): Uint32Array {
  return Uint32Array.from(labels, (_, index) => index)
}
