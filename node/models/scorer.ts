/** A finished model ready to run: rows of inputs in, what the model says of them out. */
import { exampleSize } from '../../learning/data/dataset.ts'
import { classOf } from '../../learning/evaluation/predictions.ts'
import { loadJax } from '../../learning/oracles/jax.ts'
import { compileModel } from '../../learning/oracles/machine.ts'
import type { UsableModel } from './usable-model.ts'

/** What is said of one example. */
export interface Prediction {
  /** The class's index, or the number in the target's units. */
  readonly value: number
  /** Probabilities by class, or scores: one for each class, of two classes only that of the second. Numbers have none. */
  readonly shares: Float64Array
}

export interface Scorer {
  /** Values in one row of inputs. */
  readonly size: number
  /** How many rows at a time; the last piece may have fewer. */
  readonly rows: number
  /**
   * @param inputs `rows × size`, of which the first `count` rows count
   * @returns one for each of them
   */
  score(inputs: Float32Array, count: number): readonly Prediction[]
  close(): void
}

export async function openScorer({ model, shape, vector, says }: UsableModel): Promise<Scorer> {
  const machine = compileModel(await loadJax(), model)
  const at = machine.upload(vector)
  const size = exampleSize(shape.shape)
  const targetWidth = shape.classes === 0 ? 2 : shape.classes
  return {
    size,
    rows: machine.rowsToScore(Number.POSITIVE_INFINITY),
    score(inputs, count) {
      const rows = machine.rowsToScore(count)
      const targets = new Float32Array(rows * targetWidth)
      const { outputs } = machine.scoresOf(at, { rows, inputs: inputs.subarray(0, rows * size), targets })
      const width = outputs.length / rows
      return Array.from({ length: count }, (_, row) => {
        const own = outputs.subarray(row * width, (row + 1) * width)
        if (says.kind === 'number')
          return { value: own[0]! * says.deviation + says.mean, shares: new Float64Array(0) }
        const shares = says.kind === 'probabilities' ? softmax(own) : Float64Array.from(own)
        return { value: classOf(outputs, row, width), shares }
      })
    },
    close: () => at.release(),
  }
}

/** `exp(z_i) / Σ exp(z_j)`, after the greatest is subtracted. */
function softmax(logits: Float32Array): Float64Array {
  const most = Math.max(...logits)
  const powers = Float64Array.from(logits, logit => Math.exp(logit - most))
  const sum = powers.reduce((total, power) => total + power, 0)
  return powers.map(power => power / sum)
}
