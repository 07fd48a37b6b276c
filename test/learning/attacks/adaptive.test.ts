/** The attacks that adapt, each against the definition of its paper or a naive search, and the modifiers in front of others. */
import test from 'ava'
import fc from 'fast-check'
import { aggregator } from '../../../agreement/rules/registry.ts'
import { distance, type Vector } from '../../../agreement/vector.ts'
import { adaptiveAttacks, searchingAttacks } from '../../../learning/attacks/adaptive-attacks.ts'
import type { Attack, Saying, Sight } from '../../../learning/attacks/attack.ts'
import { attackNamed } from '../../../learning/attacks/registry.ts'
import { randomStream } from '../../../learning/random.ts'

const LIARS = 2

/** A liar's sight of these honest vectors, where a rule by name judges. */
function sightOf(honest: readonly Vector[], rule = 'cwtm', changes: Partial<Sight> = {}): Sight {
  const peers = honest.length + LIARS
  const judge = aggregator(rule)
  return {
    slot: { step: 1, phase: 'gradient', iteration: 0, sender: peers - 1 },
    recipient: 0,
    peers,
    maxFaulty: LIARS,
    own: honest[0]!,
    honest,
    random: randomStream(3, 'adversary').uniform,
    rule: vectors => judge.aggregate(vectors, LIARS),
    shared: new Map(),
    ...changes,
  }
}

const families = fc
  .integer({ min: 1, max: 6 })
  .chain(length =>
    fc.array(fc.array(fc.integer({ min: -50, max: 50 }), { minLength: length, maxLength: length }), {
      minLength: 7,
      maxLength: 10,
    }),
  )
  .map(rows => rows.map(row => Float32Array.from(row, value => value / 8)))

const meanOf = (family: readonly Vector[]) =>
  family[0]!.map((_, i) => family.reduce((sum, vector) => sum + vector[i]!, 0) / family.length)

/** The result of the rule if all liars send this. */
const resultOf = ({ honest, rule }: Sight, lie: Vector) =>
  rule([...honest, ...Array.from({ length: LIARS }, () => lie)])

const widest = (family: readonly Vector[]) =>
  Math.max(...family.flatMap(a => family.map(b => distance(a, b))))
const sumTo = (family: readonly Vector[], x: Vector) =>
  family.reduce((sum, vector) => sum + distance(vector, x) ** 2, 0)

/** `ḡ + (1 + more)(lie − ḡ)` */
const beyond = (center: Vector, lie: Vector, more: number) =>
  lie.map((value, i) => center[i]! + (1 + more) * (value - center[i]!))

for (const direction of [1, 2, 3]) {
  test(`min-max, direction ${direction}: as far as two honest vectors are apart, and no step farther`, t => {
    fc.assert(
      fc.property(families, family => {
        const center = meanOf(family)
        const lie = attackNamed('min-max', { direction }).forge(sightOf(family))!
        const farthest = (x: Vector) => Math.max(...family.map(vector => distance(vector, x)))
        const limit = widest(family)
        t.true(farthest(lie) <= limit * (1 + 1e-4) + 1e-4)
        if (distance(lie, center) > 1e-3) t.true(farthest(beyond(center, lie, 0.01)) > limit)
      }),
    )
  })

  test(`min-sum, direction ${direction}: a sum of squared distances as large as an honest one, and no larger`, t => {
    fc.assert(
      fc.property(families, family => {
        const center = meanOf(family)
        const lie = attackNamed('min-sum', { direction }).forge(sightOf(family))!
        const limit = Math.max(...family.map(vector => sumTo(family, vector)))
        t.true(sumTo(family, lie) <= limit * (1 + 1e-4) + 1e-4)
        if (distance(lie, center) > 1e-3) t.true(sumTo(family, beyond(center, lie, 0.01)) > limit)
      }),
    )
  })
}

test('min-max and min-sum move against the deviation by default, and against the mean with direction 1', t => {
  const family = [0, 1, 2, 3, 4, 5, 6].map(i => Float32Array.of(10 + i, 5))
  for (const name of ['min-max', 'min-sum']) {
    const [byDeviation, byMean] = [2, 1].map(
      direction => attackNamed(name, { direction }).forge(sightOf(family))!,
    )
    t.true(byDeviation![0]! < 13 && byDeviation![1] === 5, name)
    t.true(byMean![0]! < 13 && byMean![1]! < 5, name)
    t.deepEqual(attackNamed(name).forge(sightOf(family)), byDeviation)
  }
})

const judged = ['mean', 'cwtm', 'cwmed', 'mda', 'krum', 'gm', 'nnm+cwtm', 'trimmed-middle']

