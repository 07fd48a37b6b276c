/** Error feedback: what rounding takes from a gradient is in the next one, across restarts, and not after catching up. */
import test from 'ava'
import fc from 'fast-check'
import { roundedTo } from '../../agreement/precision.ts'
import type { Vector } from '../../agreement/vector.ts'
import { fedBack } from '../../learning/error-feedback.ts'
import { createLearn } from '../../learning/learn.ts'
import type { LearnOptions, LearnOutput, LearnState } from '../../learning/learn-contract.ts'
import { normals, seal, testLedger } from '../agreement/harness.ts'
import { position, stateSlot } from './recovery/support.ts'
import { learnOptions } from './support.ts'

const D = 300

test('all that was sent, and the residual, are all gradients', t => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 1, max: 12 }), (seed, count) => {
      const gradients = normals(seed, count, D)
      const sums = { sent: new Float64Array(D), given: new Float64Array(D) }
      let residual: Vector | null = null
      for (const gradient of gradients) {
        const fed = fedBack(gradient, residual, 'int8')
        residual = fed.residual
        for (let i = 0; i < D; i++) {
          sums.sent[i]! += fed.sent[i]!
          sums.given[i]! += gradient[i]!
        }
      }
      return sums.sent.every((sent, i) => Math.abs(sent + residual![i]! - sums.given[i]!) < 1e-5)
    }),
    { numRuns: 40 },
  )
  t.pass()
})

test('what is too small beside the rest of its block arrives all the same', t => {
  const gradient = Float32Array.of(1, 0.001)
  let residual: Vector | null = null
  let [with_, without] = [0, 0]
  for (let i = 0; i < 100; i++) {
    const fed = fedBack(gradient, residual, 'int8')
    residual = fed.residual
    with_ += fed.sent[1]!
    without += roundedTo(gradient, 'int8')[1]!
  }
  t.is(without, 0)
  t.true(Math.abs(with_ - 0.1) < 0.01)
})

/** One peer alone. @returns what it sends, and the states that it reaches */
function alone(gradients: readonly Vector[], changes: Partial<LearnOptions> = {}) {
  const options = learnOptions({ peers: 1, maxFaulty: 0, dimension: D, steps: 9, ledger: testLedger() })
  const learn = createLearn({ ...options, precision: 'int8', ...changes })
  const outputs: LearnOutput[] = [...learn.input({ kind: 'start' }).outputs]
  for (const gradient of gradients)
    outputs.push(...learn.input({ kind: 'gradient', step: learn.status().step, gradient }).outputs)
  const sent = outputs.flatMap(each =>
    each.kind === 'sealed' && each.slot.phase === 'gradient' ? [each.vector] : [],
  )
  const states = outputs.flatMap((each): LearnState[] => (each.kind === 'stepped' ? [each.state] : []))
  return { sent, states }
}

test('LEARN sends what it says: rounded, with the residual of the step before', t => {
  const gradients = normals(3, 4, D)
  const { sent } = alone(gradients)
  let residual: Vector | null = null
  for (const [step, gradient] of gradients.entries()) {
    const fed = fedBack(gradient, residual, 'int8')
    residual = fed.residual
    t.deepEqual(sent[step], fed.sent)
  }
})

test('momentum runs on what was not rounded', t => {
  const [first, second] = normals(4, 2, D)
  const { states } = alone([first!, second!], { momentum: 0.5 })
  t.deepEqual(
    states[0]!.momentum,
    first!.map(x => x / 2),
  )
})

test('a peer that goes on from its state sends what it would have sent', t => {
  const gradients = normals(5, 4, D)
  const whole = alone(gradients)
  const start = whole.states[1]!
  t.is(start.step, 3)
  t.truthy(start.residual)
  t.deepEqual(alone(gradients.slice(2), { start }).sent, whole.sent.slice(2))
  const { residual: _, ...forgetful } = start
  t.notDeepEqual(alone(gradients.slice(2), { start: forgetful }).sent, whole.sent.slice(2))
})

test('a peer that catches up leaves its residual behind, as its momentum', t => {
  const [parameters, momentum, residual] = normals(7, 3, D) as [Vector, Vector, Vector]
  const options = learnOptions({ peers: 7, maxFaulty: 1, dimension: D, steps: 100, momentum: 0.5 })
  const learn = createLearn({
    ...options,
    precision: 'int8',
    start: { step: 3, parameters, momentum, residual },
  })
  learn.input({ kind: 'start' })
  // More than f can no longer serve it; all others stand at step 20.
  for (const peer of [1, 2, 3]) learn.input({ kind: 'missed', peer })
  const others = [1, 2, 3, 4, 5, 6]
  const asked = others.flatMap(from => learn.receive(from, position(from, 20)).messages)
  const fetched = asked.find(({ message }) => message.kind === 'fetch')!.message.slot.step
  const outputs = others.flatMap(from => {
    const sealed = seal(new Float32Array(D).fill(from))
    return learn.receive(from, { kind: 'vector', slot: stateSlot(from, fetched), sealed }).outputs
  })
  const [state] = outputs.flatMap(each => (each.kind === 'stepped' ? [each.state] : []))
  t.is(state?.step, fetched)
  t.true(fetched > 3)
  t.is(state?.momentum, null)
  t.is(state?.residual, undefined)
})

test('in bfloat16 and in 32 bits there is no residual', t => {
  for (const precision of ['f32', 'bf16'] as const)
    t.is(alone(normals(6, 2, D), { precision }).states[0]!.residual, undefined)
})
