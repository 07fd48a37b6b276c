/**
 * Which metrics and series tell runs apart. One that is the same in every run, or the same as another one in each,
 * makes a figure that says nothing: it is left out, and a sentence says so.
 */
import type { SweepDocument } from './document.ts'
import { inOrderOfUse, textOf } from './metric.ts'

export interface Telling {
  /** In order of use. */
  readonly names: readonly string[]
  /** Of each that is left out: `violations (0 in every run)`, `accuracyMin (as accuracyMean)`. */
  readonly leftOut: readonly string[]
}

/** Of two values that differ by less, the last digits are those of rounding. */
const ROUNDING = 1e-12

/** Metrics; of a sweep with fewer than two runs that were measured all of them. */
export function tellingMetrics({ metrics, runs }: SweepDocument): Telling {
  return tellingOf(metrics, name =>
    runs.flatMap(run => (Object.keys(run.metrics).length === 0 ? [] : [[run.metrics[name]]])),
  )
}

/** Series, by their values at all steps. */
export function tellingSeries({ series, runs }: SweepDocument): Telling {
  return tellingOf(series, name =>
    runs.flatMap(run => (Object.keys(run.series).length === 0 ? [] : [run.series[name]?.[1] ?? []])),
  )
}

/** For each run its values. */
type Values = readonly (readonly (number | null | undefined)[])[]

function tellingOf(all: readonly string[], valuesOf: (name: string) => Values): Telling {
  const names: string[] = []
  const leftOut: string[] = []
  const known = new Map<string, Values>()
  for (const name of inOrderOfUse(all)) {
    const values = valuesOf(name)
    const [first] = values.flat()
    const isConstant = values.flat().every(value => isSame(value, first))
    const twin = [...known].find(([, others]) => areSame(values, others))?.[0]
    if (values.length < 2) names.push(name)
    else if (isConstant) leftOut.push(`${name} (${wordsOf(name, first)})`)
    else if (twin !== undefined) leftOut.push(`${name} (as ${twin})`)
    else {
      names.push(name)
      known.set(name, values)
    }
  }
  // Something has to be shown.
  return names.length === 0 ? { names: inOrderOfUse(all).slice(0, 1), leftOut: [] } : { names, leftOut }
}

type Value = number | null | undefined

const wordsOf = (name: string, value: Value): string =>
  typeof value === 'number' ? `${textOf(name, value)} in every run` : 'no finite value in any run'

function isSame(a: Value, b: Value): boolean {
  if (typeof a !== 'number' || typeof b !== 'number') return a === b
  return Math.abs(a - b) <= ROUNDING * Math.max(Math.abs(a), Math.abs(b))
}

const areSame = (some: Values, others: Values): boolean =>
  some.every(
    (values, run) =>
      values.length === others[run]!.length && values.every((value, at) => isSame(value, others[run]![at])),
  )
