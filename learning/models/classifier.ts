/** What classifiers have in common: cross-entropy of their logits, of which the greatest is the class. */
import type { DataShape } from '../data/dataset.ts'
import { type Jax, type Model, ModelError, type Tensor } from './model.ts'

/** `Σ_rows −log softmax(logits)[label]`. Padding rows have no label, hence no loss. */
function crossEntropySum(jax: Jax, logits: Tensor, targets: Tensor): Tensor {
  return jax.nn.logSoftmax(logits, -1).mul(targets).sum().neg()
}

/** @throws ModelError `MODEL_DATA` if the data has no classes to tell apart. */
export function requireClasses(name: string, { classes }: DataShape): void {
  if (classes < 2)
    throw new ModelError(
      'MODEL_DATA',
      `model ${name} on data with real targets: expected classes, that is integer labels from 0 on; linear-regression:intercept learns real targets`,
    )
}

export const classification: Pick<Model, 'lossSum' | 'predicts'> = {
  lossSum: crossEntropySum,
  predicts: 'classes',
}
