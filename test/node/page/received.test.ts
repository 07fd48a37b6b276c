/** What a rule saw: points, shares and results against naive computations on the vectors themselves. */
import test from 'ava'
import { aggregate } from '../../../agreement/averaging/aggregate.ts'
import type { Family } from '../../../agreement/averaging/family.ts'
import type { ProtocolName } from '../../../agreement/bounds.ts'
import { squaredDistance, type Vector } from '../../../agreement/vector.ts'
import { randomStream } from '../../../learning/random.ts'
import { mainPlane } from '../../../node/page/main-directions.ts'
import { planeOf, seenOf, watchRule } from '../../../node/page/received.ts'
import { SAMPLED_MAX, sharesOf } from '../../../node/page/shares.ts'

function family(seed: number, n: number, dimension: number, liarScale = 20): readonly Vector[] {
  const random = randomStream(seed, 'vectors')
  return Array.from({ length: n }, (_, j) =>
    Float32Array.from({ length: dimension }, () => (j === n - 1 ? liarScale : 1) * random.normal()),
  )
}

function squaresOf(vectors: readonly Vector[]): Float64Array {
  const n = vectors.length
  return Float64Array.from({ length: n * n }, (_, at) =>
    squaredDistance(vectors[Math.floor(at / n)]!, vectors[at % n]!),
  )
}

/** The first two principal directions by power iteration on the covariance itself, in the space of the vectors. */
function naivePoints(vectors: readonly Vector[]): { points: number[][]; shown: number } {
  const d = vectors[0]!.length
  const mean = Array.from(
    { length: d },
    (_, i) => vectors.reduce((sum, v) => sum + v[i]!, 0) / vectors.length,
  )
  const rows = vectors.map(v => Array.from(v, (x, i) => x - mean[i]!))
  const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * b[i]!, 0)
  const axes: number[][] = []
  for (let axis = 0; axis < 2; axis++) {
    let u = rows[0]!.map((x, i) => x + rows[1]![i]! * 0.7 + i * 1e-3)
    for (let pass = 0; pass < 2000; pass++) {
      const scores = rows.map(row => dot(row, u))
      u = u.map((_, i) => rows.reduce((sum, row, j) => sum + scores[j]! * row[i]!, 0))
      for (const known of axes) {
        const along = dot(known, u)
        u = u.map((x, i) => x - along * known[i]!)
      }
      const length = Math.sqrt(dot(u, u))
      u = u.map(x => x / length)
    }
    axes.push(u)
  }
  const points = rows.map(row => axes.map(axis => dot(row, axis)))
  const total = rows.reduce((sum, row) => sum + dot(row, row), 0)
  return { points, shown: points.reduce((sum, [x, y]) => sum + x! ** 2 + y! ** 2, 0) / total }
}

test('points from distances are the projections on the two main directions, but for their signs', t => {
  for (let seed = 0; seed < 5; seed++) {
    const vectors = family(seed, 7, 12)
    const plane = mainPlane(squaresOf(vectors), 7)
    const naive = naivePoints(vectors)
    t.true(Math.abs(plane.shown - naive.shown) < 1e-6, `${plane.shown} and ${naive.shown}`)
    for (const [axis, name] of (['x', 'y'] as const).entries()) {
      const sign = Math.sign(plane.points[0]![name] * naive.points[0]![axis]!)
      for (const [j, point] of plane.points.entries())
        t.true(Math.abs(point[name] - sign * naive.points[j]![axis]!) < 1e-3, `seed ${seed}, ${name} of ${j}`)
    }
  }
})

test('a vector of the family, placed by its distances, lies at its own point', t => {
  const vectors = family(3, 6, 40)
  const plane = mainPlane(squaresOf(vectors), 6)
  for (const [j, vector] of vectors.entries()) {
    const { x, y } = plane.place(vectors.map(other => squaredDistance(vector, other)))
    t.true(Math.hypot(x - plane.points[j]!.x, y - plane.points[j]!.y) < 1e-6)
  }
})

test('equal vectors lie at one point, and nothing is made of rounding', t => {
  const vector = Float32Array.from([1, 2, 3])
  const plane = mainPlane(squaresOf([vector, vector, vector]), 3)
  t.deepEqual(
    plane.points,
    [0, 0, 0].map(() => ({ x: 0, y: 0 })),
  )
  t.is(plane.shown, 1)
  const line = mainPlane(squaresOf([vector, vector, Float32Array.from([9, 9, 9])]), 3)
  t.true(line.points.every(({ y }) => Math.abs(y) < 1e-6))
})

