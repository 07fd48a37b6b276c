/** Families of vectors to try rules on: of named kinds, each grown from one seed, so that a failure can be replayed. */
import fc from 'fast-check'
import { type RandomStream, randomStream } from '../../../learning/random.ts'

export const kinds = [
  'normal', // nothing special
  'integers', // small ones: ties in values and in distances
  'duplicates', // few different vectors
  'denormals', // below 2⁻¹²⁶
  'spread', // exponents from −30 to 30 within one vector
  'cluster', // close together far from the origin, some far away
  'huge', // close to the largest number there is
] as const
type Kind = (typeof kinds)[number]

export interface Shape {
  readonly kind: Kind
  readonly n: number
  readonly f: number
  readonly d: number
  readonly seed: number
}

export interface Limits {
  readonly kinds?: readonly Kind[]
  readonly n?: number
  readonly d?: number
  /** The most coordinates in all vectors together. */
  readonly size?: number
}

/** Shapes with `2f < n`; mostly small, now and then as large as the limits let them be. */
export function shapes({
  kinds: some = kinds,
  n = 64,
  d = 5000,
  size = 8000,
}: Limits = {}): fc.Arbitrary<Shape> {
  const counts = fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 1, max: Math.min(n, 12) }) },
    fc.integer({ min: 1, max: n }),
  )
  const lengths = fc.oneof(
    { weight: 20, arbitrary: fc.integer({ min: 1, max: Math.min(d, 40) }) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: d }) },
  )
  return fc
    .record({
      kind: fc.constantFrom(...some),
      n: counts,
      d: lengths,
      part: fc.nat(1000),
      seed: fc.nat(2 ** 30),
    })
    .map(({ part, ...shape }) => ({
      ...shape,
      d: Math.max(1, Math.min(shape.d, Math.floor(size / shape.n))),
      f: Math.round((part / 1000) * (Math.ceil(shape.n / 2) - 1)),
    }))
}

export function grow({ kind, n, f, d, seed }: Shape): Float32Array[] {
  const random = randomStream(seed, kind)
  const vector = (value: (i: number) => number) => Float32Array.from({ length: d }, (_, i) => value(i))
  const many = (make: (j: number) => Float32Array) => Array.from({ length: n }, (_, j) => make(j))
  switch (kind) {
    case 'normal':
      return many(() => vector(() => random.normal()))
    case 'integers':
      return many(() => vector(() => random.integer(5) - 2))
    case 'duplicates': {
      const few = Array.from({ length: 1 + random.integer(3) }, () => vector(() => random.integer(7) - 3))
      return many(() => Float32Array.from(few[random.integer(few.length)]!))
    }
    case 'denormals':
      return many(() => vector(() => (random.integer(2000) - 1000) * 2 ** -149))
    case 'spread':
      return many(() => vector(() => random.normal() * 10 ** (random.uniform() * 60 - 30)))
    case 'cluster':
      return cluster(random, n, f, vector)
    case 'huge':
      return many(() => vector(() => (random.uniform() - 0.5) * 6.8e38))
  }
}

function cluster(
  random: RandomStream,
  n: number,
  f: number,
  vector: (value: (i: number) => number) => Float32Array,
) {
  const centre = vector(() => 100 * random.normal())
  const away = 10 ** (random.uniform() * 12)
  const family = Array.from({ length: n }, (_, j) =>
    vector(i => (j < f ? away * random.normal() : centre[i]! + 0.1 * random.normal())),
  )
  return random.shuffle(family)
}
