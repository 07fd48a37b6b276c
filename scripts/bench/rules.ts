/**
 * `npm run bench -- rules`: the cost of each rule beside a plain mean of the same rows, and beside NumPy if `python3`
 * has it. One core; rows in the kernels' memory, as received vectors are; medians of rounds in which all rules take
 * turns, without the turns that another program interrupted; results are checked against plain code.
 */

import { allocateVector } from '../../agreement/kernels/index.ts'
import * as plain from '../../agreement/kernels/plain.ts'
import { mda, nnm } from '../../agreement/rules/index.ts'
import { aggregator, preAggregations, type RuleParameters } from '../../agreement/rules/registry.ts'
import type { Vector } from '../../agreement/vector.ts'
import { randomStream } from '../../learning/random.ts'
import { startKernelThreads } from '../../node/threads/pool.ts'
import { type BenchRow, compared, median, type RunBench } from './bench.ts'
import { numpyTimes } from './rules-numpy.ts'

interface Shape {
  readonly n: number
  readonly f: number
  readonly d: number
}

const shapes: readonly Shape[] = [
  { n: 10, f: 3, d: 431_080 },
  { n: 15, f: 5, d: 431_080 },
  { n: 25, f: 11, d: 431_080 },
  { n: 64, f: 8, d: 65_536 },
  { n: 7, f: 1, d: 79_510 },
]

/** Exact MDA by itself, distances included: at most this many milliseconds. */
const searches: readonly (Shape & { readonly most: number })[] = [
  { n: 30, f: 10, d: 2048, most: 3 },
  { n: 60, f: 29, d: 512, most: 15 },
  { n: 100, f: 30, d: 256, most: 20 },
]

const names = [
  'mean',
  'cwtm',
  'cwmed',
  'trimmed-middle',
  'meamed',
  'mda',
  'krum',
  'multi-krum',
  'cva',
  'gm',
  'gmom',
]
const moreNames = ['cge', 'cge-sum', 'cc', 'nnm', 'bucketing', 'clip']

/** The ratios to reach, by rule and shape. */
const targets: Readonly<Record<string, number>> = {
  'cwtm (15, 5, 431080)': 1.6,
  'cwtm (25, 11, 431080)': 2.6,
  'cwtm (64, 8, 65536)': 10,
  'cwmed (15, 5, 431080)': 2,
  'trimmed-middle (15, 5, 431080)': 2,
  'meamed (15, 5, 431080)': 4,
  'krum (25, 11, 431080)': 9,
  'multi-krum (25, 11, 431080)': 9,
  'nnm (25, 11, 431080)': 9,
  'mda (25, 11, 431080)': 9,
  'gm (15, 5, 431080)': 10,
  'cge (15, 5, 431080)': 3,
  'cc (15, 5, 431080)': 3,
}

export const run: RunBench = async ({ note, args }) => {
  const rounds = args.includes('--quick') ? 11 : 41
  const rows: BenchRow[] = []
  for (const shape of shapes) {
    note(`n = ${shape.n}, f = ${shape.f}, d = ${shape.d}`)
    rows.push(...measureShape(shape, rounds))
  }
  rows.push(measureApart(shapes[2]!, rounds))
  rows.push(...(await measureThreads(shapes[2]!, rounds)))
  rows.push(...searches.map(search => measureSearch(search, rounds)))
  return rows
}

/** A family as training makes it: honest vectors close together, the faulty ones elsewhere. */
function familyOf({ n, f, d }: Shape, centred = true): Vector[] {
  const random = randomStream(1, 'rules', n, f, d)
  const centre = Float32Array.from({ length: d }, () => (centred ? random.normal() : 0))
  return Array.from({ length: n }, (_, j) => {
    const vector = allocateVector(d)
    for (let i = 0; i < d; i++) vector[i] = ((j * f) % n < f ? -centre[i]! : centre[i]!) + random.normal()
    return vector
  })
}

type Work = (vectors: readonly Vector[]) => unknown

function worksOf({ f }: Shape): Map<string, Work> {
  const rule = (name: string, parameters: RuleParameters = {}): Work => {
    const { aggregate } = aggregator(name, parameters)
    return vectors => aggregate(vectors, f, { checked: true })
  }
  return new Map([
    ...names.map(name => [name, rule(name)] as const),
    ...moreNames.map(name => {
      const before = preAggregations[name]
      const work: Work = before ? vectors => before.apply(vectors, f, { checked: true } as never) : rule(name)
      return [name, work] as const
    }),
  ])
}

function measureShape(shape: Shape, rounds: number): BenchRow[] {
  const vectors = familyOf(shape)
  check(shape, vectors)
  const times = interleaved(worksOf(shape), vectors, rounds)
  const numpy = numpyTimes(shape)
  const label = labelOf(shape)
  return [...times].map(([name, { work, mean }]) => {
    const target = targets[`${name} ${label}`]
    return compared(
      `${name} ${label}`,
      work,
      { name: 'plain mean', ms: mean },
      {
        ...(target !== undefined && { 'ratio wanted': target }),
        ...(numpy[name] !== undefined && { NumPy: numpy[name] }),
      },
    )
  })
}

