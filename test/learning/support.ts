/** LEARN's options for tests, and peers whose questions are answered at once. */
import type { Message } from '../../agreement/message.ts'
import {
  defaultWindow,
  type Learn,
  type LearnEffects,
  type LearnInput,
  type LearnOptions,
  type LearnOutput,
} from '../../learning/learn-contract.ts'
import { testLedger } from '../agreement/harness.ts'

/** MDA with one iteration of each agreement, from zeros on. */
export function learnOptions({
  dimension = 3,
  ...changes
}: Partial<LearnOptions> & Pick<LearnOptions, 'peers' | 'maxFaulty'>): LearnOptions {
  return {
    protocol: 'mda',
    synchrony: 'asynchronous',
    self: 0,
    dimension,
    grace: false,
    unsafe: false,
    ledger: testLedger(),
    schedule: () => 1,
    steps: 10,
    rate: () => 0.5,
    momentum: 0,
    clip: null,
    weightDecay: 0,
    batch: () => 8,
    outputStep: null,
    start: { step: 1, parameters: new Float32Array(dimension), momentum: null },
    window: defaultWindow,
    ...changes,
  }
}

/** The peer, where an output that asks for something is answered before anything else happens. @param answer null: not */
export function answering(learn: Learn, answer: (output: LearnOutput) => LearnInput | null) {
  const through = (effects: LearnEffects): LearnEffects => {
    const next = effects.outputs.flatMap(output => {
      const input = answer(output)
      return input === null ? [] : [through(learn.input(input))]
    })
    const all = [effects, ...next]
    return {
      messages: all.flatMap(({ messages }) => messages),
      outputs: all.flatMap(({ outputs }) => outputs),
      faults: all.flatMap(({ faults }) => faults),
    }
  }
  return {
    input: (value: LearnInput) => through(learn.input(value)),
    receive: (from: number, message: Message) => through(learn.receive(from, message)),
  }
}
