/**
 * Data of a linear model split over machines: `y = ⟨w, θ*⟩ + ζ`, `w ∼ N(0, I)`, `ζ ∼ N(0, 1)`, loss `½(⟨w, θ⟩ − y)²`
 * (byzantine-gradient-descent, §4). A machine's gradient is `Gθ − b` with its sample covariance `G` and `b`, and
 * nothing else of its samples is kept.
 */
import type { Vector } from '../../agreement/vector.ts'
import { randomStream } from '../random.ts'

interface LinearModelOptions {
  readonly dimension: number
  readonly machines: number
  /** Samples of each machine: `N/m`. */
  readonly samples: number
  readonly seed: number
}

interface LinearModel {
  /** `θ*`, of coordinates ±1. */
  readonly truth: Vector
  /** Of the machine's mean loss over all of its samples. */
  gradient(machine: number, parameters: Vector): Vector
}

export function linearModel({ dimension: d, machines, samples, seed }: LinearModelOptions): LinearModel {
  const random = randomStream(seed, 'linear model', 'truth')
  const truth = Float32Array.from({ length: d }, () => (random.uniform() < 0.5 ? -1 : 1))
  const shares = Array.from({ length: machines }, (_, machine) => drawShare(truth, machine, samples, seed))
  return {
    truth,
    gradient(machine, parameters) {
      const { covariance, response } = shares[machine]!
      return Float32Array.from({ length: d }, (_, i) => {
        let sum = -response[i]!
        for (let j = 0; j < d; j++) sum += covariance[i * d + j]! * parameters[j]!
        return sum
      })
    },
  }
}

function drawShare(truth: Vector, machine: number, samples: number, seed: number) {
  const d = truth.length
  const random = randomStream(seed, 'linear model', machine)
  const covariance = new Float64Array(d * d)
  const response = new Float64Array(d)
  const w = new Float64Array(d)
  for (let sample = 0; sample < samples; sample++) {
    for (let i = 0; i < d; i++) w[i] = random.normal()
    let y = random.normal()
    for (let i = 0; i < d; i++) y += w[i]! * truth[i]!
    for (let i = 0; i < d; i++) {
      response[i]! += (w[i]! * y) / samples
      for (let j = 0; j < d; j++) covariance[i * d + j]! += (w[i]! * w[j]!) / samples
    }
  }
  return { covariance, response }
}
