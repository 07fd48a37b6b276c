/** A run that leaves the finite numbers: said by the peer that meets it, and blamed on nobody. */
import test from 'ava'
import { aggregate } from '../../agreement/averaging/aggregate.ts'
import { protocolNames } from '../../agreement/bounds.ts'
import { isFiniteVector, type Vector } from '../../agreement/vector.ts'
import { createLearn } from '../../learning/learn.ts'
import type { LearnInput, LearnOptions, LearnOutput } from '../../learning/learn-contract.ts'
import { runNetwork, seal, testLedger } from '../agreement/harness.ts'
import { answering, learnOptions } from './support.ts'

const D = 3
const HUGE = 3e38

function optionsOf(changes: Partial<LearnOptions>): LearnOptions {
  return learnOptions({ peers: 7, maxFaulty: 1, dimension: D, steps: 4, ...changes })
}

/** Peers whose gradients `gradientOf` gives as soon as they are asked for. */
function cohort(
  peers: number,
  gradientOf: (peer: number, step: number, parameters: Vector) => Vector,
  changes: Partial<LearnOptions> = {},
) {
  const learns = Array.from({ length: peers }, (_, self) =>
    createLearn(optionsOf({ peers, self, ledger: testLedger(), ...changes })),
  )
  const protocols = learns.map((learn, self) =>
    answering(learn, output => {
      if (output.kind !== 'need-gradient') return null
      const { step, parameters } = output
      return { kind: 'gradient', step, gradient: gradientOf(self, step, parameters) }
    }),
  )
  const result = runNetwork<LearnInput, LearnOutput>({
    protocols,
    inputs: () => ({ kind: 'start' }),
    seed: 1,
  })
  const divergences = result.outputs.map(list =>
    list.flatMap(output => (output.kind === 'diverged' ? [output.divergence] : [])),
  )
  const sent = result.delivered.flatMap(({ message }) =>
    message.kind === 'vector' ? [message.sealed.vector] : [],
  )
  return { ...result, learns, divergences, sent }
}

test('parameters that overflow in the descent: every peer says so once, nobody sends them, nobody is blamed', t => {
  const { divergences, faults, sent, outputs } = cohort(7, (_, step) => new Float32Array(D).fill(step), {
    rate: step => (step === 3 ? 1e39 : 1),
  })
  for (const own of divergences) t.deepEqual(own, [{ step: 3, of: 'parameters', norm: Math.sqrt(27) }])
  t.deepEqual(faults.flat(), [])
  t.true(sent.length > 0 && sent.every(vector => isFiniteVector(vector)))
  t.false(outputs.flat().some(({ kind }) => kind === 'finished'))
})

for (const [name, gradient] of [
  ['NaN', NaN],
  ['infinite', Infinity],
] as const)
  test(`a gradient that is ${name} is this peer's divergence, with the norm of the parameters; the others go on`, t => {
    const { divergences, faults, sent, outputs, learns } = cohort(7, (peer, step) =>
      Float32Array.of(1, peer === 2 && step === 2 ? gradient : 1, 1),
    )
    t.deepEqual(divergences.flat(), [{ step: 2, of: 'gradient', norm: Math.sqrt(0.75) }])
    t.is(divergences[2]!.length, 1)
    t.deepEqual(faults.flat(), [])
    t.true(sent.every(vector => isFiniteVector(vector)))
    t.is(outputs.flat().filter(({ kind }) => kind === 'finished').length, 6)
    t.deepEqual(learns[2]!.status(), { step: 2, phase: 'diverged', computing: false, waitingFor: [] })
  })

test('more than f that diverge: the others wait for them by name, and blame nobody', t => {
  const { faults, learns } = cohort(7, (peer, step) =>
    new Float32Array(D).fill(peer >= 5 && step === 2 ? NaN : 1),
  )
  t.deepEqual(faults.flat(), [])
  for (const learn of learns.slice(0, 5)) t.like(learn.status(), { step: 2, waitingFor: [5, 6] })
})

test('what weight decay, clipping and momentum make of a gradient is looked at, not the gradient alone', t => {
  const gradient = new Float32Array(D).fill(HUGE)
  const parameters = new Float32Array(D).fill(HUGE)
  const start = { step: 1, parameters, momentum: null }
  const learn = createLearn(optionsOf({ peers: 1, maxFaulty: 0, start, weightDecay: 0.5 }))
  learn.input({ kind: 'start' })
  const { outputs, messages } = learn.input({ kind: 'gradient', step: 1, gradient })
  t.like(outputs[0], { kind: 'diverged', divergence: { step: 1, of: 'gradient' } })
  t.is(outputs.length + messages.length, 1)
})

test('a peer that has diverged answers questions and serves old steps, and goes nowhere', t => {
  const learn = createLearn(optionsOf({}))
  learn.input({ kind: 'start' })
  learn.input({ kind: 'gradient', step: 1, gradient: new Float32Array(D).fill(NaN) })
  const nothing = { messages: [], outputs: [], faults: [] }
  for (const peer of [1, 2, 3]) {
    t.deepEqual(learn.input({ kind: 'missed', peer }), nothing)
    t.deepEqual(learn.input({ kind: 'ahead', peer, ahead: true }), nothing)
  }
  t.deepEqual(learn.input({ kind: 'gradient', step: 1, gradient: new Float32Array(D) }), nothing)
  const at = { step: 3, phase: 'state', iteration: 0 } as const
  const timer = { slot: { ...at, sender: 0 }, purpose: 'recovery' } as const
  t.deepEqual(learn.input({ kind: 'timer', timer }), nothing)
  for (const sender of [1, 2, 3, 4, 5]) {
    const slot = { ...at, sender }
    t.deepEqual(
      learn.receive(sender, { kind: 'position', slot, oldest: 1, completeFrom: 1, seen: null }),
      nothing,
    )
    t.deepEqual(learn.receive(sender, { kind: 'vector', slot, sealed: seal(new Float32Array(D)) }), nothing)
  }
  t.is(learn.status().phase, 'diverged')
  const [answer] = learn.receive(1, { kind: 'query', slot: { ...at, sender: 1 } }).messages
  t.like(answer?.message, { kind: 'position', slot: { step: 1 } })
})

test('a peer that sends what is not finite is at fault, as ever', t => {
  const learn = createLearn(optionsOf({}))
  learn.input({ kind: 'start' })
  const slot = { step: 1, phase: 'gradient', iteration: 0, sender: 3 } as const
  const { faults } = learn.receive(3, {
    kind: 'vector',
    slot,
    sealed: seal(new Float32Array(D).fill(Infinity)),
  })
  t.like(faults[0], { peer: 3, kind: 'not-finite' })
})

test('no protocol’s rule makes anything else than finite vectors of finite ones, however large', t => {
  for (const dimension of [1, 20, 1000])
    for (const signs of [[1], [1, -1], [1, 1, -1]]) {
      const vectors = Array.from({ length: 7 }, (_, peer) =>
        new Float32Array(dimension).fill(signs[peer % signs.length]! * (HUGE + peer * 1e36)),
      )
      for (const protocol of protocolNames)
        t.true(
          aggregate(protocol, { vectors, own: vectors[0]!, maxFaulty: 1, keep: 5 }).every(Number.isFinite),
          `${protocol}, ${dimension} coordinates, signs ${signs}`,
        )
    }
})
