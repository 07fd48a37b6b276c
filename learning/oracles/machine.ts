/** A model ready to run: compiled once for each number of rows, fed with plain arrays. */
import type { Vector } from '../../agreement/vector.ts'
import { type Jax, type Model, splitParameters, type Tensor } from '../models/model.ts'
import { type Matrices, paddedRows, ROWS_MAX } from './batch.ts'
import { reusingKernels } from './jax.ts'

/** The sum of the losses of a batch, and what the model said of its rows; without outputs if it predicts nothing. */
interface Scores {
  readonly loss: number
  readonly outputs: Float32Array
}

/** What these rows add to a batch's mean loss and gradient; the gradient as one array for each parameter, in order. */
export interface GradientShare {
  readonly loss: number
  readonly parts: readonly Float32Array[]
}

/** Parameters in a form that the library can use; must be released. */
export interface Uploaded {
  readonly tensors: readonly Tensor[]
  release(): void
}

export interface Machine {
  readonly model: Model
  /** @throws ModelError on a wrong length */
  upload(parameters: Vector): Uploaded
  /** `masks` as the model's `dropout` requires, `rows × size` each. @param batch examples in the whole batch */
  gradientOf(at: Uploaded, matrices: Matrices, masks: readonly Float32Array[], batch: number): GradientShare
  scoresOf(at: Uploaded, matrices: Matrices): Scores
  /** How many rows at a time are computed for a gradient of a batch of this size. */
  rowsFor(batch: number): number
  /** The same for an evaluation over `left` more examples. */
  rowsToScore(left: number): number
}

export function compileModel(jax: Jax, model: Model): Machine {
  const together = model.rowsTogether
  return {
    model,
    upload(parameters) {
      const tensors = splitParameters(model, parameters).map((part, index) =>
        tensorOf(jax, part, model.parameters[index]!.shape),
      )
      return {
        tensors,
        release() {
          for (const tensor of tensors) tensor.dispose()
        },
      }
    },
    gradientOf: compileGradient(jax, model),
    scoresOf: compileScores(jax, model),
    rowsFor: batch => (together === undefined ? paddedRows(batch) : Math.min(batch, together)),
    // All pieces have one size, so that one compilation serves the whole set; if rows may not be padded, the last piece
    // has its own size.
    rowsToScore: left => (together === undefined ? ROWS_MAX : Math.min(left, together)),
  }
}

/** The library copies the values at once, so views of a shared vector are safe; its type asks for plain buffers. */
function tensorOf(jax: Jax, values: Float32Array, shape: readonly number[]): Tensor {
  return jax.numpy.array(values as Float32Array<ArrayBuffer>, { shape: [...shape] })
}

function batchOf(jax: Jax, { rows, inputs, targets }: Matrices): [Tensor, Tensor] {
  return [
    tensorOf(jax, inputs, [rows, inputs.length / rows]),
    tensorOf(jax, targets, [rows, targets.length / rows]),
  ]
}

function compileGradient(jax: Jax, model: Model): Machine['gradientOf'] {
  type Arguments = [Tensor[], Tensor, Tensor, Tensor[]]
  const loss = (...[parameters, inputs, targets, masks]: Arguments) =>
    model.lossSum(jax, model.outputs(jax, parameters, inputs, masks.length > 0 ? masks : null), targets)
  // Scaled while it is computed: a pass over the gradient afterwards takes a tenth of a small model's time.
  const compiled = jax.jit((weight: Tensor, ...all: Arguments) => {
    const [sum, gradients] = jax.valueAndGrad(loss)(...all)
    return [sum.mul(weight.ref), shared(gradients, weight)] as const
  })
  // The library computes when results are read, so the reading has to happen here.
  return ({ tensors }, matrices, masks, batch) =>
    reusingKernels(() => {
      const [value, gradients] = compiled(
        jax.numpy.array(1 / batch),
        tensors.map(tensor => tensor.ref),
        ...batchOf(jax, matrices),
        masks.map(mask => tensorOf(jax, mask, [matrices.rows, mask.length / matrices.rows])),
      )
      const parts = gradients.map(gradient => gradient.dataSync() as Float32Array)
      return { loss: value.dataSync()[0]!, parts }
    })
}

function shared(gradients: readonly Tensor[], weight: Tensor): Tensor[] {
  const scaled = gradients.map(gradient => gradient.mul(weight.ref))
  weight.dispose()
  return scaled
}

function compileScores(jax: Jax, model: Model): Machine['scoresOf'] {
  const compiled = jax.jit((parameters: Tensor[], inputs: Tensor, targets: Tensor) => {
    const outputs = model.outputs(jax, parameters, inputs, null)
    if (model.predicts === null) return [model.lossSum(jax, outputs, targets)]
    return [model.lossSum(jax, outputs.ref, targets), outputs]
  })
  return ({ tensors }, matrices) =>
    reusingKernels(() => {
      const [loss, outputs] = compiled(
        tensors.map(tensor => tensor.ref),
        ...batchOf(jax, matrices),
      )
      return {
        loss: loss!.dataSync()[0]!,
        outputs: outputs ? (outputs.dataSync() as Float32Array) : new Float32Array(0),
      }
    })
}
