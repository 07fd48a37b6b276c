/** A simulated cohort whose learning leaves the finite numbers: it ends, says where, and nobody is blamed. */
import test from 'ava'
import type { Vector } from '../../../agreement/vector.ts'
import type { ModelOracle } from '../../../learning/oracles/jax-oracle.ts'
import { type SimulationResult, simulate } from '../../../node/simulation/simulate.ts'
import { testCohort } from '../cohorts.ts'

const STEPS = 4

/** @param gradientOf of a peer at a step, with parameters that this peer has come to */
function run(
  gradientOf: (peer: number, step: number, parameters: Vector) => number,
  changes: Parameters<typeof testCohort>[0] = {},
): Promise<SimulationResult> {
  const cohort = testCohort({ steps: STEPS, clip: null, momentum: 0, weightDecay: 0, ...changes })
  const oracles = cohort.members.map(
    (_, peer): ModelOracle => ({
      dimension: 2,
      initial: new Float32Array(2),
      parameters: [{ name: 'w', shape: [2] }],
      examples: 1,
      gradient: async ({ step, parameters }) => ({
        gradient: parameters.map(() => gradientOf(peer, step, parameters)),
        loss: 1,
      }),
      evaluate: async () => ({ loss: 0, accuracy: null, metrics: null }),
      close: async () => {},
    }),
  )
  return simulate({
    cohort,
    seed: 5,
    byzantine: { peers: [], attack: null },
    oracles,
    latencyMs: 5,
    gradientMs: 10,
  })
}

test('where all diverge, all say so at the same step', async t => {
  const { diverged, stuck, faults, violations, steps, honest } = await run(() => 3e38, { rate: 1 })
  t.deepEqual(
    diverged.map(({ peer, divergence: { step, of } }) => [peer, step, of]),
    honest.map(peer => [peer, 2, 'parameters']),
  )
  t.deepEqual([stuck, faults, violations], [[], [], []])
  t.is(steps.length, 1, 'the step before is told of')
})

test('up to f that diverge do not keep the others from learning', async t => {
  const { diverged, stuck, faults, violations, parameters } = await run((peer, step) =>
    peer === 3 && step === 2 ? NaN : 1,
  )
  t.deepEqual(
    diverged.map(({ peer }) => peer),
    [3],
  )
  t.deepEqual([stuck, faults, violations], [[], [], []])
  t.is(parameters.filter(vector => vector !== null).length, parameters.length - 1)
})

test('for more than f the others wait by name, and the run ends', async t => {
  const { diverged, stuck, faults, violations, honest } = await run((peer, step) =>
    peer < 2 && step === 2 ? Infinity : 1,
  )
  t.deepEqual(
    diverged.map(({ peer }) => peer),
    [0, 1],
  )
  t.deepEqual(
    stuck.map(({ peer, step, waitingFor }) => [peer, step, waitingFor]),
    honest.slice(2).map(peer => [peer, 2, [0, 1]]),
  )
  t.deepEqual([faults, violations], [[], []])
})
