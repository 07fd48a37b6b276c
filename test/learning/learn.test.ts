/** LEARN: Algorithm 1 step by step, its options, its windows. */
import test from 'ava'
import type { Message } from '../../agreement/message.ts'
import { diameter, distance, type Vector } from '../../agreement/vector.ts'
import { createLearn } from '../../learning/learn.ts'
import type { LearnInput, LearnOptions, LearnOutput } from '../../learning/learn-contract.ts'
import { createSchedule } from '../../learning/schedule.ts'
import { normals, runNetwork, seal, testLedger } from '../agreement/harness.ts'
import { answering, learnOptions } from './support.ts'

const D = 3
const parameters = new Float32Array(D)

function optionsOf(n: number, f: number, changes: Partial<LearnOptions> = {}): LearnOptions {
  return learnOptions({ peers: n, maxFaulty: f, dimension: D, ...changes })
}

/** A cohort whose losses are ½‖θ − x_j‖²: gradients θ − x_j, answered as soon as they are asked for. */
function quadratics(targets: readonly Vector[], f: number, changes: Partial<LearnOptions> = {}, seed = 1) {
  const n = targets.length
  const asked = targets.map(() => [] as number[])
  const protocols = targets.map((target, self) => {
    const learn = createLearn(optionsOf(n, f, { ...changes, self, ledger: testLedger() }))
    return answering(learn, output => {
      if (output.kind !== 'need-gradient') return null
      asked[self]!.push(output.step)
      return {
        kind: 'gradient',
        step: output.step,
        gradient: output.parameters.map((x, i) => x - target[i]!),
      }
    })
  })
  const result = runNetwork<LearnInput, LearnOutput>({ protocols, inputs: () => ({ kind: 'start' }), seed })
  const finals = result.outputs.flatMap(list =>
    list.flatMap(o => (o.kind === 'finished' ? [o.parameters] : [])),
  )
  return { ...result, finals, asked }
}

const meanOf = (family: readonly Vector[]) =>
  Float32Array.from(family[0]!, (_, i) => family.reduce((sum, v) => sum + v[i]!, 0) / family.length)

test('with no faults LEARN is gradient descent on the mean loss', t => {
  const targets = normals(4, 4, D)
  const { finals } = quadratics(targets, 0, { steps: 30 })
  t.is(finals.length, 4)
  t.true(diameter(finals) < 1e-6)
  t.true(distance(finals[0]!, meanOf(targets)) < 1e-5)
})

test('each peer computes one gradient a step', t => {
  const { asked } = quadratics(normals(5, 7, D), 1, { steps: 6 })
  for (const steps of asked) t.deepEqual(steps, [1, 2, 3, 4, 5, 6])
})

test('all start at the same parameters and end close together, with f = 1 and any order of arrival', t => {
  for (let seed = 0; seed < 10; seed++) {
    const targets = normals(seed, 7, D)
    const { finals } = quadratics(targets, 1, { steps: 25 }, seed)
    t.is(finals.length, 7)
    t.true(diameter(finals) < diameter(targets) / 2)
  }
})

/** One peer alone (n = 1), so that a test sees directly what it does to its own vector. */
function alone(changes: Partial<LearnOptions>, gradients: readonly Vector[]) {
  const learn = createLearn(optionsOf(1, 0, { steps: gradients.length, ...changes }))
  const outputs = [...learn.input({ kind: 'start' }).outputs]
  for (const [i, gradient] of gradients.entries())
    outputs.push(...learn.input({ kind: 'gradient', step: i + 1, gradient }).outputs)
  return outputs
}
const sent = (outputs: readonly LearnOutput[]) =>
  outputs.flatMap(o => (o.kind === 'sealed' && o.slot.phase === 'gradient' ? [[...o.vector]] : []))

test('momentum: m ← βm + (1 − β)g goes into the agreement (RESAM, eq. 5)', t => {
  const outputs = alone({ momentum: 0.5 }, [Float32Array.of(2, 0, 0), Float32Array.of(0, 4, 0)])
  t.deepEqual(sent(outputs), [
    [1, 0, 0],
    [0.5, 2, 0],
  ])
})

test('weight decay, then clipping, then momentum', t => {
  const start = { step: 1, parameters: Float32Array.of(30, 0, 0), momentum: null }
  const outputs = alone({ start, weightDecay: 0.1, clip: 2.5 }, [Float32Array.of(0, 4, 0)])
  const [vector] = sent(outputs)
  t.true(Math.abs(vector![0]! - 1.5) < 1e-6 && Math.abs(vector![1]! - 2) < 1e-6)
})

