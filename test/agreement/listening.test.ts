/** RB-TM joined without a vector: who comes when the others have ended it reaches what they reached, without the liars' help. */
import test from 'ava'
import fc from 'fast-check'
import type { AveragingInput, AveragingOutput } from '../../agreement/averaging/averaging.ts'
import { createAveraging } from '../../agreement/averaging/create.ts'
import type { ProtocolName } from '../../agreement/bounds.ts'
import type { Message } from '../../agreement/message.ts'
import { newEffects } from '../../agreement/protocol.ts'
import { coordinateWiseDiameter } from '../../agreement/vector.ts'
import { randomStream } from '../../learning/random.ts'
import { type Flight, normals, runNetwork, testLedger } from './harness.ts'

const D = 3

function peer(protocol: ProtocolName, peers: number, maxFaulty: number, self: number, iterations: number) {
  return createAveraging({
    protocol,
    peers,
    maxFaulty,
    self,
    iterations,
    synchrony: 'asynchronous',
    dimension: D,
    step: 1,
    phase: 'parameters',
    grace: false,
    unsafe: false,
    ledger: testLedger(),
  })
}

test('a listener agrees with the others, though the liars, who helped them, tell it nothing', t => {
  fc.assert(
    fc.property(fc.nat(), fc.constantFrom(1, 2), fc.constantFrom(1, 2, 3), (seed, f, iterations) => {
      const n = 3 * f + 1
      const listener = n - 1
      const isLiar = (index: number) => index >= 2 * f && index < listener
      const inputs = normals(seed, n, D).map((vector, i) => (isLiar(i) ? vector.map(x => 100 * x) : vector))
      const protocols = inputs.map((_, self) => {
        const averaging = peer('rb-tm', n, f, self, iterations)
        const receive = (from: number, message: Message) => {
          const deaf = (self === listener && isLiar(from)) || (isLiar(self) && from === listener)
          return deaf ? newEffects<Message, AveragingOutput>() : averaging.receive(from, message)
        }
        return { input: averaging.input, receive }
      })
      const random = randomStream(seed, 'order')
      const later = ({ from, to }: Flight) => from === listener || to === listener
      const { outputs, faults } = runNetwork<AveragingInput, AveragingOutput>({
        protocols,
        inputs: self => (self === listener ? { kind: 'listen' } : { kind: 'vector', vector: inputs[self]! }),
        seed,
        timer: output => (output.kind === 'timer' ? { kind: 'timer', timer: output.timer } : null),
        schedule(flights) {
          const now = flights.findIndex(flight => !later(flight))
          return now < 0 ? random.integer(flights.length) : now
        },
      })
      const agreed = outputs.map(list => list.find(output => output.kind === 'agreed')?.vector)
      const honest = [...Array(2 * f).keys(), listener].map(index => agreed[index]!)
      t.deepEqual(faults.flat(), [])
      t.true(honest.every(vector => vector !== undefined))
      const before = coordinateWiseDiameter(inputs.slice(0, 2 * f))
      t.true(coordinateWiseDiameter(honest) <= before / 2 ** iterations + 1e-6)
      for (let i = 0; i < D; i++) {
        const own = inputs.slice(0, 2 * f).map(vector => vector[i]!)
        t.true(agreed[listener]![i]! <= Math.max(...own) + 1e-6)
        t.true(agreed[listener]![i]! >= Math.min(...own) - 1e-6)
      }
    }),
    { numRuns: 200 },
  )
})

test('the other protocols cannot be joined so, nor can an agreement that has its vector', t => {
  t.throws(() => peer('mda', 7, 1, 0, 1).input({ kind: 'listen' }), { message: /only RB-TM/ })
  t.throws(() => peer('rb-tm', 4, 1, 0, 0).input({ kind: 'listen' }), { message: /without iterations/ })
  const joined = peer('rb-tm', 4, 1, 0, 1)
  joined.input({ kind: 'vector', vector: new Float32Array(D) })
  t.throws(() => joined.input({ kind: 'listen' }), { message: /once/ })
})
