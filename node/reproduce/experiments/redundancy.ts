/** approximate-byzantine-fault-tolerance §5, App. J and Theorem 2: regression with six agents, one of them faulty. */
import { aggregator } from '../../../agreement/rules/registry.ts'
import { attackNamed } from '../../../learning/attacks/registry.ts'
import { randomStream } from '../../../learning/random.ts'
import { distanceBetween, farthestMinimum } from '../../../learning/server/exhaustive.ts'
import {
  exhaustive,
  gradientOf,
  lossOf,
  minimiser,
  redundancy as redundancyOf,
} from '../../../learning/server/least-squares.ts'
import { createServer } from '../../../learning/server/server.ts'
import { stepSize } from '../../../learning/step-size.ts'
import { defineExperiment, type Measurement } from '../experiment.ts'
import type { Point } from '../statistics.ts'
import { judge } from './redundancy-findings.ts'
import {
  type RedundancyConfig as Config,
  configurations,
  type DescentConfig,
  honest,
  problem,
  STEPS,
  starts,
} from './redundancy-plan.ts'

export const redundancy = defineExperiment<Config>({
  name: 'redundancy',
  title: 'Approximate fault-tolerance from redundancy',
  source: 'approximate-byzantine-fault-tolerance, §5, Appendix J and Theorem 2',
  summary: 'linear regression, six agents, one faulty: CGE and CWTM end within ε of the honest optimum',
  claim: [
    'Six agents each know one row of a regression in two dimensions; agent 1 is faulty. The costs have (2f, ε)-redundancy with ε = 0.0890, and the honest optimum is x_H = (1.0780, 0.9825).',
    'Gradient descent with CGE or CWTM in place of the average (η = 1.5/(t + 1), W = [−1000, 1000]²) is within ε of x_H after 500 steps, and stays there to step 1,500, whether agent 1 reverses its gradient or sends N(0, 200²); without a filter it does not.',
    'The exhaustive algorithm of Theorem 2 gives a point within 2ε, whatever cost the faulty agent sends.',
  ],
  needsData: false,
  configurations,
  cost: config => (config.kind === 'exhaustive' ? config.faulty / 1000 : 0.1),
  async run(config) {
    if (config.kind === 'redundancy') {
      const [x, y] = minimiser(problem, honest)
      return { numbers: { x: x!, y: y!, epsilon: redundancyOf(problem, 1) }, series: {} }
    }
    return config.kind === 'exhaustive' ? searchExhaustive(config.faulty, config.seed) : descend(config)
  },
  judge,
})

async function descend({ rule, fault, start, steps, seed }: DescentConfig): Promise<Measurement> {
  const target = minimiser(problem, honest)
  const agents = rule === 'fault-free' ? honest : [0, ...honest]
  const server = createServer({
    // If nobody is faulty CGE's sum is the sum of all: this is the descent on Σ Q_i itself, at CGE's own pace.
    rule: aggregator(rule === 'fault-free' ? 'cge-sum' : rule),
    workers: agents.length,
    maxFaulty: rule === 'fault-free' ? 0 : 1,
    liars: rule === 'fault-free' ? [] : [0],
    // This paper reverses without scaling.
    attack: attackNamed(fault, fault === 'random' ? {} : { factor: 1 }),
    start: Float32Array.from(starts[start]),
    gradients: async ({ parameters }, workers) =>
      workers.map(worker => ({ gradient: gradientOf(problem, agents[worker]!, parameters), loss: 0 })),
    rate: stepSize({ kind: 'inverse' }, 1.5),
    batch: () => 1,
    averaging: 0,
    missing: 'eliminated',
    box: { low: -1000, high: 1000 },
    momentum: 0,
    clip: null,
    weightDecay: 0,
    seed,
  })
  const distance: Point[] = []
  const loss: Point[] = []
  let out: readonly number[] = []
  for (let t = 0; t <= steps; t++) {
    if (t > 0) await server.step()
    if (t === STEPS) out = [...server.parameters]
    distance.push([t, distanceBetween(server.parameters, target)])
    loss.push([t, lossOf(problem, honest, server.parameters)])
  }
  const [x, y] = out
  const [atEnd] = distance.slice(-1)
  const numbers = { x: x!, y: y!, distance: distance[STEPS]![1], last: atEnd![1] }
  return { numbers, series: { distance, loss } }
}

/** Theorem 2 holds for every cost of the faulty agent: tries many, and reports the worst. */
function searchExhaustive(faulty: number, seed: number): Measurement {
  const random = randomStream(seed, 'redundancy', 'faulty costs')
  const target = minimiser(problem, honest)
  let worst = 0
  for (let i = 0; i < faulty; i++) {
    const angle = 2 * Math.PI * random.uniform()
    const length = 10 ** (4 * random.uniform() - 2)
    const row = [length * Math.cos(angle), length * Math.sin(angle)]
    const response =
      length * (i % 2 === 0 ? 3 : 0.3) * random.normal() + row[0]! * target[0]! + row[1]! * target[1]!
    const { point } = exhaustive(
      { rows: [row, ...problem.rows.slice(1)], responses: [response, ...problem.responses.slice(1)] },
      1,
    )
    worst = Math.max(worst, distanceBetween(point, target))
  }
  // Nobody lies: then every five of the six are as many honest ones.
  const { point } = exhaustive(problem, 1)
  const everyone = [...problem.rows.keys()]
  const nobody = farthestMinimum(point, 5, agents => minimiser(problem, agents), everyone)
  const [x, y] = point
  return { numbers: { worst, nobody, x: x!, y: y! }, series: {} }
}
