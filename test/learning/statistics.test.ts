/** LEARN with statistics: step 1 agrees on them, nothing moves them afterwards, and who catches up takes them over. */
import test from 'ava'
import type { Message } from '../../agreement/message.ts'
import type { Vector } from '../../agreement/vector.ts'
import { createLearn } from '../../learning/learn.ts'
import {
  defaultWindow,
  type LearnInput,
  type LearnOptions,
  type LearnOutput,
} from '../../learning/learn-contract.ts'
import { agreeingFirst, createSchedule } from '../../learning/schedule.ts'
import { runNetwork, testLedger } from '../agreement/harness.ts'

/** Two parameters, and behind them two statistics. */
const D = 4
const S = 2
const statisticsOf = (vector: Vector) => [...vector.subarray(D - S)]

function optionsOf(self: number, own: readonly number[], changes: Partial<LearnOptions>): LearnOptions {
  const query = { protocol: 'rb-tm', peers: 4, maxFaulty: 1, synchrony: 'asynchronous' } as const
  return {
    ...query,
    self,
    dimension: D,
    statistics: S,
    grace: false,
    unsafe: false,
    ledger: testLedger(),
    schedule: createSchedule({
      ...query,
      schedule: 'practical',
      iterations: { gradient: 1, parameters: 1 },
      count: 'tight',
    }),
    steps: 6,
    rate: () => 0.5,
    momentum: 0,
    clip: null,
    weightDecay: 0,
    batch: () => 8,
    outputStep: null,
    start: { step: 1, parameters: Float32Array.of(3, -3, ...own), momentum: null },
    window: defaultWindow,
    ...changes,
  }
}

/** Gradients pull every coordinate, statistics too: what an oracle says of those is not to matter. */
function run(
  owns: readonly (readonly number[])[],
  changes: Partial<LearnOptions> = {},
  lie?: (message: Message) => Message,
) {
  const asked = owns.map(() => [] as { step: number; parameters: Vector }[])
  const averaged = owns.map(() => [] as string[])
  const protocols = owns.map((own, self) => {
    const learn = createLearn(optionsOf(self, own, changes))
    const answer = (effects: ReturnType<typeof learn.input>): ReturnType<typeof learn.input> => {
      for (const output of effects.outputs)
        if (output.kind === 'averaged') averaged[self]!.push(`${output.step} ${output.phase}`)
      const messages =
        self === 3 && lie
          ? effects.messages.map(each => ({ ...each, message: lie(each.message) }))
          : effects.messages
      const request = effects.outputs.find(output => output.kind === 'need-gradient')
      if (request === undefined) return { ...effects, messages }
      asked[self]!.push(request)
      const gradient = request.parameters.map(x => x)
      const next = answer(learn.input({ kind: 'gradient', step: request.step, gradient }))
      return {
        messages: [...messages, ...next.messages],
        faults: [...effects.faults, ...next.faults],
        outputs: [...effects.outputs.filter(output => output !== request), ...next.outputs],
      }
    }
    return {
      input: (value: LearnInput) => answer(learn.input(value)),
      receive: (from: number, message: Message) => answer(learn.receive(from, message)),
    }
  })
  const result = runNetwork<LearnInput, LearnOutput>({
    protocols,
    inputs: () => ({ kind: 'start' }),
    seed: 5,
  })
  const finals = result.outputs.map(
    list => list.flatMap(output => (output.kind === 'finished' ? [output.parameters] : []))[0]!,
  )
  return { finals, asked, averaged }
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
  const plain = optionsOf(0, [0, 0], {}).schedule
  t.is(agreeingFirst(plain)(1, 'parameters'), 24)
  t.is(agreeingFirst(plain)(2, 'parameters'), 1)
  t.is(agreeingFirst(plain)(1, 'gradient'), 1)
  const { finals } = run(OWNS, { schedule: agreeingFirst(plain) })
  for (const final of finals)
    for (const [i, figure] of statisticsOf(final).entries())
      t.true(Math.abs(figure - statisticsOf(finals[0]!)[i]!) <= 1e-5 * Math.abs(figure))
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
