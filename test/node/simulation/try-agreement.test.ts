/** `agree()`: an agreement in a few lines of a program. */
import test from 'ava'
import { protocolNamed } from '../../../agreement/protocols/registry.ts'
import { mda } from '../../../agreement/rules/index.ts'
import { agree } from '../../../node/simulation/try-agreement.ts'

test('without a word it is seven peers of MDA, one of which lies, within the guarantee', t => {
  const { protocol, honest, outputs, diameter, moved, iterations, unguaranteed, unchecked, violation } =
    agree()
  t.is(protocol, 'mda')
  t.deepEqual(honest, [0, 1, 2, 3, 4, 5])
  t.is(outputs.filter(output => output !== null).length, 6)
  t.true(diameter.after! <= diameter.before / 2)
  t.true(moved! <= iterations.at(-1)!.shiftBound!)
  t.deepEqual([unguaranteed, unchecked, violation], [null, [], null])
})

test('the same setup, the same trace; another seed, another', t => {
  t.is(agree({ seed: 3 }).trace, agree({ seed: 3 }).trace)
  t.not(agree({ seed: 3 }).trace, agree({ seed: 4 }).trace)
})

test('MDA’s rule, given as one’s own, comes to MDA’s outputs, and nothing is then guaranteed', t => {
  const setup = { peers: 13, maxFaulty: 2, iterations: 3, attack: 'little' } as const
  const ours = agree({ ...setup, protocol: 'mda' })
  const own = agree({ ...setup, rule: (vectors, f) => mda(vectors, f, { keep: 9 }) })
  t.deepEqual(own.outputs, ours.outputs)
  t.is(own.trace, ours.trace)
  t.is(own.unguaranteed, 'nothing is known of what own@rule guarantees')
  t.deepEqual(own.unchecked, ['averaging agreement'])
  t.true(own.iterations.every(({ contractionBound }) => contractionBound === null))
})

test('a rule that drives peers apart breaks no promise, and what it did is measured', t => {
  const { diameter, violation } = agree({
    rule: (_, __, { own }) => own!.map(x => 2 * x),
    iterations: 2,
    peers: 4,
  })
  t.true(Math.abs(diameter.after! / diameter.before - 4) < 1e-5)
  t.is(violation, null)
})

test('the list of protocols does not grow with the calls', t => {
  agree({ rule: vectors => vectors[0]!, iterations: 1 })
  t.throws(() => protocolNamed('own@rule'), { code: 'PROTOCOL_UNKNOWN' })
  t.throws(() => agree({ rule: () => [Number.NaN], dimension: 1 }), { code: 'OWN_RESULT' })
  t.throws(() => protocolNamed('own@rule'), { code: 'PROTOCOL_UNKNOWN' })
})

test('vectors of one’s own, liars anywhere, an attack of one’s own, and a network that loses frames', t => {
  const inputs = [9, 0, 1, 2, 3, 4, 5].map(x => Float32Array.of(x))
  let forged = 0
  const { honest, outputs, violation } = agree({
    inputs,
    byzantine: [0],
    attack: {
      forge() {
        forged++
        return Float32Array.of(1e9)
      },
    },
    conditions: { loss: 0.1, calmAtMs: 60_000 },
  })
  t.deepEqual(honest, [1, 2, 3, 4, 5, 6])
  t.true(forged > 0)
  t.true(honest.every(peer => outputs[peer]![0]! >= 0 && outputs[peer]![0]! <= 5))
  t.is(violation, null)
})

test('what does not fit is refused', t => {
  t.throws(() => agree({ peers: 6, maxFaulty: 1 }), {
    code: 'BOUND_NOT_MET',
    message: /mda needs n ≥ 6f \+ 1 = 7/,
  })
  t.notThrows(() => agree({ peers: 6, maxFaulty: 1, unsafe: true, iterations: 1 }))
  t.throws(() => agree({ peers: 0 }), { instanceOf: RangeError })
  t.throws(() => agree({ inputs: [] }), { message: /inputs are empty/ })
  t.throws(() => agree({ inputs: [Float32Array.of(1), Float32Array.of(1, 2)] }), {
    message: /inputs\[1\]: expected 1/,
  })
  t.throws(() => agree({ rule: 'krumm' }), { code: 'unknown-rule' })
  t.throws(() => agree({ attack: 'lies' }), { code: 'ATTACK_UNKNOWN' })
  t.throws(() => agree({ protocol: 'rb-tm', rule: 'krum' }), { message: /not one of ours in standard form/ })
  t.throws(
    () =>
      agree({
        rule: () => {
          throw new Error('no')
        },
      }),
    { code: 'OWN_THROWS', message: /own@rule: rule throws: .*no/ },
  )
})