test('θ_{t+½} = θ_t − η_t·γ_t with the rate of the step', t => {
  const outputs = alone({ rate: step => 1 / step }, [Float32Array.of(1, 0, 0), Float32Array.of(1, 0, 0)])
  const stepped = outputs.flatMap(o => (o.kind === 'stepped' ? [o.state.parameters[0]] : []))
  t.deepEqual(stepped, [-1, -1.5])
})

test('θ_{t+½} is projected onto the box before it goes into the agreement', t => {
  const outputs = alone({ rate: () => 1, box: { low: -1.5, high: 1 } }, [
    Float32Array.of(1, -3, 0),
    Float32Array.of(1, 0, 0),
  ])
  const stepped = outputs.flatMap(o => (o.kind === 'stepped' ? [[...o.state.parameters]] : []))
  t.deepEqual(stepped, [
    [-1, 1, 0],
    [-1.5, 1, 0],
  ])
})

test('the output is the last parameters, or those of the drawn step before its update', t => {
  const ones = Array.from({ length: 4 }, () => Float32Array.of(1, 0, 0))
  const result = (outputStep: number | null) =>
    alone({ rate: () => 1, outputStep }, ones).flatMap(o => (o.kind === 'finished' ? [o.parameters[0]] : []))
  t.deepEqual(result(null), [-4])
  t.deepEqual(result(3), [-2])
  t.deepEqual(result(1).map(Number), [0])
})

test('the drawn step outlives a restart after it', t => {
  const gradient = Float32Array.of(1, 0, 0)
  const changes = { rate: () => 1, outputStep: 2, steps: 4 }
  const first = alone(changes, [gradient, gradient, gradient])
  const states = first.flatMap(o => (o.kind === 'stepped' ? [o.state] : []))
  const again = createLearn(optionsOf(1, 0, { ...changes, start: states[2]! }))
  const outputs = [
    ...again.input({ kind: 'start' }).outputs,
    ...again.input({ kind: 'gradient', step: 4, gradient }).outputs,
  ]
  t.deepEqual(
    outputs.flatMap(o => (o.kind === 'finished' ? [o.parameters[0]] : [])),
    [-1],
  )
  t.false('drawn' in states[0]!, 'before its step nothing is kept')
})

test('schedules: theory runs AVG_⌈log₂ t⌉ and AVG_1, log and practical as stated', t => {
  const query = {
    protocol: 'rb-tm',
    peers: 4,
    maxFaulty: 1,
    synchrony: 'asynchronous',
    iterations: { gradient: 2, parameters: 3 },
    count: 'tight',
  } as const
  const theory = createSchedule({ ...query, schedule: 'theory' })
  // RB-TM: t + ⌈log₂ 3⌉ = t + 2.
  t.deepEqual(
    [1, 2, 3, 4, 5].map(step => theory(step, 'gradient')),
    [2, 3, 4, 4, 5],
  )
  t.is(theory(5, 'parameters'), 3)
  const log = createSchedule({ ...query, schedule: 'log' })
  t.deepEqual(
    [1, 2, 3, 4].map(step => log(step, 'gradient')),
    [1, 2, 2, 3],
  )
  const practical = createSchedule({ ...query, schedule: 'practical' })
  t.deepEqual([practical(9, 'gradient'), practical(9, 'parameters')], [2, 3])
  const hopeless = createSchedule({ ...query, protocol: 'mda', schedule: 'theory' })
  t.throws(() => hopeless(2, 'gradient'), { message: /use practical/ })
})

test('a message too far ahead is a fault, because its sender knows the step; one far too old is dropped', t => {
  const learn = createLearn(
    optionsOf(7, 1, { steps: 100, start: { step: 20, parameters: new Float32Array(D), momentum: null } }),
  )
  learn.input({ kind: 'start' })
  const at = (step: number): Message => ({
    kind: 'vector',
    slot: { step, phase: 'gradient', iteration: 0, sender: 1 },
    sealed: seal(new Float32Array(D)),
  })
  for (const step of [1, 15, 24])
    t.deepEqual(learn.receive(1, at(step)), { messages: [], outputs: [], faults: [] })
  for (const step of [25, 0, -1, 101, 2.5, NaN])
    t.deepEqual(
      learn.receive(1, at(step)).faults.map(({ kind }) => kind),
      ['out-of-range'],
    )
})

