/** LEARN's agreements on metrics: when they take place, that no step waits for them, and that the end does. */
import test from 'ava'
import type { Phase } from '../../agreement/message.ts'
import { METRICS_DIMENSION } from '../../learning/evaluation/agreed.ts'
import { createLearn } from '../../learning/learn.ts'
import type { LearnInput, LearnOptions, LearnOutput } from '../../learning/learn-contract.ts'
import { isMeasured, lastStep } from '../../learning/measured-steps.ts'
import { runNetwork, seal, testLedger } from '../agreement/harness.ts'
import { answering, learnOptions } from './support.ts'

const STEPS = 5

function optionsOf(changes: Partial<LearnOptions> = {}): LearnOptions {
  return learnOptions({ peers: 4, maxFaulty: 0, dimension: 2, steps: STEPS, evaluateEvery: 2, ...changes })
}

type Answer = (step: number, self: number) => Float32Array | null

const figures = (value: number) => new Float32Array(METRICS_DIMENSION).fill(value)

/** Four peers with constant gradients. An answer of null keeps the evaluation back. */
function run(
  answer: Answer,
  changes: Partial<LearnOptions> = {},
  instead: (output: LearnOutput, self: number) => LearnInput | null = () => null,
) {
  const protocols = [0, 1, 2, 3].map(self => {
    const learn = createLearn(optionsOf({ ...changes, self, ledger: testLedger() }))
    const answered = answering(learn, output => {
      if (output.kind === 'need-gradient')
        return { kind: 'gradient', step: output.step, gradient: Float32Array.of(1, self) }
      const other = instead(output, self)
      if (other !== null) return other
      const vector = output.kind === 'need-metrics' ? answer(output.step, self) : null
      return output.kind !== 'need-metrics' || vector === null
        ? null
        : { kind: 'metrics', step: output.step, vector }
    })
    return { learn, ...answered }
  })
  const result = runNetwork<LearnInput, LearnOutput>({
    protocols,
    inputs: () => ({ kind: 'start' }),
    seed: 1,
  })
  return { ...result, learners: protocols.map(({ learn }) => learn) }
}

const agreedOn = (outputs: readonly LearnOutput[]) =>
  outputs.flatMap(output =>
    output.kind === 'averaged' && output.phase === 'metrics' ? [[output.step, output.vector[0]]] : [],
  )

test('a cohort measures after every so many steps and after the last, and never at the start', t => {
  const measured = (steps: number, evaluateEvery?: number) =>
    Array.from({ length: 12 }, (_, step) => step).filter(step => isMeasured(step, { steps, evaluateEvery }))
  t.deepEqual(measured(5, 2), [3, 5, 6])
  t.deepEqual(measured(6, 2), [3, 5, 7])
  t.deepEqual(measured(3, 1), [2, 3, 4])
  t.deepEqual(measured(3, 100), [4])
  t.deepEqual(measured(3), [])
  t.is(lastStep({ steps: 5 }), 5)
  t.is(lastStep({ steps: 5, evaluateEvery: 3 }), 6)
})

test('all agree on the same figures, near their own', t => {
  const { outputs, faults } = run((step, self) => figures(step + self))
  for (const its of outputs)
    t.deepEqual(agreedOn(its), [
      [3, 4.5],
      [5, 6.5],
      [6, 7.5],
    ])
  t.deepEqual(faults.flat(), [])
})

test('no step waits for an evaluation, but the end does', t => {
  const { outputs, learners } = run(step => (step > STEPS ? null : figures(1)))
  for (const [self, learn] of learners.entries()) {
    t.deepEqual(learn.status(), { step: STEPS + 1, phase: 'metrics', computing: true, waitingFor: [] })
    t.false(outputs[self]!.some(({ kind }) => kind === 'finished'))
  }
  const between = run(step => (step > STEPS ? figures(1) : null))
  for (const its of between.outputs) {
    t.deepEqual(agreedOn(its), [[6, 1]])
    t.is(its.filter(({ kind }) => kind === 'finished').length, 1)
  }
})

