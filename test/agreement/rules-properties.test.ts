/** What holds for the rules whatever the input: invariance, equivariance, resilience; and that no two are the same. */
import test from 'ava'
import fc from 'fast-check'
import { aggregator, preAggregations, rules } from '../../agreement/rules/index.ts'
import { type RandomStream, randomStream } from '../../learning/random.ts'
import { cases, worstError } from './naive/close.ts'
import { grow, shapes } from './naive/families.ts'
import { distance, faultsTaken, mean, norm } from './naive/rules.ts'
import { subsets } from './naive/subsets.ts'

const names = Object.keys(rules)
// These know a vector by its place; MDA because many subsets may share the least diameter, Bulyan
// because in its last rounds the two nearest tie.
const ordered = ['gmom', 'cva', 'monna', 'mda', 'bulyan']
const aggregate = (name: string, family: readonly Float32Array[], f: number) =>
  aggregator(name).aggregate(family, f)
const faultsFor = (name: string, n: number, f: number) =>
  (name === 'smea' && n > 12) || (name === 'box-geom' && n > 8) ? Math.min(f, 1) : faultsTaken(name, n, f)
const mapped = (family: readonly Float32Array[], change: (value: number, i: number) => number) =>
  family.map(vector => vector.map(change))

for (const name of names) {
  if (ordered.includes(name)) continue
  test(`${name} does not care for the order of the vectors`, t => {
    t.notThrows(() =>
      fc.assert(
        fc.property(shapes({ kinds: ['normal', 'cluster'], n: 20, d: 60 }), shape => {
          if (shape.d === 1 && ['gm', 'box-geom'].includes(name)) return true // on a line it need not be unique
          if (shape.n - shape.f <= (name.endsWith('-original') ? 3 : 2)) return true // the two nearest tie in a rule that picks one
          const family = grow(shape)
          const f = faultsFor(name, shape.n, shape.f)
          const shuffled = randomStream(shape.seed, 'order').shuffle([...family])
          return (
            worstError(aggregate(name, shuffled, f), Array.from(aggregate(name, family, f)), family, 1e-6) <
            1e-5
          )
        }),
        { numRuns: cases(0.3) },
      ),
    )
  })
}

for (const name of names) {
  if (['cge', 'cge-sum', 'cc'].includes(name)) continue // these measure from the origin
  test(`${name} moves with its vectors, and scales with them`, t => {
    t.notThrows(() =>
      fc.assert(
        // Whole numbers and powers of two, so that moving and scaling round nothing and break no tie.
        fc.property(
          shapes({ kinds: ['integers'], n: 20, d: 30 }),
          fc.integer({ min: -9, max: 9 }),
          (shape, by) => {
            const family = grow(shape)
            const f = faultsFor(name, shape.n, shape.f)
            const plain = aggregate(name, family, f)
            const moved = aggregate(
              name,
              mapped(family, (value, i) => value + by + i),
              f,
            )
            const scaled = aggregate(
              name,
              mapped(family, value => value * 2 ** by),
              f,
            )
            const expectMoved = Array.from(plain, (value, i) => value + by + i)
            const expectScaled = Array.from(plain, value => value * 2 ** by)
            const loose = name === 'gm' || name === 'gmom' ? 1e-4 : 1e-6
            return (
              Math.max(...expectMoved.map((value, i) => Math.abs(value - moved[i]!))) < loose * 100 &&
              Math.max(...expectScaled.map((value, i) => Math.abs(value - scaled[i]!))) < loose * 10 * 2 ** by
            )
          },
        ),
        { numRuns: cases(0.3) },
      ),
    )
  })
}

/**
 * The worst `‖R(x) − mean_S(x)‖ / max_{i,j ∈ S} ‖x_i − x_j‖` over all `S` of `n − f` that an attacker finds: honest
 * vectors that differ a little, then faulty ones moved, one at a time, wherever that makes it worse.
 */