test('a gradient that LEARN did not ask for, or that comes twice, changes nothing', t => {
  const learn = createLearn(optionsOf(7, 1))
  learn.input({ kind: 'start' })
  const gradient = new Float32Array(D)
  t.is(learn.input({ kind: 'gradient', step: 2, gradient }).messages.length, 0)
  t.is(learn.input({ kind: 'gradient', step: 1, gradient }).messages.length, 1)
  t.is(learn.input({ kind: 'gradient', step: 1, gradient }).messages.length, 0)
  t.deepEqual(learn.status(), {
    step: 1,
    phase: 'gradient',
    computing: false,
    waitingFor: [1, 2, 3, 4, 5, 6],
  })
})

test('an agreement that ends after this peer has gone elsewhere moves nothing', t => {
  const learn = createLearn(optionsOf(7, 1))
  learn.input({ kind: 'start' })
  const zero = seal(new Float32Array(D))
  learn.input({ kind: 'gradient', step: 1, gradient: new Float32Array(D) })
  for (const peer of [1, 2]) learn.input({ kind: 'missed', peer })
  const say = (phase: 'gradient' | 'state', step: number, sender: number): Message => ({
    kind: 'vector',
    slot: { step, phase, iteration: 0, sender },
    sealed: zero,
  })
  for (const sender of [1, 2, 3, 4, 5]) {
    const slot = { step: 3, phase: 'state', iteration: 0, sender } as const
    learn.receive(sender, { kind: 'position', slot, oldest: 1, completeFrom: 1, seen: null })
  }
  for (const sender of [1, 2, 3, 4, 5]) learn.receive(sender, say('state', 3, sender))
  t.like(learn.status(), { step: 3, computing: true })
  for (const sender of [1, 2, 3, 4, 5])
    t.deepEqual(
      learn.receive(sender, say('gradient', 1, sender)).outputs.filter(({ kind }) => kind === 'averaged'),
      [],
    )
  t.like(learn.status(), { step: 3, phase: 'gradient', computing: true })
  t.is(learn.input({ kind: 'gradient', step: 3, gradient: new Float32Array(D) }).messages.length, 1)
})

test('a peer that comes back after the last step has finished: it waits for nobody there', t => {
  const learn = createLearn(optionsOf(9, 1, { quorum: 7, start: { step: 11, parameters, momentum: null } }))
  const { outputs } = learn.input({ kind: 'start' })
  t.deepEqual(outputs, [{ kind: 'finished', parameters }])
  const before = createLearn(optionsOf(9, 1, { quorum: 7, start: { step: 10, parameters, momentum: null } }))
  t.deepEqual(before.input({ kind: 'start' }).outputs, [])
  t.deepEqual(before.status().waitingFor, [1, 2, 3, 4, 5, 6, 7, 8], 'and does where there is a step to begin')
})

test('a cohort below its bound is refused at once', t => {
  t.throws(() => createLearn(optionsOf(6, 1)), { code: 'BOUND_NOT_MET', message: /6f \+ 1 = 7/ })
  t.notThrows(() => createLearn(optionsOf(6, 1, { unsafe: true })))
})

test('what binds a peer waits until it knows that its memory is whole, and is said then', t => {
  const query = { protocol: 'rb-tm', peers: 4, maxFaulty: 1, synchrony: 'asynchronous' } as const
  const schedule = createSchedule({
    ...query,
    schedule: 'practical',
    iterations: { gradient: 1, parameters: 1 },
    count: 'tight',
  })
  const learn = createLearn(optionsOf(4, 1, { ...query, schedule }))
  const kinds = ({ messages }: { messages: readonly { message: Message }[] }) =>
    messages.map(({ message }) => message.kind)
  t.deepEqual(kinds(learn.input({ kind: 'start', memory: 'unconfirmed' })), ['query'])
  const slot = { step: 1, phase: 'gradient', iteration: 0, sender: 1 } as const
  const vector: Message = { kind: 'vector', slot, sealed: seal(Float32Array.of(1, 2, 3)) }
  t.deepEqual(kinds(learn.receive(1, vector)), [], 'no vote on it yet')
  const position = (from: number): Message => ({
    kind: 'position',
    slot: { step: 1, phase: 'state', iteration: 0, sender: from },
    oldest: 1,
    completeFrom: 1,
    seen: null,
  })
  t.deepEqual(kinds(learn.receive(1, position(1))), [])
  const begun = learn.receive(2, position(2))
  t.deepEqual(kinds(begun), ['echo'])
  t.true(begun.outputs.some(({ kind }) => kind === 'need-gradient'))
  const next: Message = {
    kind: 'vector',
    slot: { ...slot, sender: 2 },
    sealed: seal(Float32Array.of(4, 5, 6)),
  }
  t.deepEqual(kinds(learn.receive(2, next)), ['echo'], 'from now on at once')
})
