/** approximate-byzantine-fault-tolerance, Table 1: which of its end points follow from which runs. */
import test from 'ava'
import { aggregator } from '../../../agreement/rules/registry.ts'
import type { Attack } from '../../../learning/attacks/attack.ts'
import { attackNamed } from '../../../learning/attacks/registry.ts'
import { distanceBetween } from '../../../learning/server/exhaustive.ts'
import { gradientOf, minimiser } from '../../../learning/server/least-squares.ts'
import { createServer } from '../../../learning/server/server.ts'
import { stepSize } from '../../../learning/step-size.ts'
import { honest, problem, STEPS, starts } from '../../../node/reproduce/experiments/redundancy-plan.ts'

async function cwtm(start: keyof typeof starts, attack: Attack | null, seed = 1): Promise<readonly number[]> {
  const server = createServer({
    rule: aggregator('cwtm'),
    workers: 6,
    maxFaulty: 1,
    liars: [0],
    attack,
    start: Float32Array.from(starts[start]),
    gradients: async ({ parameters }, workers) =>
      workers.map(worker => ({ gradient: gradientOf(problem, worker, parameters), loss: 0 })),
    rate: stepSize({ kind: 'inverse' }, 1.5),
    batch: () => 1,
    averaging: 0,
    box: { low: -1000, high: 1000 },
    momentum: 0,
    clip: null,
    weightDecay: 0,
    seed,
  })
  for (let step = 0; step < STEPS; step++) await server.step()
  return [...server.parameters]
}

test('CWTM under random faults agrees with Table 1: 0.00151 is within a deviation of the mean', async t => {
  const target = minimiser(problem, honest)
  const away: number[] = []
  for (let seed = 1; seed <= 20; seed++)
    away.push(distanceBetween(await cwtm('App. J', attackNamed('random'), seed), target))
  const mean = away.reduce((a, b) => a + b, 0) / away.length
  const deviation = Math.sqrt(away.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (away.length - 1))
  t.true(Math.abs(mean - 1.51e-3) < deviation, `${mean} ± ${deviation}`)
})

test('the CWTM point printed for gradient-reverse lies between two runs in which agent 1 is not reversed', async t => {
  const [first, second] = [await cwtm('App. J', null), await cwtm('§5', null)]
  const printed = [1.0645, 0.9924]
  for (const [i, value] of printed.entries()) {
    const [low, high] = [Math.min(first[i]!, second[i]!), Math.max(first[i]!, second[i]!)]
    t.true(low <= value && value <= high, `${low} ≤ ${value} ≤ ${high}`)
  }
  const reversed = await cwtm('App. J', attackNamed('gradient-reverse', { factor: 1 }))
  t.true(distanceBetween(reversed, printed) > 0.02)
})