function worstRatio(
  name: string,
  n: number,
  f: number,
  d: number,
  random: RandomStream,
  rounds: number,
): number {
  let family = Array.from({ length: n }, () => Float32Array.from({ length: d }, () => random.normal()))
  let worst = ratio(name, family, f)
  for (let round = 0; round < rounds; round++) {
    const next = family.map(vector => Float32Array.from(vector))
    const moved = next[random.integer(n)]!
    const source = family[random.integer(n)]!
    const reach = 10 ** (random.uniform() * 4 - 2)
    const kind = random.integer(3)
    for (let i = 0; i < d; i++) {
      if (kind === 0) moved[i]! += reach * random.normal()
      else if (kind === 1) moved[i] = source[i]!
      else moved[i] = source[i]! + (source[i]! - moved[i]!) * random.uniform()
    }
    const found = ratio(name, next, f)
    if (found > worst) {
      worst = found
      family = next
    }
  }
  return worst
}

function ratio(name: string, family: readonly Float32Array[], f: number): number {
  const output = Array.from(aggregate(name, family, f))
  const plain = family.map(vector => Array.from(vector))
  let worst = 0
  for (const subset of subsets(family.length, family.length - f)) {
    const honest = subset.map(j => plain[j]!)
    let width = 0
    for (const [j, a] of honest.entries())
      for (const b of honest.slice(j + 1)) width = Math.max(width, distance(a, b))
    // Rounding to 32 bits alone must not count as a deviation.
    const rounding = 1e-6 * Math.max(...honest.map(norm))
    const off = Math.max(0, distance(output, mean(honest)) - rounding)
    if (off > 0) worst = Math.max(worst, off / width)
  }
  return worst
}

for (const name of names.filter(name => rules[name]!.resilience))
  test(`${name} is as resilient as its λ says, against a search for worse`, t => {
    const resilience = aggregator(name).resilience!
    let largest = 0
    for (const [seed, [n, f, d]] of [
      [3, 1, 1],
      [4, 1, 3],
      [5, 2, 2],
      [6, 2, 9],
      [7, 3, 4],
    ].entries()) {
      const found = worstRatio(name, n!, f!, d!, randomStream(seed, name), Math.round(cases(0.7)))
      const allowed = resilience(n!, f!, d!)
      t.true(found <= allowed * (1 + 1e-5), `n=${n} f=${f} d=${d}: found ${found}, λ is ${allowed}`)
      largest = Math.max(largest, found / allowed)
    }
    t.true(largest > 0.05, `the search finds at most ${largest} of λ, too little to test it`)
  })

test('the mean has no λ: one vector moves it anywhere', t => {
  t.true(worstRatio('mean', 5, 1, 2, randomStream(1), 500) > 20)
})

test('one family tells every two rules apart', t => {
  const random = randomStream(1, 'apart')
  const family = Array.from({ length: 13 }, (_, j) =>
    Float32Array.from({ length: 6 }, (_, i) => random.normal() + 0.1 * i * j),
  )
  const parameters: Record<string, Record<string, number>> = {
    cc: { tau: 3 },
    bucketing: { s: 3 },
    cva: { own: 1, keep: 5 },
    'multi-krum': { m: 3 },
    'multi-krum-original': { m: 2 },
    gmom: { k: 10 },
    monna: { pivot: 3 },
  }
  const mixed = Object.keys(preAggregations).map(name => `${name}+mean`)
  const outputs = [...names, ...mixed]
    .filter(name => name !== 'bucketing+mean') // with buckets of one size that is the mean
    .map(name => ({
      name,
      output: aggregator(name, parameters[name]).aggregate(family, faultsTaken(name, 13, 4)),
    }))
  for (const [j, a] of outputs.entries())
    for (const b of outputs.slice(j + 1))
      t.true(
        distance(Array.from(a.output), Array.from(b.output)) > 1e-4,
        `${a.name} and ${b.name} give the same`,
      )
})
