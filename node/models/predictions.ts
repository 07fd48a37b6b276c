/** Predictions as lines of a table, and how good they are where the right answers are known. */
import { createNumberList } from '../../learning/data/number-list.ts'
import { classMetrics, type Metrics, numberMetrics } from '../../learning/evaluation/metrics.ts'
import type { Prediction } from './scorer.ts'
import type { Says } from './usable-model.ts'

/** How many digits of a number are written: a 32-bit float has no more. */
const DIGITS = 7

/** The names of the columns that a model adds. */
export function addedColumns(says: Says): readonly string[] {
  switch (says.kind) {
    case 'probabilities':
      return ['predicted', ...says.classes.map(name => `probability_${name}`)]
    case 'scores': {
      // Two classes have one score: above 0 is the second.
      const scored = says.classes.length === 2 ? says.classes.slice(1) : says.classes
      return ['predicted', ...scored.map(name => `score_${name}`)]
    }
    case 'number':
      return ['predicted']
  }
}

/** The cells of those columns. */
export function addedCells(says: Says, { value, shares }: Prediction): readonly string[] {
  const predicted = says.kind === 'number' ? written(value) : says.classes[value]!
  return [predicted, ...Array.from(shares, written)]
}

function written(value: number): string {
  return String(Number(value.toPrecision(DIGITS)))
}

/** One line of comma-separated values. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map(cell => (/[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',')}\n`
}

/** What was predicted, in numbers. */
export interface Tally {
  readonly count: number
  /** How often each class was predicted; empty for numbers. */
  readonly perClass: readonly number[]
  /** How many right answers are known. */
  readonly known: number
  /** Of those; null if there are none. */
  readonly metrics: Metrics | null
}

/**
 * Counts predictions as they come.
 * @param file where they come from, for the message where there are too many
 */
export function createTally(file: string, says: Says) {
  const perClass = says.kind === 'number' ? [] : says.classes.map(() => 0)
  const right = createNumberList(file, Float64Array)
  const said = createNumberList(file, Float64Array)
  const leanings = createNumberList(file, Float64Array)
  const hasTwo = says.kind !== 'number' && says.classes.length === 2
  let count = 0
  let known = 0
  return {
    /** @param target a class, or a number in the target's units; null: nobody knows */
    add({ value, shares }: Prediction, target: number | null): void {
      count += 1
      if (says.kind !== 'number') perClass[value]! += 1
      if (target === null) return
      known += 1
      right.push(target)
      said.push(value)
      if (hasTwo) leanings.push(shares.at(-1)!)
    },
    end(): Tally {
      return { count, perClass, known, metrics: known === 0 ? null : metrics() }
    },
  }
  function metrics(): Metrics {
    if (says.kind === 'number') return numberMetrics(right.end(), said.end())
    return classMetrics({
      labels: right.end(),
      predicted: said.end(),
      scores: hasTwo ? leanings.end() : null,
      classes: says.classes.length,
      names: says.classes,
    })
  }
}
