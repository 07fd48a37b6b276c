/** Local steps: what a peer does by itself before the sum of its gradients is exchanged. */
import test from 'ava'
import { distance, type Vector } from '../../agreement/vector.ts'
import { createLearn } from '../../learning/learn.ts'
import type { Learn, LearnOptions, LearnOutput } from '../../learning/learn-contract.ts'
import { gradientNumber } from '../../learning/local-steps.ts'
import { testLedger } from '../agreement/harness.ts'
import { learnOptions } from './support.ts'

const D = 3
const TARGET = Float32Array.of(3, -2, 0.5)
/** Of a loss that is steeper in some coordinates, with noise that follows from the gradient's number. */
const gradientAt = (parameters: Vector, number: number): Vector =>
  parameters.map((x, i) => (1 + i) * (x - TARGET[i]!) + 0.1 * Math.sin(7 * number + i))

type Ask = Extract<LearnOutput, { kind: 'need-gradient' }>

function peer(changes: Partial<LearnOptions>): Learn {
  return createLearn({
    ...learnOptions({ peers: 1, maxFaulty: 0, dimension: D, ledger: testLedger(), rate: () => 0.05 }),
    ...changes,
  })
}

/** One peer alone, which is answered as its oracle would. */
function alone(steps: number, localSteps: number, changes: Partial<LearnOptions> = {}) {
  const learn = peer({ steps, localSteps, ...changes })
  const all = [...learn.input({ kind: 'start' }).outputs]
  const asks: Ask[] = []
  for (const output of all) {
    if (output.kind !== 'need-gradient') continue
    asks.push(output)
    const { step, local = 0, parameters } = output
    const gradient = gradientAt(parameters, gradientNumber(step, local, localSteps))
    all.push(...learn.input({ kind: 'gradient', step, local, gradient }).outputs)
  }
  const final = all.flatMap(each => (each.kind === 'finished' ? [each.parameters] : []))[0]!
  const sent = all.flatMap(each => (each.kind === 'sealed' && each.slot.phase === 'gradient' ? [each] : []))
  return { asks, final, sent, all }
}

test('a peer alone comes to the same place, in a quarter of the steps', t => {
  for (const changes of [{}, { momentum: 0.9 }, { momentum: 0.5, clip: 1, weightDecay: 0.1 }]) {
    const [plain, local] = [alone(12, 1, changes), alone(3, 4, changes)]
    t.true(distance(plain.final, local.final) < 1e-5)
    t.is(plain.asks.length, local.asks.length)
    for (const [i, ask] of local.asks.entries())
      t.true(distance(ask.parameters, plain.asks[i]!.parameters) < 1e-5)
    t.is(local.sent.length, 3)
  }
})

test('each local step has a number of its own; with one they are the steps', t => {
  const numbers = (localSteps: number) =>
    alone(3, localSteps).asks.map(({ step, local = 0 }) => gradientNumber(step, local, localSteps))
  t.deepEqual(numbers(1), [1, 2, 3])
  t.deepEqual(numbers(4), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  t.false('local' in alone(1, 1).asks[0]!)
})

test('the sum is sent: of vectors that were clipped one by one', t => {
  const learn = peer({ steps: 1, localSteps: 3, clip: 1, rate: () => 0 })
  learn.input({ kind: 'start' })
  const say = (local: number, ...gradient: number[]) =>
    learn.input({ kind: 'gradient', step: 1, local, gradient: Float32Array.from(gradient) }).outputs
  t.deepEqual(
    say(0, 5, 0, 0).map(({ kind }) => kind),
    ['need-gradient'],
  )
  t.deepEqual(
    say(1, 0, 0.5, 0).map(({ kind }) => kind),
    ['need-gradient'],
  )
  const [sealed] = say(2, 0, 0, 2)
  t.deepEqual(sealed?.kind === 'sealed' && [...sealed.vector], [1, 0.5, 1])
})

test('an answer to another local step is none', t => {
  const learn = peer({ steps: 1, localSteps: 2 })
  learn.input({ kind: 'start' })
  const say = (local: number) =>
    learn.input({ kind: 'gradient', step: 1, local, gradient: new Float32Array(D) }).outputs.length
  t.is(say(1), 0)
  t.is(say(0), 1)
  t.is(say(0), 0)
  t.true(say(1) > 1)
})

test('a peer that goes on from its state begins the step again', t => {
  const whole = alone(3, 4, { momentum: 0.9 })
  const start = whole.all.flatMap(each => (each.kind === 'stepped' ? [each.state] : []))[0]!
  const again = alone(3, 4, { momentum: 0.9, start })
  t.deepEqual(again.asks, whole.asks.slice(4))
  t.deepEqual(again.final, whole.final)
})

test('statistics stay where they are, and a box holds local steps', t => {
  const start = { step: 2, parameters: Float32Array.of(1, 1, 7), momentum: null }
  const box = { low: 0.9, high: 1.1 }
  const { asks } = alone(3, 4, { statistics: 1, start, box, weightDecay: 0.5 })
  t.is(asks.length, 8)
  for (const { parameters } of asks) {
    t.is(parameters[2], 7)
    t.true(parameters.subarray(0, 2).every(x => x >= 0.89 && x <= 1.11))
  }
  t.notDeepEqual(asks[1]!.parameters, asks[0]!.parameters)
})

test('a local descent that overflows is a divergence, before it is asked about', t => {
  const learn = peer({ steps: 2, localSteps: 2, rate: () => 1e30 })
  learn.input({ kind: 'start' })
  const { outputs } = learn.input({ kind: 'gradient', step: 1, gradient: Float32Array.of(1e20, 0, 0) })
  t.deepEqual(
    outputs.map(each => each.kind === 'diverged' && each.divergence.of),
    ['parameters'],
  )
  t.is(learn.status().phase, 'diverged')
})