test('little-tuned moves every rule at least as far as little with any fixed ζ of a grid', t => {
  fc.assert(
    fc.property(families, fc.constantFrom(...judged), (family, rule) => {
      const center = meanOf(family)
      const sight = sightOf(family, rule)
      const harm = (lie: Vector) => distance(resultOf(sight, lie), center)
      const tuned = harm(attackNamed('little-tuned').forge(sight)!)
      for (const zeta of [-4, -1, -0.5, 0.5, 1, 4, 64])
        t.true(
          tuned >= harm(attackNamed('little', { zeta }).forge(sight)!) * (1 - 1e-4) - 1e-4,
          `ζ = ${zeta}`,
        )
    }),
    { numRuns: 60 },
  )
})

test('empire-tuned: no empire with a fixed ζ of a grid makes ⟨R, ḡ⟩ smaller', t => {
  fc.assert(
    fc.property(families, fc.constantFrom(...judged), (family, rule) => {
      const center = meanOf(family)
      const sight = sightOf(family, rule)
      const product = (lie: Vector) =>
        resultOf(sight, lie).reduce((sum, value, i) => sum + value * center[i]!, 0)
      const scale = 1e-3 * (1 + center.reduce((sum, value) => sum + value * value, 0))
      const tuned = product(attackNamed('empire-tuned').forge(sight)!)
      for (const zeta of [0.5, 1, 2, 4, 16])
        t.true(tuned <= product(attackNamed('empire', { zeta }).forge(sight)!) + scale, `ζ = ${zeta}`)
    }),
    { numRuns: 60 },
  )
})

test('search moves a rule at least as far as little and empire do at every scale of its grid', t => {
  fc.assert(
    fc.property(families, fc.constantFrom(...judged), (family, rule) => {
      const center = meanOf(family)
      const sight = sightOf(family, rule)
      const harm = (lie: Vector) => distance(resultOf(sight, lie), center)
      const found = harm(attackNamed('search').forge(sight)!)
      for (const zeta of [0.25, 0.5, 1, 2, 4, 8, 16, 32, 64])
        for (const fixed of [`little:zeta=${zeta}`, `little:zeta=${-zeta}`, `empire:zeta=${zeta}`])
          t.true(found >= harm(attackNamed(fixed).forge(sight)!) * (1 - 1e-4) - 1e-4, fixed)
    }),
    { numRuns: 60 },
  )
})

test('a search is made once for each exchange, whichever of the colluding peers asks', t => {
  const family = [0, 1, 2, 3, 4, 5, 6].map(i => Float32Array.of(i, 10 - i * i))
  let asked = 0
  const shared = new Map<string, unknown>()
  const rule = (vectors: readonly Vector[]) => {
    asked++
    return meanOf(vectors)
  }
  const forge = (sender: number, iteration: number) =>
    attackNamed('little-tuned').forge(
      sightOf(family, 'mean', { rule, shared, slot: { step: 1, phase: 'gradient', iteration, sender } }),
    )
  const first = forge(7, 0)
  const once = asked
  t.true(once > 0)
  t.is(forge(8, 0), first)
  t.is(asked, once)
  forge(8, 1)
  t.is(asked, 2 * once)
})

test('those that try the rule are named as slow, and no others', t => {
  const honest = [1, 2, 3, 4, 5, 6, 7].map(x => Float32Array.of(x, -x * x))
  for (const name of Object.keys(adaptiveAttacks)) {
    let tries = 0
    const rule: Sight['rule'] = vectors => {
      tries++
      return vectors[0]!
    }
    attackNamed(name).forge(sightOf(honest, 'cwtm', { rule }))
    t.is(tries > 0, searchingAttacks.has(name), name)
  }
  t.is([...searchingAttacks].filter(name => !(name in adaptiveAttacks)).length, 0)
})

test('with fewer vectors than an honest peer waits for, a search sends the mean', t => {
  const family = [Float32Array.of(1, 2), Float32Array.of(3, 4)]
  const sight = sightOf(family, 'cwtm', { peers: 9 })
  for (const name of ['little-tuned', 'empire-tuned', 'search'])
    t.deepEqual(attackNamed(name).forge(sight), Float32Array.of(2, 3), name)
})

test('mimic-drift copies an honest peer on one side of the direction of most variance, step after step', t => {
  const shared = new Map<string, unknown>()
  const { normal } = randomStream(5, 'family')
  const copied: number[] = []
  for (let step = 1; step <= 40; step++) {
    const family = Array.from({ length: 7 }, (_, i) => Float32Array.from([10 * (i - 3), normal(), normal()]))
    const slot = { step, phase: 'gradient', iteration: 0, sender: 8 } as const
    const lie = attackNamed('mimic-drift').forge(sightOf(family, 'cwtm', { shared, slot }))!
    copied.push(family.findIndex(vector => vector[0] === lie[0]))
  }
  const late = new Set(copied.slice(10))
  t.is(late.size, 1)
  t.true(late.has(0) || late.has(6))
})

