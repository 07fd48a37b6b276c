/** Emitted kernels give the bits of the plain code, wherever the vectors lie. */
import test from 'ava'
import fc from 'fast-check'
import * as emitted from '../../agreement/kernels/emitted.ts'
import * as emittedMeans from '../../agreement/kernels/emitted-means.ts'
import * as emittedPairs from '../../agreement/kernels/emitted-pairs.ts'
import { allocateVector } from '../../agreement/kernels/memory.ts'
import { selectRanks, selectSet, sortingNetwork } from '../../agreement/kernels/network.ts'
import * as plain from '../../agreement/kernels/plain.ts'
import { randomStream } from '../../learning/random.ts'
import { cases } from './naive/close.ts'
import { grow, type Shape, shapes } from './naive/families.ts'

type Family = readonly Float32Array[]
type Pass = (
  passes: typeof plain,
  family: Family,
  shape: Shape,
) => Float32Array | Float64Array | Float32Array[]

const fast = { ...plain, ...emitted, ...emittedPairs, ...emittedMeans }
const passes: Record<string, Pass> = {
  meanOf: (p, family) => p.meanOf(family),
  sumOf: (p, family) => p.sumOf(family),
  combine: (p, family, { seed }) => {
    const random = randomStream(seed, 'weights')
    return p.combine(
      family,
      Float64Array.from(family, () => random.normal()),
    )
  },
  meanOfRanks: (p, family, { n, f }) => p.meanOfRanks(family, f, n - f),
  'meanOfRanks, all on one side': (p, family, { n, f }) => p.meanOfRanks(family, 0, n - f),
  median: (p, family, { n }) => p.middleOfRanks(family, (n - 1) >> 1, n >> 1),
  'trimmed middle': (p, family, { n, f }) => p.middleOfRanks(family, f, n - 1 - f),
  meanAroundMedian: (p, family, { f }) => p.meanAroundMedian(family, f),
  norms: (p, family) => p.squaredDistancesTo(family),
  squaredDistancesTo: (p, family) => p.squaredDistancesTo(family, family.at(-1)!),
  squaredDistances: (p, family) => p.squaredDistances(family),
  gram: (p, family) => p.gram(family, family[0]!),
  meansOf: (p, family, { n, f }) =>
    p.meansOf(
      family,
      Array.from({ length: 3 }, (_, l) => Array.from({ length: n - f }, (_, j) => (j * 7 + l) % n)),
    ),
  mixturesOf: (p, family, { n, f, seed }) => {
    const random = randomStream(seed, 'lists')
    const all = Array.from({ length: n }, (_, j) => j)
    const list = () =>
      random
        .shuffle([...all])
        .slice(0, n - f)
        .sort((a, b) => a - b)
    return p.mixturesOf(family, all.map(list))
  },
}

const bits = (result: ReturnType<Pass>): Uint8Array[] =>
  (Array.isArray(result) ? result : [result]).map(
    ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer.slice(byteOffset, byteOffset + byteLength)),
  )

function inKernelMemory(family: Family): Float32Array[] {
  return family.map(vector => {
    const slot = allocateVector(vector.length)
    slot.set(vector)
    return slot
  })
}

for (const [name, pass] of Object.entries(passes))
  test(`${name}: emitted and plain code agree in every bit`, t => {
    const check = (shape: Shape) => {
      const family = grow(shape)
      const expected = bits(pass(plain, family, shape))
      const slots = inKernelMemory(family)
      const mixed = family.map((vector, j) => (j % 2 === 0 ? vector : slots[j]!))
      for (const rows of [family, slots, mixed])
        if (!bits(pass(fast, rows, shape)).every((part, j) => Buffer.compare(part, expected[j]!) === 0))
          return false
      return true
    }
    t.notThrows(() => fc.assert(fc.property(shapes({ size: 4000 }), check), { numRuns: cases(0.25) }))
    for (const d of [4095, 4096, 4097, 9001])
      t.true(check({ kind: 'spread', n: 5, f: 1, d, seed: d }), `${d} coordinates, across blocks`)
    for (const n of [33, 64, 128])
      t.true(check({ kind: 'cluster', n, f: n >> 2, d: 37, seed: n }), `${n} vectors`)
  })

test('a slot is read with its true end, not with what a shorter view leaves behind', t => {
  const [long, other] = inKernelMemory([Float32Array.of(1, 2, 3, 4, 5), new Float32Array(5)])
  const views = [long!.subarray(0, 2), other!.subarray(0, 2)]
  t.deepEqual(fast.squaredDistances(views), plain.squaredDistances(views))
})

test('zeros of both signs are sorted and summed alike', t => {
  const family = [-0, 0, -0, 0, -0].map(value => new Float32Array(6).fill(value))
  for (const [name, pass] of Object.entries(passes)) {
    const shape = { kind: 'integers', n: 5, f: 1, d: 6, seed: 1 } as const
    t.deepEqual(bits(pass(fast, family, shape)), bits(pass(plain, family, shape)), name)
  }
})

test('networks sort, and select what they are asked for', t => {
  const random = randomStream(1, 'networks')
  for (let n = 1; n <= 70; n++) {
    const values = Array.from({ length: n }, () => random.integer(n))
    const ascending = values.toSorted((a, b) => a - b)
    const run = (network: readonly { low: number; high: number }[]) => {
      const wires = [...values]
      for (const { low, high } of network)
        [wires[low], wires[high]] = [Math.min(wires[low]!, wires[high]!), Math.max(wires[low]!, wires[high]!)]
      return wires
    }
    t.deepEqual(run(sortingNetwork(n).map(([low, high]) => ({ low, high }))), ascending)
    const [from, to] = [random.integer(n), n - random.integer(n >> 1 || 1)]
    const set = run(selectSet(n, from, to)).slice(from, to)
    t.deepEqual(
      set.toSorted((a, b) => a - b),
      ascending.slice(from, to),
    )
    const rank = random.integer(n)
    t.is(run(selectRanks(n, j => j === rank))[rank], ascending[rank]!)
  }
})

test('a network of zeros and ones: every input of up to eight wires', t => {
  for (let n = 1; n <= 8; n++)
    for (let f = 0; 2 * f < n; f++)
      for (let input = 0; input < 2 ** n; input++) {
        const wires = Array.from({ length: n }, (_, j) => (input >> j) & 1)
        const ones = wires.reduce((a, b) => a + b, 0)
        for (const { low, high, keep } of selectSet(n, f, n - f)) {
          const [a, b] = [wires[low]!, wires[high]!]
          wires[low] = keep === 'high' ? Number.NaN : Math.min(a, b)
          wires[high] = keep === 'low' ? Number.NaN : Math.max(a, b)
        }
        const kept = wires.slice(f, n - f).reduce((a, b) => a + b, 0)
        if (kept !== Math.max(0, Math.min(ones - f, n - 2 * f))) t.fail(`n=${n} f=${f} input ${input}`)
      }
  t.pass()
})

test('more rows than the kernels have room for are taken part by part', t => {
  const random = randomStream(5, 'many rows')
  for (const n of [128, 129, 200, 300]) {
    const family = Array.from({ length: n }, () => Float32Array.from({ length: 70 }, () => random.normal()))
    t.deepEqual(emittedPairs.squaredDistances(family), plain.squaredDistances(family))
    const point = family.at(-1)!
    t.deepEqual(emittedPairs.squaredDistancesTo(family, point), plain.squaredDistancesTo(family, point))
    const twice = family.with(3, point)
    t.deepEqual(emittedPairs.squaredDistances(twice), plain.squaredDistances(twice))
  }
})
