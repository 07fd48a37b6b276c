/** Curves over steps: for each line the mean over seeds, with the 95 % confidence interval of it as a band. */
import { groupBy, type Panel, panelsOf, seedAxisOf, varyingAxes } from './cells.ts'
import type { SweepDocument, SweepRun } from './document.ts'
import type { Roles } from './heat-map.ts'
import { summaryOf } from './statistics.ts'

export interface CurvePoint {
  readonly step: number
  /** Null, which interrupts the line, where a run was not finite. */
  readonly mean: number | null
  /** Half the width of the interval, and the standard deviation over the runs; null for one run. */
  readonly half: number | null
  readonly deviation: number | null
}

export interface CurveLine {
  /** Place on the subject's axis. */
  readonly subject: number
  readonly points: readonly CurvePoint[]
  /** Runs that the line is the mean of. */
  readonly runs: number
  /** Whether a run ended before others did: there the line ends. */
  readonly endsEarly: 'diverged' | 'stopped' | null
}

export interface CurvePanel extends Panel {
  readonly lines: readonly CurveLine[]
}

/** A panel for each adversary and each setting of the other axes, a line for each subject. */
export function curvePanels(
  document: SweepDocument,
  runs: readonly SweepRun[],
  { subject, adversary }: Roles,
  series: string,
): readonly CurvePanel[] {
  const others = varyingAxes(document, runs).filter(axis => axis !== subject && axis !== adversary)
  const facets = [...others, ...(adversary === null ? [] : [adversary])].filter(axis => axis !== subject)
  return panelsOf(document, runs, facets).map(panel => ({
    ...panel,
    lines: [...groupBy(panel.runs, subject)].flatMap(([at, group]) => {
      const line = lineOf(document, group, series)
      return line === null ? [] : [{ subject: at, ...line }]
    }),
  }))
}

/** The mean at each step that all runs of the line have: where the first of them ends, the line ends. */
function lineOf(
  document: SweepDocument,
  runs: readonly SweepRun[],
  series: string,
): Omit<CurveLine, 'subject'> | null {
  const seedAxis = seedAxisOf(document)
  const curves = runs.flatMap(run => {
    const curve = run.series[series]
    return curve === undefined
      ? []
      : [{ seed: seedAxis < 0 ? 0 : run.at[seedAxis]!, curve, status: run.status }]
  })
  if (curves.length === 0) return null
  const at = new Map<number, (number | null)[]>()
  for (const { curve } of curves)
    for (const [index, step] of curve[0].entries()) {
      const value = curve[1][index] ?? null
      const known = at.get(step)
      if (known === undefined) at.set(step, [value])
      else known.push(value)
    }
  const points = [...at]
    .sort(([a], [b]) => a - b)
    .flatMap(([step, values]): CurvePoint[] => {
      if (values.includes(null)) return [{ step, mean: null, half: null, deviation: null }]
      const summary = values.length < curves.length ? null : summaryOf(values as number[])
      if (summary === null) return []
      const { mean, half, deviation } = summary
      return [{ step, mean, half, deviation: half === null ? null : deviation }]
    })
  const last = Math.max(...curves.map(({ curve: [steps] }) => steps.at(-1) ?? 0))
  const end = points.at(-1)
  const isWhole = end !== undefined && end.mean !== null && end.step >= last
  const diverged = curves.some(({ status }) => status === 'diverged')
  const endsEarly = isWhole ? null : diverged ? 'diverged' : 'stopped'
  return { points, runs: curves.length, endsEarly }
}
