/**
 * The worst attack for each rule, and the best rule for the worst attack, each with whether the seeds bear it out: every
 * other one must differ, seed by seed, after Holm's correction for their number.
 */
import {
  type Cell,
  cellOf,
  groupBy,
  isComparable,
  isWorse,
  panelsOf,
  type Standing,
  varyingAxes,
  worstOf,
} from './cells.ts'
import type { SweepDocument, SweepRun } from './document.ts'
import type { Roles } from './heat-map.ts'
import type { Better } from './metric.ts'
import { LEVEL, largestHolm, type Paired, pairedOf } from './statistics.ts'

/** The chosen one beside the next. */
interface Verdict {
  /** The next after it, on the same axis; null where there is no other. */
  readonly next: number | null
  /** Chosen less next, seed by seed. */
  readonly difference: Paired | null
  /** The largest p of all comparisons with the others, corrected; null: it could not be tested. */
  readonly p: number | null
  readonly significant: boolean
}

export interface WorstCase {
  /** The rule. */
  readonly subject: number
  /** Its worst attack; null where the sweep has no axis of attacks. */
  readonly adversary: number | null
  readonly cell: Cell
  /** How many attacks were compared, and how many there are. */
  readonly compared: number
  readonly of: number
  /** Whether this is the worst attack. */
  readonly verdict: Verdict
  /** Against the best rule: null for the best rule itself. */
  readonly againstBest: Paired | null
  /** Of `againstBest`, corrected for the number of rules. */
  readonly pAgainstBest: number | null
}

export interface Comparison {
  /** The settings beside rule and attack. */
  readonly label: string
  readonly worst: readonly WorstCase[]
  /** Rules that have no run to compare, and why. */
  readonly leftOut: readonly { readonly subject: number; readonly standing: Standing }[]
  /** The rule whose worst case is best; null where none can be compared. */
  readonly best: number | null
  readonly verdict: Verdict | null
}

/** One comparison for each combination of the axes that are neither subject nor adversary. */
export function comparisonsOf(
  document: SweepDocument,
  runs: readonly SweepRun[],
  roles: Roles,
  metric: string,
  better: Better,
): readonly Comparison[] {
  const others = varyingAxes(document, runs).filter(
    axis => axis !== roles.subject && axis !== roles.adversary,
  )
  return panelsOf(document, runs, others).map(panel => {
    const worst: Omit<WorstCase, 'againstBest' | 'pAgainstBest'>[] = []
    const leftOut: { subject: number; standing: Standing }[] = []
    for (const [subject, group] of groupBy(panel.runs, roles.subject)) {
      const found = worstCaseOf(document, group, roles.adversary, metric, better)
      if (found !== null) worst.push({ subject, ...found })
      else leftOut.push({ subject, standing: cellOf(document, group, metric).standing })
    }
    const cells = new Map(worst.map(({ subject, cell }) => [subject, cell]))
    const best = bestOf(cells, better)
    const verdict = best === null ? null : verdictOf(cells, best, better, 'best')
    const ps = best === null ? [] : pairsWith(cells, best)
    return {
      label: panel.label,
      best,
      verdict,
      leftOut,
      worst: worst.map(one => {
        const pair = ps.find(([subject]) => subject === one.subject)?.[1] ?? null
        return { ...one, againstBest: pair, pAgainstBest: holmOf(ps, one.subject) }
      }),
    }
  })
}

function worstCaseOf(
  document: SweepDocument,
  runs: readonly SweepRun[],
  adversary: number | null,
  metric: string,
  better: Better,
): Omit<WorstCase, 'subject' | 'againstBest' | 'pAgainstBest'> | null {
  if (adversary === null) {
    const cell = cellOf(document, runs, metric)
    const verdict = { next: null, difference: null, p: null, significant: false }
    return isComparable(cell) ? { adversary, cell, compared: 1, of: 1, verdict } : null
  }
  const cells = new Map(
    [...groupBy(runs, adversary)].map(([at, group]) => [at, cellOf(document, group, metric)]),
  )
  const worst = worstOf(cells, better)
  if (worst === null) return null
  return {
    adversary: worst,
    cell: cells.get(worst)!,
    compared: [...cells.values()].filter(isComparable).length,
    of: document.axes[adversary]!.values.length,
    verdict: verdictOf(cells, worst, better, 'worst'),
  }
}

/** The cell that no other is better than. */
function bestOf(cells: ReadonlyMap<number, Cell>, better: Better): number | null {
  let best: number | null = null
  for (const [at, cell] of cells)
    if (isComparable(cell) && (best === null || isWorse(cells.get(best)!, cell, better))) best = at
  return best
}

/**
 * The chosen cell against every other. `direction`: which one was chosen. Others that lost runs
 * are worse without a test; of a chosen one that lost runs nothing can be tested.
 */
function verdictOf(
  cells: ReadonlyMap<number, Cell>,
  chosen: number,
  better: Better,
  direction: 'worst' | 'best',
): Verdict {
  const others = new Map([...cells].filter(([at, cell]) => at !== chosen && isComparable(cell)))
  const pairs = pairsWith(new Map([...others, [chosen, cells.get(chosen)!]]), chosen)
  const tested = pairs.filter(([at]) => others.get(at)!.lost === 0)
  const p = largestHolm(tested.map(([, pair]) => pair?.p ?? null))
  const next = direction === 'worst' ? worstOf(others, better) : bestOf(others, better)
  return {
    next,
    difference: pairs.find(([at]) => at === next)?.[1] ?? null,
    p,
    significant: p !== null && p < LEVEL,
  }
}

/** Every other cell against one: the one less the other, seed by seed; null where a side lost runs. */
function pairsWith(
  cells: ReadonlyMap<number, Cell>,
  one: number,
): readonly (readonly [number, Paired | null])[] {
  const first = cells.get(one)!
  return [...cells].flatMap(([at, cell]) => {
    if (at === one) return []
    const isWhole = first.lost === 0 && cell.lost === 0
    return [[at, isWhole ? pairedOf(first.bySeed, cell.bySeed) : null] as const]
  })
}

/** Of one of several comparisons, Holm's corrected p. */
function holmOf(pairs: readonly (readonly [number, Paired | null])[], which: number): number | null {
  const tested = pairs.flatMap(([at, pair]) => (pair?.p == null ? [] : [{ at, p: pair.p }]))
  const sorted = tested.sort((a, b) => a.p - b.p)
  const place = sorted.findIndex(({ at }) => at === which)
  if (place < 0) return null
  return Math.min(1, Math.max(...sorted.slice(0, place + 1).map(({ p }, at) => (sorted.length - at) * p)))
}