const protocols: readonly ProtocolName[] = ['mda', 'cva', 'icwtm', 'rb-tm', 'mean']

test('shares are those with which vectors enter the result of the very rule', t => {
  const vectors = family(7, 7, 64)
  for (const protocol of protocols) {
    const of: Family = { vectors, own: vectors[2]!, maxFaulty: protocol === 'mean' ? 0 : 1, keep: 5 }
    const { shares, sampled } = sharesOf(protocol, of, squaresOf(vectors))!
    const sum = shares.reduce((all, { weight }) => all + weight, 0)
    t.true(Math.abs(sum - 1) < 1e-9, `${protocol}: ${sum}`)
    if (sampled !== null) continue
    const result = aggregate(protocol, of)
    for (let i = 0; i < 64; i++) {
      const expected = vectors.reduce((all, vector, j) => all + shares[j]!.weight * vector[i]!, 0)
      t.true(Math.abs(expected - result[i]!) < 1e-4, `${protocol}, coordinate ${i}`)
    }
  }
})

test('trimmed coordinates are counted as by hand, and in a sample where there are many', t => {
  const vectors = family(5, 7, 500)
  const of: Family = { vectors, own: vectors[0]!, maxFaulty: 2, keep: 3 }
  const { shares, sampled } = sharesOf('icwtm', of, squaresOf(vectors))!
  t.is(sampled, 500)
  for (const [j, { low, high, weight }] of shares.entries()) {
    const ranks = Array.from({ length: 500 }, (_, i) => vectors.filter(v => v[i]! < vectors[j]![i]!).length)
    t.is(low, ranks.filter(rank => rank < 2).length / 500)
    t.is(high, ranks.filter(rank => rank >= 5).length / 500)
    t.true(Math.abs(weight - ranks.filter(rank => rank >= 2 && rank < 5).length / 500 / 3) < 1e-9)
  }
  const many = sharesOf('rb-tm', { ...of, vectors: family(1, 4, 5000), maxFaulty: 1 }, new Float64Array(16))!
  t.is(many.sampled, SAMPLED_MAX)
})

test('equal values share their ranks: of vectors that are all one, each enters as much as any other', t => {
  const [one, other] = family(3, 2, 40)
  const equal: Family = { vectors: [one!, one!, one!, one!, one!], own: one!, maxFaulty: 2, keep: 3 }
  for (const { weight, low, high } of sharesOf('rb-tm', equal, squaresOf(equal.vectors))!.shares)
    t.deepEqual(
      [weight, low, high].map(share => Number(share!.toFixed(9))),
      [0.2, 0.4, 0.4],
    )
  const vectors = [one!, one!, one!, other!]
  const { shares } = sharesOf('icwtm', { vectors, own: one!, maxFaulty: 1, keep: 3 }, squaresOf(vectors))!
  t.is(shares[3]!.weight, 0)
  for (const { weight } of shares.slice(0, 3)) t.true(Math.abs(weight - 1 / 3) < 1e-9)
})

test('the liar far away is dropped, and the result lies among the kept', t => {
  const vectors = family(9, 7, 300, 50)
  const of: Family = { vectors, own: vectors[0]!, maxFaulty: 1, keep: 5 }
  const seen = seenOf('mda', of, aggregate('mda', of))!
  const plane = planeOf({ step: 3, phase: 'gradient', iteration: 0 }, [0, 1, 2, 3, 4, 5, 6], seen)
  t.is(plane.points.at(-1)!.fate, 'dropped')
  t.is(plane.points.filter(({ fate }) => fate === 'kept').length, 5)
  const far = plane.points.at(-1)!
  t.true(Math.abs(plane.result.x) < Math.abs(far.x) / 3)
})

test('a watched rule gives the same vector, and computes nothing while nobody looks', t => {
  const vectors = family(2, 5, 30)
  const exchange = { step: 1, phase: 'gradient', iteration: 0 } as const
  const of: Family = { vectors, own: vectors[0]!, maxFaulty: 1, keep: 3, exchange }
  let isWanted = false
  const watching = watchRule(aggregate, () => isWanted)
  const unseen = watching.aggregate('mda', of)
  t.is(watching.seen(unseen), null)
  isWanted = true
  const result = watching.aggregate('mda', of)
  t.deepEqual(result, unseen)
  t.is(watching.seen(result)?.points.length, 5)
  const later = watching.aggregate('mda', { ...of, exchange: { ...exchange, iteration: 1 } })
  t.is(watching.seen(later), null)
})
