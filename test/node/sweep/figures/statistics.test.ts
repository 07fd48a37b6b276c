/** What is said of a few seeds, against definitions written out and against printed tables. */
import test from 'ava'
import fc from 'fast-check'
import { largestHolm, pairedOf, reachOf, summaryOf } from '../../../../node/sweep/figures/statistics.ts'

/** The 97.5 % quantile of Student's t by degrees of freedom, from printed tables. */
const table: Readonly<Record<number, number>> = {
  1: 12.706,
  2: 4.303,
  3: 3.182,
  4: 2.776,
  5: 2.571,
  9: 2.262,
  19: 2.093,
  29: 2.045,
}

const near = (a: number, b: number, tolerance = 1e-9) =>
  Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a), Math.abs(b))

const value = fc.double({ min: -1000, max: 1000, noNaN: true })

test('mean, deviation and interval are those of the definitions', t => {
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.keys(table).map(Number)),
      fc.infiniteStream(value),
      (freedom, stream) => {
        const values = [...stream.take(freedom + 1)]
        const n = values.length
        const mean = values.reduce((sum, one) => sum + one / n, 0)
        const deviation = Math.sqrt(values.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (n - 1))
        const found = summaryOf(values)!
        return (
          found.count === n &&
          near(found.mean, mean) &&
          near(found.deviation, deviation, 1e-7) &&
          near(found.half!, (table[freedom]! * deviation) / Math.sqrt(n), 3e-4)
        )
      },
    ),
  )
  t.pass()
})

test('one value has no interval, and none has no summary', t => {
  t.is(summaryOf([0.5])!.half, null)
  t.is(summaryOf([0.5])!.deviation, 0)
  t.is(summaryOf([]), null)
})

test('equal numbers have exactly that mean, and no spread', t => {
  fc.assert(
    fc.property(value, fc.integer({ min: 2, max: 9 }), (number, count) => {
      const { mean, deviation, half } = summaryOf(Array.from({ length: count }, () => number))!
      return Object.is(mean, number) && deviation === 0 && half === 0
    }),
  )
  t.is(summaryOf([0.7545, 0.7545, 0.7545])!.mean, 0.7545)
})

test('one wide interval does not decide how far an axis reaches', t => {
  t.is(reachOf([0.1, 0.2, 9]), reachOf([0.1, 0.2, 90]))
  t.true(reachOf([0.1, 0.2, 9]) >= 0.2)
  t.is(reachOf([0, 0]), 0)
})

test('a paired comparison takes the seeds that both have, and forgets what is common to a seed', t => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(50), { minLength: 2, maxLength: 12 }),
      fc.infiniteStream(value),
      (seeds, stream) => {
        const draw = () => stream.next().value as number
        const first = new Map(seeds.map(seed => [seed, draw()]))
        const second = new Map(seeds.slice(1).map(seed => [seed, draw()]))
        second.set(99, draw())
        const pair = pairedOf(first, second)!
        const differences = seeds.slice(1).map(seed => first.get(seed)! - second.get(seed)!)
        const common = new Map(seeds.map(seed => [seed, seed * 7]))
        const moved = (values: ReadonlyMap<number, number>) =>
          new Map([...values].map(([seed, one]) => [seed, one + (common.get(seed) ?? 0)]))
        const again = pairedOf(moved(first), moved(second))!
        return (
          pair.count === differences.length &&
          near(pair.mean, differences.reduce((a, b) => a + b, 0) / differences.length) &&
          near(again.mean, pair.mean, 1e-7)
        )
      },
    ),
  )
  t.is(pairedOf(new Map([[1, 2]]), new Map([[2, 2]])), null)
})

test('p is that of the two-sided paired t-test', t => {
  // Student's own data (1908): hours of sleep gained by ten patients with each of two drugs; t = 4.0621, p = 0.002833.
  const first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
  const second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
  const bySeed = (values: readonly number[]) => new Map(values.map((one, seed) => [seed, one]))
  const pair = pairedOf(bySeed(second), bySeed(first))!
  t.true(near(pair.mean, 1.58))
  t.true(Math.abs(pair.p! - 0.002833) < 1e-6, String(pair.p))
  // Its interval, as R prints it: 0.7001142 to 2.4598858.
  t.true(Math.abs(pair.mean - pair.half! - 0.7001142) < 1e-6)
  t.is(pairedOf(bySeed([1, 1]), bySeed([1, 1]))!.p, 1)
  t.is(pairedOf(bySeed([2, 2]), bySeed([1, 1]))!.p, 0)
  t.is(pairedOf(bySeed([2]), bySeed([1]))!.p, null)
})

test('p is below the level exactly where the interval leaves out 0', t => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -1, max: 2, noNaN: true }), { minLength: 2, maxLength: 9 }),
      values => {
        const pair = pairedOf(
          new Map(values.map((one, at) => [at, one])),
          new Map(values.map((_, at) => [at, 0])),
        )!
        const gap = Math.abs(pair.mean) - pair.half!
        return Math.abs(gap) < 1e-6 || pair.p! < 0.05 === gap > 0
      },
    ),
  )
  t.pass()
})

test('the largest p after Holm’s correction is that of the steps written out', t => {
  const adjusted = (values: readonly number[]) => {
    const sorted = [...values].sort((a, b) => a - b)
    let most = 0
    return sorted.map((p, at) => {
      most = Math.max(most, Math.min(1, (sorted.length - at) * p))
      return most
    })
  }
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 8 }),
      values => near(largestHolm(values)!, adjusted(values).at(-1)!),
    ),
  )
  t.true(near(largestHolm([0.01, 0.04, 0.03])!, 0.06))
  t.is(largestHolm([0.01, null]), null)
  t.is(largestHolm([]), null)
})