/**
 * NNM on vectors of which no two have the same neighbours, so that no mean serves twice, as some do around a common
 * centre.
 */
function measureApart(shape: Shape, rounds: number): BenchRow {
  const vectors = familyOf(shape, false)
  const work: Work = family => nnm(family, shape.f, { checked: true })
  const different = new Set(nnm(vectors, shape.f)).size
  if (different < shape.n) throw new Error(`only ${different} of ${shape.n} lists of neighbours differ`)
  const times = interleaved(new Map([['nnm', work]]), vectors, rounds).get('nnm')!
  return compared(
    `nnm, all lists different ${labelOf(shape)}`,
    times.work,
    { name: 'plain mean', ms: times.mean },
    { 'ratio wanted': 9 },
  )
}

const labelOf = ({ n, f, d }: Shape): string => `(${n}, ${f}, ${d})`

/** Medians of a rule's time, and of a plain mean's right before it each time: a busy machine slows both. */
interface Times {
  readonly work: number
  readonly mean: number
}

function interleaved(
  works: ReadonlyMap<string, Work>,
  vectors: readonly Vector[],
  rounds: number,
): Map<string, Times> {
  const warmUp = 6
  const mean: Work = family => aggregator('mean').aggregate(family, 0, { checked: true })
  const times = new Map([...works.keys()].map(name => [name, { work: [] as Turn[], mean: [] as Turn[] }]))
  for (let round = 0; round < rounds + warmUp; round++)
    for (const [name, work] of works) {
      const reading = timed(mean, vectors)
      const own = timed(work, vectors)
      if (round < warmUp) continue
      times.get(name)!.mean.push(reading)
      times.get(name)!.work.push(own)
    }
  return new Map(
    [...times].map(([name, { work, mean }]) => [name, { work: medianTurn(work), mean: medianTurn(mean) }]),
  )
}

interface Turn {
  readonly ms: number
  /** Whether another program had the processor meanwhile. */
  readonly disturbed: boolean
}

function timed(work: Work, vectors: readonly Vector[]): Turn {
  const switches = process.resourceUsage().involuntaryContextSwitches
  const start = performance.now()
  work(vectors)
  const ms = performance.now() - start
  return { ms, disturbed: process.resourceUsage().involuntaryContextSwitches !== switches }
}

/** The median of the undisturbed turns; if there are hardly any, the median of all. */
function medianTurn(turns: readonly Turn[]): number {
  const calm = turns.filter(({ disturbed }) => !disturbed)
  return median((calm.length >= 5 ? calm : turns).map(({ ms }) => ms))
}

/** The same on two threads, beside one, by the clock on the wall. */
async function measureThreads(shape: Shape, rounds: number): Promise<BenchRow[]> {
  const vectors = familyOf(shape)
  const works = new Map([...worksOf(shape)].filter(([name]) => ['cwtm', 'krum', 'gm'].includes(name)))
  const elapsed = () =>
    [...works].map(([name, work]) => {
      const times = Array.from({ length: rounds }, () => {
        const start = performance.now()
        work(vectors)
        return performance.now() - start
      })
      return { name, ms: median(times) }
    })
  const one = elapsed()
  const threads = await startKernelThreads(2)
  const two = elapsed()
  await threads.close()
  return two.map(({ name, ms }, index) =>
    compared(`${name} ${labelOf(shape)} on 2 threads`, ms, { name: 'one thread', ms: one[index]!.ms }),
  )
}

/** The fast passes against plain code on a part of the columns; a wrong result must not be measured. */
function check({ n, f }: Shape, vectors: readonly Vector[]): void {
  const part = vectors.map(vector => vector.slice(0, 1000))
  const pairs: [Vector, Vector][] = [
    [aggregator('cwtm').aggregate(part, f), plain.meanOfRanks(part, f, n - f)],
    [aggregator('mean').aggregate(part, f), plain.meanOf(part)],
    [aggregator('meamed').aggregate(part, f), plain.meanAroundMedian(part, f)],
  ]
  for (const [ours, other] of pairs)
    if (!ours.every((value, i) => Object.is(value, other[i])))
      throw new Error(`a kernel is wrong at n = ${n}, f = ${f}`)
}

function measureSearch({ n, f, d, most }: Shape & { readonly most: number }, rounds: number): BenchRow {
  // Without a centre no subset stands out, which is the harder case.
  const vectors = familyOf({ n, f, d }, false)
  const times = interleaved(
    new Map([['mda', (family: readonly Vector[]) => mda(family, f, { checked: true })]]),
    vectors,
    rounds,
  )
  return {
    case: `mda search (${n}, ${f}, ${d})`,
    ours_ms: times.get('mda')!.work,
    baseline: null,
    ratio: null,
    others: { 'ms wanted': most },
  }
}