for (const exchange of ['whole', 'digest-first'] as const)
  test(`vectors ${exchange}: figures that come while this peer still evaluates a past step are not lost`, t => {
    // The others give those of step 3 in step 5; peer 3 has its own in step 6.
    const late = (step: number, self: number) => step === (self === 3 ? 6 : 5)
    const { outputs } = run(
      () => null,
      { exchange },
      (output, self) =>
        output.kind === 'need-metrics' && late(output.step, self)
          ? { kind: 'metrics', step: 3, vector: figures(3 + self) }
          : null,
    )
    for (const its of outputs) t.deepEqual(agreedOn(its), [[3, 4.5]])
  })

test('a peer has finished only once the cohort has agreed on the last figures', t => {
  const { outputs, learners } = run((step, self) => (step > STEPS && self === 3 ? null : figures(1)))
  t.deepEqual(learners[0]!.status(), {
    step: STEPS + 1,
    phase: 'metrics',
    computing: false,
    waitingFor: [3],
  })
  t.false(outputs.some(its => its.some(({ kind }) => kind === 'finished')))
  t.true(outputs[0]!.some(output => output.kind === 'stepped' && output.state.step === STEPS + 1))
})

test('what is measured last is what the run returns', t => {
  const asked: Float32Array[] = []
  const { outputs } = run(() => figures(0), { outputStep: 2 })
  for (const output of outputs[0]!)
    if (output.kind === 'need-metrics' && output.step > STEPS) asked.push(output.parameters)
  const finished = outputs[0]!.find(output => output.kind === 'finished')
  t.is(asked.length, 1)
  t.true(finished?.kind === 'finished')
  if (finished?.kind === 'finished') t.is(asked[0], finished.parameters)
})

test('metrics of a step that has none, and anything else after the last step, are a fault', t => {
  const faultAt = (step: number, phase: Phase, changes: Partial<LearnOptions> = {}) => {
    const start = { step: 4, parameters: new Float32Array(2), momentum: null }
    const learn = createLearn(optionsOf({ start, ...changes }))
    learn.input({ kind: 'start' })
    const slot = { step, phase, iteration: 0, sender: 1 }
    const vector = phase === 'metrics' ? figures(1) : new Float32Array(2)
    return learn.receive(1, { kind: 'vector', slot, sealed: seal(vector) }).faults.map(({ kind }) => kind)
  }
  for (const step of [3, 5, 6]) t.deepEqual(faultAt(step, 'metrics'), [])
  for (const step of [0, 1, 2, 4, 7, 2.5]) t.deepEqual(faultAt(step, 'metrics'), ['out-of-range'], `${step}`)
  for (const phase of ['gradient', 'parameters'] as const) {
    t.deepEqual(faultAt(5, phase), [])
    t.deepEqual(faultAt(6, phase), ['out-of-range'])
  }
  t.deepEqual(
    faultAt(3, 'metrics', { start: { step: 4, parameters: new Float32Array(2), momentum: null } }),
    [],
  )
})

test('an agreement on metrics takes vectors of metrics only, and its own must be finite', t => {
  const learn = createLearn(
    optionsOf({ start: { step: 3, parameters: new Float32Array(2), momentum: null } }),
  )
  learn.input({ kind: 'start' })
  const slot = { step: 3, phase: 'metrics', iteration: 0, sender: 1 } as const
  const { faults } = learn.receive(1, { kind: 'vector', slot, sealed: seal(new Float32Array(2)) })
  t.deepEqual(
    faults.map(({ kind }) => kind),
    ['wrong-dimension'],
  )
  t.throws(() => learn.input({ kind: 'metrics', step: 3, vector: figures(Number.NaN) }), {
    instanceOf: TypeError,
  })
  t.throws(() => learn.input({ kind: 'metrics', step: 3, vector: new Float32Array(2) }), {
    instanceOf: TypeError,
  })
  t.is(learn.input({ kind: 'metrics', step: 3, vector: figures(1) }).messages.length, 1)
  t.is(learn.input({ kind: 'metrics', step: 3, vector: figures(2) }).messages.length, 0, 'once')
  t.is(learn.input({ kind: 'metrics', step: 5, vector: figures(2) }).messages.length, 0, 'not asked for')
})
