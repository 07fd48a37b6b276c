/** Every rule against its naive reference, over families of all kinds. */
import test from 'ava'
import fc from 'fast-check'
import * as real from '../../agreement/rules/index.ts'
import { cases, worstError } from './naive/close.ts'
import { grow, type Limits, type Shape, shapes } from './naive/families.ts'
import * as naive from './naive/rules.ts'
import { subsets } from './naive/subsets.ts'

type Family = Float32Array[]
const rows = (family: readonly Float32Array[]): naive.Rows => family.map(vector => Array.from(vector))

function agrees(
  name: string,
  limits: Limits,
  actual: (family: Family, f: number) => ArrayLike<number>,
  expected: (rows: naive.Rows, f: number) => readonly number[],
  /** Scores of which only the least few count: where a choice hangs on rounding, both choices are right. */
  choice?: (rows: naive.Rows, shape: Shape) => { scores: readonly number[]; keep: number }[],
  slack?: number,
): void {
  test(`${name} is what its definition says`, t => {
    let compared = 0
    fc.assert(
      fc.property(shapes(limits), shape => {
        const family = grow(shape)
        const plain = rows(family)
        if (choice?.(plain, shape).some(one => hangsOnRounding(one, shape))) return true
        compared++
        return worstError(actual(family, shape.f), expected(plain, shape.f), family, slack) < 1e-5
      }),
      { numRuns: cases() },
    )
    t.true(compared > cases() / 2, `only ${compared} cases could be compared`)
  })
}

/** Equal scores are a true tie, but not where a huge term swallows the others. */
function hangsOnRounding(
  { scores, keep }: { scores: readonly number[]; keep: number },
  { kind }: Shape,
): boolean {
  const sorted = [...scores].sort((a, b) => a - b)
  const [last, next] = [sorted[keep - 1]!, sorted[keep]!]
  if (keep >= scores.length) return false
  if (last === next) return ['spread', 'cluster', 'huge'].includes(kind)
  return next - last < 1e-5 * next
}

/** What each round of Bulyan chooses from. */
function krumRounds(plain: naive.Rows, f: number): { scores: readonly number[]; keep: number }[] {
  const left = [...plain.keys()]
  return naive.bulyanChoice(plain, f).map(chosen => {
    const own = left.map(j => plain[j]!)
    left.splice(left.indexOf(chosen), 1)
    return { scores: naive.krumScores(own, f, Math.max(1, own.length - f - 2)), keep: 1 }
  })
}

const pairs = {
  kinds: ['normal', 'integers', 'duplicates', 'denormals', 'spread', 'cluster', 'huge'],
  size: 3000,
} as const

agrees('mean', {}, family => real.mean(family), naive.mean)
agrees('cwtm', {}, real.cwtm, naive.cwtm)
agrees('cwmed', {}, family => real.cwmed(family), naive.cwmed)
agrees('trimmed middle', {}, real.trimmedMiddle, naive.trimmedMiddle)
agrees('meamed', {}, real.meamed, naive.meamed)
agrees('cge', {}, real.cge, naive.cge, (plain, { n, f }) => [{ scores: naive.norms(plain), keep: n - f }])
agrees(
  'cge-sum',
  { kinds: ['normal', 'integers', 'spread', 'denormals', 'cluster'] },
  real.cgeSum,
  naive.cgeSum,
  (plain, { n, f }) => [{ scores: naive.norms(plain), keep: n - f }],
)
agrees(
  'krum',
  pairs,
  real.krum,
  (plain, f) => naive.multiKrum(plain, f, 1),
  (plain, { f }) => [{ scores: naive.krumScores(plain, f), keep: 1 }],
)
agrees(
  'multi-krum',
  pairs,
  real.multiKrum,
  (plain, f) => naive.multiKrum(plain, f, plain.length - f),
  (plain, { n, f }) => [{ scores: naive.krumScores(plain, f), keep: n - f }],
)
agrees(
  'bulyan',
  { ...pairs, n: 24 },
  (family, f) => real.bulyan(family, naive.faultsTaken('bulyan', family.length, f)),
  (plain, f) => naive.bulyan(plain, naive.faultsTaken('bulyan', plain.length, f)),
  (plain, { n, f }) => krumRounds(plain, naive.faultsTaken('bulyan', n, f)),
)
agrees(
  'cva',
  pairs,
  (family, f) => real.cva(family, family[0]!, family.length - f),
  (plain, f) => naive.cva(plain, plain[0]!, plain.length - f),
  (plain, { n, f }) => [{ scores: plain.map(row => naive.distance(row, plain[0]!)), keep: n - f }],
)
agrees(
  'monna',
  pairs,
  (family, f) => real.monna(family, f, { pivot: family.length - 1 }),
  (plain, f) => naive.cva(plain, plain.at(-1)!, plain.length - f),
  (plain, { n, f }) => [{ scores: plain.map(row => naive.distance(row, plain.at(-1)!)), keep: n - f }],
)
agrees(
  'cc',
  {},
  family => real.cc(family),
  plain => naive.cc(plain, 10, 1),
)
agrees(
  'cc of three passes from a start',
  { kinds: ['normal', 'integers', 'duplicates'] },
  family => real.cc(family, { tau: 2, passes: 3, start: family[0]! }),
  plain => naive.cc(plain, 2, 3, plain[0]!),
  undefined,
  1e-2,
)

