/**
 * The references by the names of the command line, with the parameters that each has there: what `concord aggregate` is
 * compared with. To add a rule to the list, add its definition here.
 */

import type { Rows } from './rules.ts'
import * as naive from './rules.ts'
import { subsets } from './subsets.ts'

type Parameters = Readonly<Record<string, number>>

export interface Reference<Result> {
  compute(rows: Rows, maxFaulty: number, parameters: Parameters): Result
  /** Values to try for every parameter there is, beside what it is unless given; for `n ≥ 5` rows of norm about 9. */
  readonly samples?: (n: number, maxFaulty: number) => readonly Parameters[]
}

/** A rule whose only parameter is the number of faults, or none. */
const plain = <Result>(compute: (rows: Rows, maxFaulty: number) => Result): Reference<Result> => ({ compute })

export const ruleReferences: Readonly<Record<string, Reference<number[]>>> = {
  mean: plain(naive.mean),
  cwtm: plain(naive.cwtm),
  cwmed: plain(naive.cwmed),
  meamed: plain(naive.meamed),
  mda: {
    compute: (rows, f, { keep = rows.length - f }) =>
      naive.mean(naive.mdaSubset(rows, keep).map(j => rows[j]!)),
    samples: () => [{ keep: 2 }, { keep: 4 }],
  },
  krum: plain((rows, f) => naive.multiKrum(rows, f, 1)),
  'multi-krum': {
    compute: (rows, f, { m = rows.length - f }) => naive.multiKrum(rows, f, m),
    samples: () => [{ m: 2 }, { m: 3 }],
  },
  'krum-original': plain((rows, f) => naive.multiKrumOriginal(rows, f, 1)),
  'multi-krum-original': {
    compute: (rows, f, { m = rows.length - f }) => naive.multiKrumOriginal(rows, f, m),
    samples: () => [{ m: 2 }, { m: 3 }],
  },
  bulyan: plain(naive.bulyan),
  gm: { compute: rows => naive.gm(rows), samples: () => [{ tolerance: 1e-9 }] },
  gmom: {
    compute: (rows, f, { k = 2 * f + 1, tau = Infinity }) =>
      naive.gm(naive.groups(rows, k).filter(row => naive.norm(row) <= tau)),
    samples: (n, f) => [{ k: n }, { k: 2 * f + 2, tau: 30 }, { tolerance: 1e-9 }],
  },
  cge: plain(naive.cge),
  'cge-sum': plain(naive.cgeSum),
  cc: {
    compute: (rows, _, { tau = 10, passes = 1 }) => naive.cc(rows, tau, passes),
    samples: () => [{ tau: 2 }, { tau: 1.5, passes: 4 }],
  },
  'trimmed-middle': plain(naive.trimmedMiddle),
  cva: {
    compute: (rows, f, { own = 0, keep = rows.length - f }) => naive.cva(rows, rows[own]!, keep),
    samples: () => [{ own: 3 }, { own: 2, keep: 2 }],
  },
  'box-geom': {
    compute: (rows, f, { keep = rows.length - f }) => naive.box(rows, f, keep, naive.gm),
    samples: () => [{ keep: 3 }],
  },
  'box-mean': {
    compute: (rows, f, { keep = rows.length - f }) => naive.box(rows, f, keep, naive.mean),
    samples: () => [{ keep: 2 }, { keep: 3 }],
  },
  monna: {
    compute: (rows, f, { pivot = 0 }) => naive.cva(rows, rows[pivot]!, rows.length - f),
    samples: () => [{ pivot: 4 }],
  },
  caf: plain(caf),
  smea: plain(smea),
}

export const preAggregationReferences: Readonly<Record<string, Reference<number[][]>>> = {
  nnm: plain(naive.nnm),
  bucketing: {
    compute: (rows, _, { s = 2 }) => naive.bucketing(rows, s),
    samples: () => [{ s: 1 }, { s: 3 }],
  },
  clip: { compute: (rows, _, { radius = 2 }) => naive.clip(rows, radius), samples: () => [{ radius: 9.5 }] },
  arc: plain(naive.arc),
}

/** The greatest variance of the weighted rows in any direction, and how far each row lies along that direction. */
function principal(rows: Rows, weights: readonly number[]): { variance: number; along: number[] } {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const centre = rows[0]!.map((_, i) => rows.reduce((sum, row, j) => sum + weights[j]! * row[i]!, 0) / total)
  const centred = rows.map(row => row.map((value, i) => value - centre[i]!))
  const dot = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, value, i) => sum + value * b[i]!, 0)
  // By power iteration, from a direction in which the rows differ.
  let direction = centred.reduce((a, b) => (naive.norm(a) > naive.norm(b) ? a : b))
  let along: number[] = []
  for (let step = 0; step < 2000; step++) {
    const before = along
    const length = naive.norm(direction)
    along = centred.map(row => dot(row, direction) / length)
    if (step > 0 && along.every((value, j) => Math.abs(value - before[j]!) <= 1e-13 * length)) break
    direction = direction.map((_, i) =>
      centred.reduce((sum, row, j) => sum + (weights[j]! / total) * along[j]! * row[i]!, 0),
    )
  }
  return { variance: along.reduce((sum, value, j) => sum + (weights[j]! / total) * value ** 2, 0), along }
}

function caf(rows: Rows, f: number): number[] {
  let weights = rows.map(() => 1)
  let best = { variance: Infinity, weights }
  do {
    const { variance, along } = principal(rows, weights)
    if (variance < best.variance) best = { variance, weights }
    const most = Math.max(...along.filter((_, j) => weights[j]! > 0).map(value => value ** 2))
    weights = weights.map((weight, j) => weight * Math.max(0, 1 - along[j]! ** 2 / most))
  } while (weights.reduce((sum, weight) => sum + weight, 0) > rows.length - 2 * f)
  const total = best.weights.reduce((sum, weight) => sum + weight, 0)
  return rows[0]!.map((_, i) => rows.reduce((sum, row, j) => sum + best.weights[j]! * row[i]!, 0) / total)
}

function smea(rows: Rows, f: number): number[] {
  let best: Rows = []
  let least = Infinity
  for (const subset of subsets(rows.length, rows.length - f)) {
    const chosen = subset.map(j => rows[j]!)
    const { variance } = principal(
      chosen,
      chosen.map(() => 1),
    )
    if (variance < least) [least, best] = [variance, chosen]
  }
  return naive.mean(best)
}
