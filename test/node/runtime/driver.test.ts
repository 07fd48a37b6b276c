/** The driver by itself, over ports that do nothing. */
import test from 'ava'
import { createDriver } from '../../../node/runtime/driver.ts'

const nothing = { messages: [], faults: [], outputs: [] }

test('an exception in one piece of work ends that one, and the driver goes on with the next', t => {
  const inputs: string[] = []
  const driver = createDriver<string, never>({
    self: 0,
    peers: 2,
    ahead: 2,
    incarnation: 1,
    limits: { peers: 2, dimension: 1, stepsMax: 9, iterationsMax: 1 },
    protocol: {
      currentStep: () => 1,
      receive: () => nothing,
      input(value: string) {
        inputs.push(value)
        if (value === 'poison') throw new Error('a defect')
        return nothing
      },
    },
    transport: {},
    clock: { nowMs: () => 0, after: () => ({ cancel() {} }) },
    verifier: {},
    hooks: { fault() {} },
    journal: { messages: () => [], kept: () => [], proofs: () => [] },
  } as never)
  driver.input('before')
  t.throws(() => driver.input('poison'), { message: 'a defect' })
  driver.input('after')
  t.deepEqual(inputs, ['before', 'poison', 'after'])
})
