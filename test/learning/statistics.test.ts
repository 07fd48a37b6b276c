/** LEARN with statistics: step 1 agrees on them, and nothing moves them afterwards. (In the swarm, peers that catch up take them over.) */
import test from 'ava'
import type { Message } from '../../agreement/message.ts'
import type { Vector } from '../../agreement/vector.ts'
import { createLearn } from '../../learning/learn.ts'
import type { LearnEffects, LearnInput, LearnOptions, LearnOutput } from '../../learning/learn-contract.ts'
import { agreeingFirst } from '../../learning/schedule.ts'
import { runNetwork, seal } from '../agreement/harness.ts'
import { answering, learnOptions } from './support.ts'

/** Two parameters, and behind them two statistics. */
const D = 4
const S = 2
const statisticsOf = (vector: Vector) => [...vector.subarray(D - S)]

function optionsOf(own: readonly number[], changes: Partial<LearnOptions> = {}): LearnOptions {
  return learnOptions({
    protocol: 'rb-tm',
    peers: 4,
    maxFaulty: 1,
    dimension: D,
    statistics: S,
    steps: 6,
    start: { step: 1, parameters: Float32Array.of(3, -3, ...own), momentum: null },
    ...changes,
  })
}

/**
 * Gradients pull every coordinate, statistics too: what an oracle says of those is not to matter.
 * @param lies what the last peer says in place of its vectors
 */
function run(
  owns: readonly (readonly number[])[],
  changes: Partial<LearnOptions> = {},
  lies?: (step: number) => Vector,
) {
  const asked = owns.map(() => [] as { step: number; parameters: Vector }[])
  const protocols = owns.map((own, self) => {
    const peer = answering(createLearn(optionsOf(own, { ...changes, self })), output => {
      if (output.kind !== 'need-gradient') return null
      asked[self]!.push(output)
      return { kind: 'gradient', step: output.step, gradient: output.parameters }
    })
    return lies && self === owns.length - 1 ? lying(peer, self, lies) : peer
  })
  const result = runNetwork<LearnInput, LearnOutput>({
    protocols,
    inputs: () => ({ kind: 'start' }),
    seed: 5,
  })
  const finals = result.outputs.map(
    list => list.flatMap(output => (output.kind === 'finished' ? [output.parameters] : []))[0]!,
  )
  const averaged = result.outputs.map(list =>
    list.flatMap(output => (output.kind === 'averaged' ? [`${output.step} ${output.phase}`] : [])),
  )
  return { finals, asked, averaged }
}

/** Says the same lie to everybody: its vectors, and its own votes on them, are of the lie. */
function lying(
  peer: ReturnType<typeof answering>,
  self: number,
  lies: (step: number) => Vector,
): ReturnType<typeof answering> {
  const forged = ({ messages, ...rest }: LearnEffects): LearnEffects => ({
    ...rest,
    messages: messages.map(({ to, message }) => {
      const { slot } = message
      if (slot.sender !== self || slot.phase === 'state') return { to, message }
      const sealed = seal(lies(slot.step))
      if ('sealed' in message) return { to, message: { ...message, sealed } as Message }
      return 'digest' in message ? { to, message: { ...message, digest: sealed.digest } } : { to, message }
    }),
  })
  return {
    input: value => forged(peer.input(value)),
    receive: (from, message) => forged(peer.receive(from, message)),
  }
}

const OWNS = [
  [1, 10],
  [2, 20],
  [3, 30],
  [4, 40],
]

test('step 1 agrees on statistics alone: no gradient is asked for before, and all gradients see what was agreed', t => {
  const { finals, asked, averaged } = run(OWNS)
  for (const [self, requests] of asked.entries()) {
    t.deepEqual(
      requests.map(({ step }) => step),
      [2, 3, 4, 5, 6],
    )
    t.deepEqual(averaged[self]!.slice(0, 2), ['1 parameters', '2 gradient'])
    t.deepEqual([...requests[0]!.parameters.subarray(0, D - S)], [3, -3], 'step 1 moves no parameter')
    for (const { parameters } of requests) t.deepEqual(statisticsOf(parameters), statisticsOf(finals[self]!))
  }
  for (const final of finals) {
    const [first, second] = statisticsOf(final)
    t.true(first! >= 1 && first! <= 4 && second! >= 10 && second! <= 40)
    t.true(Math.abs(final[0]!) < 0.2, 'the parameters have been learnt')
  }
})

test('statistics are agreed on in many iterations: honest members end with the same, whatever one of them sends', t => {
  const plain = optionsOf([0, 0]).schedule
  t.is(agreeingFirst(plain)(1, 'parameters'), 24)
  t.is(agreeingFirst(plain)(2, 'parameters'), 1)
  t.is(agreeingFirst(plain)(1, 'gradient'), 1)
  for (const figure of [-1e9, 0, 2.5, 1e9]) {
    const lie = Float32Array.of(3, -3, figure, figure)
    const { finals } = run(OWNS, { schedule: agreeingFirst(plain) }, () => lie)
    const honest = finals.slice(0, -1).map(statisticsOf)
    for (const figures of honest)
      for (const [i, value] of figures.entries()) {
        t.true(value >= OWNS[0]![i]! && value <= OWNS[2]![i]!, `${value} with a liar's ${figure}`)
        t.true(Math.abs(value - honest[0]![i]!) <= 1e-5 * value, 'all have the same')
      }
  }
})

test('neither gradients, nor decay, momentum, clipping or a box move statistics', t => {
  const { finals, asked } = run(OWNS, {
    weightDecay: 0.1,
    momentum: 0.9,
    clip: 0.5,
    box: { low: -1, high: 1 },
  })
  for (const [self, final] of finals.entries()) {
    t.deepEqual(statisticsOf(final), statisticsOf(asked[self]![0]!.parameters))
    t.true(statisticsOf(final)[1]! >= 10)
  }
})

test('the step whose parameters are returned is never the one before statistics are agreed on', t => {
  const { finals, asked } = run(OWNS, { outputStep: 1 })
  for (const [self, final] of finals.entries()) t.deepEqual(final, asked[self]![0]!.parameters)
})