test('drift keeps one direction through all steps, well among the honest vectors', t => {
  const shared = new Map<string, unknown>()
  const { normal } = randomStream(6, 'family')
  const pushed = new Float64Array(20)
  for (let step = 1; step <= 50; step++) {
    const family = Array.from({ length: 7 }, () => Float32Array.from({ length: 20 }, normal))
    const center = meanOf(family)
    const slot = { step, phase: 'gradient', iteration: 0, sender: 8 } as const
    const lie = attackNamed('drift').forge(sightOf(family, 'cwtm', { shared, slot }))!
    const distances = family.map(vector => distance(vector, center)).sort((a, b) => a - b)
    t.true(Math.abs(distance(lie, center) - 0.5 * distances[3]!) < 1e-3)
    for (const [i, value] of lie.entries()) pushed[i]! += value - center[i]!
  }
  const total = Math.sqrt(pushed.reduce((sum, value) => sum + value * value, 0))
  t.true(total > 50 * 0.5 * 3, 'the pushes add up: they do not cancel as honest noise does')
})

const slotAt = (step: number, phase: 'gradient' | 'parameters') =>
  ({ step, phase, iteration: 0, sender: 8 }) as const
const seven = [0, 1, 2, 3, 4, 5, 6].map(i => Float32Array.of(i, 1))
const strikes = (attack: Attack, step: number, phase: 'gradient' | 'parameters') => {
  const sight = sightOf(seven, 'cwtm', { slot: slotAt(step, phase) })
  return attack.forge(sight) !== sight.own
}

test('late is honest until its step, parameters-only in the agreement on gradients, and both may be combined', t => {
  t.deepEqual(
    [49, 50, 51].map(step => strikes(attackNamed('late'), step, 'gradient')),
    [false, true, true],
  )
  t.deepEqual(
    [1, 2, 3].map(step => strikes(attackNamed('late+empire:from=2,zeta=3'), step, 'parameters')),
    [false, true, true],
  )
  t.false(strikes(attackNamed('parameters-only'), 9, 'gradient'))
  t.true(strikes(attackNamed('parameters-only'), 9, 'parameters'))
  const both = attackNamed('late+parameters-only+zero:from=4')
  t.deepEqual(
    [strikes(both, 3, 'parameters'), strikes(both, 4, 'gradient'), strikes(both, 4, 'parameters')],
    [false, false, true],
  )
  t.regex(both.did, /sent zeros, in the agreement on parameters only, from step 4 on/)
})

test('late in front of an attack on messages lets them through before its step', t => {
  const attack = attackNamed('late+omit:from=3')
  const message = (step: number) => ({
    kind: 'echo' as const,
    slot: slotAt(step, 'gradient'),
    digest: 'aa',
    signature: new Uint8Array(64),
  })
  const saying = (recipient: number): Saying => ({
    self: 8,
    recipient,
    peers: 9,
    maxFaulty: 2,
    said: [],
    count: 0,
    random: () => 0,
    shared: new Map(),
    seal: () => t.fail() as never,
  })
  const heard = (step: number) =>
    [0, 1, 2, 3, 4, 5, 6, 7].flatMap(recipient => attack.say!(message(step), saying(recipient))).length
  t.is(heard(2), 8)
  t.true(heard(3) < 8)
})

test('what cannot be told when to strike is refused, and so are parameters that are not one', t => {
  for (const [reference, why] of [
    ['late+label-flip', /poisons the data/],
    ['late+slow', /frames/],
    ['late+nobody', /expected one of/],
    ['little+late', /expected one of/],
    ['late+late+little', /has late twice/],
    ['late+parameters-only+late+little', /has late twice/],
    ['late+little:from=0', /from is 0; expected a step/],
    ['late:from=2.5', /from is 2.5; expected a step/],
    ['little:zeta', /expected a parameter and a number/],
    ['little:zeta=x', /expected a parameter and a number/],
    ['little:eta=1', /its parameters are zeta/],
    ['late+little:from=1,eta=2', /its parameters are zeta/],
    ['little:zeta=1,zeta=2', /gives zeta twice/],
    ['min-max:direction=9', /direction is 9; expected 1, 2 or 3/],
    ['wrong-length:extra=1e12', /expected a whole number/],
    [`${'late+'.repeat(20_000)}little`, /expected at most 200/],
  ] as const)
    t.throws(() => attackNamed(reference), { message: why, name: 'AttackError' }, reference)
  t.is(attackNamed('little:zeta=2').name, 'little:zeta=2')
  t.is(attackNamed('parameters-only+late+little:from=7').firstStep, 7)
  t.is(attackNamed('little').firstStep, undefined)
})
