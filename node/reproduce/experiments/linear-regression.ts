/** byzantine-gradient-descent §4: regression over machines, geometric median of means against averaging. */
import { distance } from '../../../agreement/vector.ts'
import { attackNamed } from '../../../learning/attacks/registry.ts'
import { linearModel } from '../../../learning/server/linear-model.ts'
import { createServer } from '../../../learning/server/server.ts'
import { defineExperiment, type Measurement } from '../experiment.ts'
import { ruleOf } from '../rule-key.ts'
import type { Point } from '../statistics.ts'
import { judge } from './linear-regression-findings.ts'
import {
  type LinearRegressionConfig as Config,
  configurations,
  MACHINES,
  ROUNDS,
  START,
} from './linear-regression-plan.ts'

export const linearRegression = defineExperiment<Config>({
  name: 'linear-regression',
  title: 'Byzantine gradient descent on a linear model',
  source: 'byzantine-gradient-descent, §4, Corollary 1',
  summary:
    'the error of the geometric median of means contracts to a floor of order √(dk/N); averaging breaks',
  claim: [
    'Machines hold N samples of a linear model between them; q of them are faulty. Gradient descent with η = ½ on the geometric median of the means of k groups satisfies ‖θₜ − θ*‖ ≤ (½ + √3/4)ᵗ ‖θ₀ − θ*‖ + c√(dk/N).',
    'So the error contracts by at least ½ + √3/4 ≈ 0.933 a round, down to a floor of order √(dk/N). Averaging breaks with a single faulty machine.',
  ],
  needsData: false,
  configurations,
  cost: ({ samples, dimension }) => samples * (dimension / 20) ** 2 + 3000,
  async run(config) {
    return descend(config)
  },
  judge,
})

async function descend(config: Config): Promise<Measurement> {
  const { samples, dimension, groups, faulty, fault, liars, seed } = config
  const model = linearModel({ dimension, machines: MACHINES, samples: samples / MACHINES, seed })
  const start = model.truth.map((value, i) => value + (START / Math.sqrt(dimension)) * (i % 2 === 0 ? 1 : -1))
  const server = createServer({
    rule: ruleOf(config),
    rotating: liars === 'rotating',
    workers: MACHINES,
    maxFaulty: faulty,
    // One in each group, which spoils as many groups as this many machines can.
    liars: Array.from({ length: faulty }, (_, i) => i * (MACHINES / groups)),
    attack: fault === null ? null : attackNamed(fault),
    start,
    gradients: async ({ parameters }, machines) =>
      machines.map(machine => ({ gradient: model.gradient(machine, parameters), loss: 0 })),
    rate: () => 0.5,
    batch: () => 1,
    averaging: 0,
    missing: 'zero',
    box: null,
    momentum: 0,
    clip: null,
    weightDecay: 0,
    seed,
  })
  const error: Point[] = [[0, distance(server.parameters, model.truth)]]
  for (let round = 1; round <= ROUNDS; round++) {
    const { finite } = await server.step()
    if (!finite) break
    error.push([round, distance(server.parameters, model.truth)])
  }
  const last = error.slice(-10).map(([, value]) => value!)
  const floor = error.length <= ROUNDS ? null : last.reduce((a, b) => a + b, 0) / last.length
  return { numbers: { floor, contraction: slowest(error, floor) }, series: { error } }
}

/** The largest ratio of successive errors while they are well above the floor. */
function slowest(error: readonly Point[], floor: number | null): number | null {
  if (floor === null) return null
  let worst: number | null = null
  for (let i = 1; i < error.length; i++) {
    const [before, after] = [error[i - 1]![1]!, error[i]![1]!]
    if (after > 10 * floor) worst = Math.max(worst ?? 0, after / before)
  }
  return worst
}