function mixes(
  name: string,
  limits: Limits,
  actual: (family: Family, f: number) => Float32Array[],
  expected: (rows: naive.Rows, f: number) => number[][],
  choice?: (rows: naive.Rows, shape: Shape) => { scores: readonly number[]; keep: number }[],
): void {
  test(`${name} is what its definition says`, t => {
    fc.assert(
      fc.property(shapes(limits), shape => {
        const family = grow(shape)
        const plain = rows(family)
        if (choice?.(plain, shape).some(one => hangsOnRounding(one, shape))) return true
        const [mixed, reference] = [actual(family, shape.f), expected(plain, shape.f)]
        t.is(mixed.length, reference.length)
        return mixed.every((vector, j) => worstError(vector, reference[j]!, family) < 1e-5)
      }),
      { numRuns: cases() },
    )
  })
}
mixes('nnm', pairs, real.nnm, naive.nnm, (plain, { n, f }) =>
  plain.map((row, j) => ({
    scores: plain.map((other, k) => (j === k ? -1 : naive.distance(row, other))),
    keep: n - f,
  })),
)
mixes(
  'bucketing',
  {},
  (family, f) => real.bucketing(family, { s: Math.max(1, f) }),
  (plain, f) => naive.bucketing(plain, Math.max(1, f)),
)
mixes(
  'clip',
  {},
  family => real.clip(family),
  plain => naive.clip(plain, 2),
)
mixes('arc', {}, real.arc, naive.arc)

test('mda takes the subset that enumeration finds, ties included', t => {
  t.notThrows(() =>
    fc.assert(
      fc.property(shapes({ kinds: ['integers', 'duplicates'], n: 9, d: 4 }), fc.nat(8), (shape, some) => {
        const family = grow(shape)
        const keep = 1 + (some % shape.n)
        const subset = naive.mdaSubset(rows(family), keep)
        return (
          worstError(
            real.mda(family, 0, { keep }),
            naive.mean(subset.map(j => Array.from(family[j]!))),
            family,
          ) < 1e-7
        )
      }),
      { numRuns: cases() },
    ),
  )
})

test('mda has the least diameter, whatever the numbers', t => {
  t.notThrows(() =>
    fc.assert(
      fc.property(shapes({ n: 10, size: 400 }), shape => {
        const family = grow(shape)
        const plain = rows(family)
        const keep = shape.n - shape.f
        const subset = naive.mdaSubset(plain, keep)
        const width = naive.diameter(subset.map(j => plain[j]!))
        const chosen = real.mda(family, shape.f)
        const same = worstError(chosen, naive.mda(plain, shape.f), family) < 1e-5
        const rivals = same ? [] : [...rivalSubsets(plain, keep, width)]
        return same || rivals.some(mean => worstError(chosen, mean, family) < 1e-5)
      }),
      { numRuns: cases() },
    ),
  )
})

/** Means of the subsets whose diameter is the least one as far as 32 bits can tell. */
function* rivalSubsets(plain: naive.Rows, keep: number, width: number): Generator<number[]> {
  for (const subset of subsets(plain.length, keep)) {
    const own = subset.map(j => plain[j]!)
    if (naive.diameter(own) <= width * (1 + 1e-6)) yield naive.mean(own)
  }
}

/**
 * Cases that failed once: an even number of vectors on one line or nearly so, some of them as close together as one
 * vector from where the others stand.
 */
const nearlyOnOneLine: readonly Shape[] = [
  { kind: 'spread', n: 16, d: 1, seed: 676077687, f: 0 },
  { kind: 'spread', n: 4, d: 1, seed: 262347530, f: 0 },
  { kind: 'spread', n: 8, d: 3, seed: 393866586, f: 0 },
  { kind: 'spread', n: 6, d: 2, seed: 858140852, f: 0 },
  { kind: 'spread', n: 8, d: 1, seed: 227169677, f: 0 },
]

for (const [name, limits] of [
  ['gm minimises the sum of distances, however far away some vectors are', { n: 16, d: 60 }],
  ['gm minimises the sum of distances where vectors are nearly on one line', { n: 16, d: 3 }],
] as const)
  test(name, t => {
    t.notThrows(() =>
      fc.assert(
        fc.property(shapes(limits), shape => {
          const plain = rows(grow(shape))
          const ours = Array.from(real.gm(grow(shape)))
          // Input by input: the sums themselves would drown what the near ones say.
          const worse = (other: readonly number[]) =>
            plain.reduce((sum, row) => sum + naive.farther(row, ours, other), 0)
          // Rounding the result to 32 bits may cost this much for each vector.
          const rounding = shape.n * naive.norm(ours.map(value => Math.abs(value) * 2 ** -23 + 2 ** -148))
          // The rule stops where the sum changes by at most this much for each vector and unit of length.
          const tolerance = 1e-6
          return [naive.gm(plain), ...plain].every(
            other => worse(other) <= rounding + tolerance * shape.n * naive.distance(ours, other),
          )
        }),
        { numRuns: cases(0.5), examples: nearlyOnOneLine.map(shape => [shape]) },
      ),
    )
  })

test('gmom is the geometric median of the group means that are small enough', t => {
  t.notThrows(() =>
    fc.assert(
      fc.property(shapes({ kinds: ['normal', 'cluster'], n: 20, d: 20 }), ({ ...shape }) => {
        const family = grow({ ...shape, n: shape.n + 2 })
        const k = Math.max(1, Math.ceil(family.length / 3))
        const means = naive.groups(rows(family), k)
        const tau = Math.max(...naive.norms(means)) * 0.99
        const kept = means.filter((_, g) => naive.norms(means)[g]! <= tau)
        const expected = real.gm((kept.length > 0 ? kept : means).map(row => Float32Array.from(row)))
        const actual = real.gmom(family, 0, kept.length > 0 ? { k, tau } : { k })
        return worstError(actual, Array.from(expected), family) < 1e-5
      }),
      { numRuns: cases(0.3) },
    ),
  )
})
