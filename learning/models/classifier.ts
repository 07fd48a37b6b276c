/** What every classifier makes of its logits: cross-entropy and hits. */
import type { Jax, Model, Tensor } from './model.ts'

/** `Σ_rows −log softmax(logits)[label]`. Padding rows have no label, hence no loss. */
function crossEntropySum(jax: Jax, logits: Tensor, targets: Tensor): Tensor {
  return jax.nn.logSoftmax(logits, -1).mul(targets).sum().neg()
}

/** Rows whose greatest logit is the label's; padding rows are none. */
function countHits(jax: Jax, logits: Tensor, targets: Tensor): Tensor {
  const { numpy } = jax
  const labelled = targets.ref.sum(-1)
  const right = numpy.equal(numpy.argmax(logits, -1), numpy.argmax(targets, -1))
  return numpy.where(right, labelled, 0).sum()
}

export const classification: Pick<Model, 'lossSum' | 'hits'> = { lossSum: crossEntropySum, hits: countHits }
