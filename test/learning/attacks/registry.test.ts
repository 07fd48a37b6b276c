/** Each attack against its definition in the papers, computed by hand on vectors that tell all attacks apart. */
import test from 'ava'
import fc from 'fast-check'
import { mean } from '../../../agreement/rules/mean.ts'
import { isFiniteVector, norm, type Vector } from '../../../agreement/vector.ts'
import type { Sight } from '../../../learning/attacks/attack.ts'
import { AttackError, attackNamed, attackNames } from '../../../learning/attacks/registry.ts'
import { randomStream } from '../../../learning/random.ts'

const own = Float32Array.of(3, -4, 0)
/** Mean (2, 1, 0); deviation (1, √2, √(2/3)·3); norms 3.16…, √10, 5.74…: see each test. */
const honest = [Float32Array.of(1, 3, 0), Float32Array.of(2, 0, 3), Float32Array.of(3, 0, -3)]

const sight = (changes: Partial<Sight> = {}): Sight => ({
  slot: { step: 2, phase: 'gradient', iteration: 0, sender: 4 },
  recipient: 0,
  peers: 5,
  maxFaulty: 1,
  own,
  honest,
  random: randomStream(1, 'adversary').uniform,
  rule: vectors => mean(vectors),
  shared: new Map(),
  ...changes,
})

const forge = (name: string, changes: Partial<Sight> = {}, parameters: Record<string, number> = {}) =>
  attackNamed(name, parameters).forge(sight(changes))

const near = (actual: Vector | null | undefined, expected: readonly number[]) =>
  actual?.every((value, i) => Math.abs(value - expected[i]!) < 1e-5) === true

test('sign-flip and gradient-reverse', t => {
  t.deepEqual(forge('sign-flip'), Float32Array.of(-3, 4, -0))
  t.deepEqual(forge('gradient-reverse'), Float32Array.of(-300, 400, -0))
  t.deepEqual(forge('gradient-reverse', {}, { factor: 2 }), Float32Array.of(-6, 8, -0))
})

test('random: mean 0, deviation 200, from the adversary’s own randomness', t => {
  const length = 20_000
  const forged = forge('random', { own: new Float32Array(length) })!
  const mean = forged.reduce((sum, value) => sum + value, 0) / length
  const deviation = norm(forged) / Math.sqrt(length)
  t.true(Math.abs(mean) < 6, `${mean}`)
  t.true(Math.abs(deviation / 200 - 1) < 0.03, `${deviation}`)
  t.deepEqual(forged, forge('random', { own: new Float32Array(length) }))
  t.notDeepEqual(forged, forge('random', { own: new Float32Array(length), random: randomStream(2).uniform }))
})

test('zero', t => {
  t.deepEqual(forge('zero'), new Float32Array(3))
})

test('little: ḡ + ζσ', t => {
  const sigma = [Math.sqrt(2 / 3), Math.sqrt(2), Math.sqrt(6)]
  t.true(near(forge('little'), [2 + sigma[0]!, 1 + sigma[1]!, sigma[2]!]))
  t.true(near(forge('little', {}, { zeta: -2 }), [2 - 2 * sigma[0]!, 1 - 2 * sigma[1]!, -2 * sigma[2]!]))
})

test('empire: (1 − ζ)ḡ', t => {
  t.true(near(forge('empire'), [-0.2, -0.1, 0]))
  t.true(near(forge('empire', {}, { zeta: 3 }), [-4, -2, 0]))
})

test('coordinate-wise: the f-th smallest honest value of each coordinate', t => {
  t.deepEqual(forge('coordinate-wise'), Float32Array.of(1, 0, -3))
  t.deepEqual(forge('coordinate-wise', { maxFaulty: 2 }), Float32Array.of(2, 0, 0))
  t.deepEqual(forge('coordinate-wise', { maxFaulty: 9 }), Float32Array.of(3, 3, 3), 'fewer seen than f')
})

test('norm-confusing: reversed, as long as the (f + 1)-th longest honest vector', t => {
  const norms = honest.map(norm).sort((a, b) => b - a)
  const forged = forge('norm-confusing')!
  t.true(Math.abs(norm(forged) - norms[1]!) < 1e-5)
  t.true(near(forged, [(-3 / 5) * norms[1]!, (4 / 5) * norms[1]!, 0]))
  t.true(Math.abs(norm(forge('norm-confusing', { maxFaulty: 2 })!) - norms[2]!) < 1e-5)
  t.deepEqual(
    forge('norm-confusing', { own: new Float32Array(3) }),
    new Float32Array(3),
    'nothing to reverse',
  )
})

