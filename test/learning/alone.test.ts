/** What a member learns alone is plain descent on its own gradients, as its part in the cohort would be. */
import test from 'ava'
import { learnAlone } from '../../learning/alone.ts'
import type { GradientRequest } from '../../learning/oracle.ts'

const settings = {
  steps: 4,
  momentum: 0.5,
  clip: null,
  weightDecay: 0.1,
  rate: (step: number) => 0.2 / step,
  batch: (step: number) => 8 * step,
}

/** Of `‖x − c‖²/2`, where `c` depends on the number of the gradient, so that each batch counts once. */
function oracle() {
  const asked: GradientRequest[] = []
  return {
    asked,
    async gradient(request: GradientRequest) {
      asked.push(request)
      const gradient = request.parameters.map((x, i) => x - (i + 1) * request.step)
      return { gradient, loss: 0 }
    },
  }
}

const start = Float32Array.of(3, -1)

/** From the definition, in 64 bits. */
function expected(steps: number, localSteps: number): number[] {
  let [x, m] = [[...start], null as number[] | null]
  for (let step = 1; step <= steps; step++)
    for (let local = 0; local < localSteps; local++) {
      const number = (step - 1) * localSteps + local + 1
      const g = x.map((value, i) => value - (i + 1) * number + 0.1 * value)
      m = g.map((value, i) => 0.5 * (m === null ? 0 : m[i]!) + 0.5 * value)
      x = x.map((value, i) => value - (0.2 / step) * m![i]!)
    }
  return x
}

const isNear = (actual: Float32Array | null, wanted: readonly number[]) =>
  actual !== null && wanted.every((value, i) => Math.abs(actual[i]! - value) < 1e-5)

test('it descends with decay and momentum, with the batches and rates of the steps', async t => {
  const own = oracle()
  t.true(isNear(await learnAlone(own, start, settings), expected(4, 1)))
  t.deepEqual(
    own.asked.map(({ step, batch }) => [step, batch]),
    [1, 2, 3, 4].map(step => [step, 8 * step]),
  )
  t.deepEqual([...start], [3, -1], 'the start stays')
})

test('local steps are so many more steps', async t => {
  const own = oracle()
  t.true(isNear(await learnAlone(own, start, { ...settings, steps: 2, localSteps: 3 }), expected(2, 3)))
  t.deepEqual(
    own.asked.map(({ step }) => step),
    [1, 2, 3, 4, 5, 6],
  )
})

test('the parameters of a drawn step, those in a box, and none where they are not finite', async t => {
  t.true(isNear(await learnAlone(oracle(), start, { ...settings, outputStep: 3 }), expected(2, 1)))
  const box = { low: -0.4, high: 0.4 }
  t.deepEqual([...(await learnAlone(oracle(), start, { ...settings, box }))!], [...Float32Array.of(0.4, 0.4)])
  t.is(await learnAlone(oracle(), start, { ...settings, rate: () => 1e39 }), null)
})
