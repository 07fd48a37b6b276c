/** What every classifier computes from its logits: cross-entropy and hits. */
import type { DataShape } from '../data/dataset.ts'
import { type Jax, type Model, ModelError, type Tensor } from './model.ts'

/** `Σ_rows −log softmax(logits)[label]`. Padding rows have no label, hence no loss. */
function crossEntropySum(jax: Jax, logits: Tensor, targets: Tensor): Tensor {
  return jax.nn.logSoftmax(logits, -1).mul(targets).sum().neg()
}

/** The number of rows whose greatest logit is the label's; padding rows do not count. */
function countHits(jax: Jax, logits: Tensor, targets: Tensor): Tensor {
  const { numpy } = jax
  const labelled = targets.ref.sum(-1)
  const right = numpy.equal(numpy.argmax(logits, -1), numpy.argmax(targets, -1))
  return numpy.where(right, labelled, 0).sum()
}

/** @throws ModelError `MODEL_DATA` if the data has no classes to tell apart. */
export function requireClasses(name: string, { classes }: DataShape): void {
  if (classes < 2)
    throw new ModelError(
      'MODEL_DATA',
      `model ${name} on data with real targets: expected classes, that is integer labels from 0 on`,
    )
}

export const classification: Pick<Model, 'lossSum' | 'hits'> = { lossSum: crossEntropySum, hits: countHits }