test('label-flip poisons the data and sends what it learns from it', t => {
  const { relabel } = attackNamed('label-flip')
  t.deepEqual(
    [0, 3, 9].map(label => relabel?.(label, 10)),
    [9, 6, 0],
  )
  t.is(forge('label-flip'), own)
})

test('mimic copies an honest peer, always the same one', t => {
  t.is(forge('mimic'), honest[0]!)
})

test('nan, huge, wrong-length', t => {
  const forged = forge('nan')!
  t.is(forged.filter(value => Number.isNaN(value)).length, 1)
  t.is(forged.length, 3)
  const huge = forge('huge')!
  t.true(isFiniteVector(huge) && huge.every(value => Math.abs(value) > 3.4e38))
  t.is(forge('wrong-length')!.length, 4)
  t.is(forge('wrong-length', {}, { extra: -2 })!.length, 1)
})

test('silence sends nothing', t => {
  t.is(forge('silence'), null)
})

test('equivocate: no two recipients get the same vector', t => {
  t.true(attackNamed('equivocate').perRecipient)
  const sent = [0, 1, 2, 3, 4].map(recipient => forge('equivocate', { recipient })!.join())
  t.is(new Set(sent).size, 5)
})

test('an attack distinguishes recipients only where it says so', t => {
  const distinguishing = attackNames.filter(name => attackNamed(name).perRecipient)
  t.deepEqual(distinguishing, ['equivocate', 'lie'])
  for (const name of attackNames.filter(name => !distinguishing.includes(name))) {
    t.deepEqual(forge(name, { recipient: 0 }), forge(name, { recipient: 1 }), name)
  }
})

test('an attack needs the honest vectors exactly if it says that it is rushing', t => {
  for (const name of attackNames.filter(name => name !== 'label-flip')) {
    const blind = forge(name, { honest: [] })
    const { rushing } = attackNamed(name)
    const same = JSON.stringify(blind && [...blind]) === JSON.stringify(forge(name) && [...forge(name)!])
    t.is(same, !rushing, name)
  }
})

test('no attack writes to what it sees, and each sends something even if it has seen nobody', t => {
  fc.assert(
    fc.property(
      fc.constantFrom(...attackNames),
      fc.array(fc.float32Array({ minLength: 4, maxLength: 4, noNaN: true, noDefaultInfinity: true }), {
        maxLength: 5,
      }),
      fc.integer({ min: 0, max: 6 }),
      (name, family, maxFaulty) => {
        const mine = Float32Array.of(1, -2, 3, -4)
        const before = structuredClone([mine, ...family])
        const forged = attackNamed(name).forge(sight({ own: mine, honest: family, maxFaulty }))
        t.deepEqual([mine, ...family], before)
        t.is(forged === null, name === 'silence')
      },
    ),
  )
})

test('every attack describes itself with the end of a sentence', t => {
  for (const name of attackNames) t.regex(attackNamed(name).did, /^[a-z].*[^.]$/, name)
  t.regex(attackNamed('gradient-reverse', { factor: 7 }).did, /7 times/)
})

test('an unknown name is refused, and the error lists all names', t => {
  for (const wrong of ['signflip', '', 'toString', '__proto__']) {
    const error = t.throws(() => attackNamed(wrong), { instanceOf: AttackError })
    t.is(error?.code, 'ATTACK_UNKNOWN')
    for (const name of attackNames) t.true(error?.message.includes(name))
  }
})

test('a parameter that is unknown or not a number is refused', t => {
  t.throws(() => attackNamed('little', { zetta: 1 }), {
    instanceOf: AttackError,
    message: /its parameters are zeta/,
  })
  t.throws(() => attackNamed('zero', { zeta: 1 }), {
    instanceOf: AttackError,
    message: /it has no parameters/,
  })
  t.throws(() => attackNamed('little', { zeta: Number.NaN }), {
    instanceOf: AttackError,
    message: /zeta: NaN/,
  })
})
