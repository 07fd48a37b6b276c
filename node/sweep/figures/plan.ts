/** Which figures a sweep has in files: by name, as scenes. The page draws the same ones. */
import type { Reduction } from './cells.ts'
import { comparisonsOf } from './comparison.ts'
import { curveScene } from './curve-scene.ts'
import { curvePanels } from './curves.ts'
import type { SweepDocument } from './document.ts'
import { defaultAxes, type HeatChoice, heatPanels, rolesOf, secondAxis } from './heat-map.ts'
import { heatScene } from './heat-scene.ts'
import { intervalScene } from './interval-scene.ts'
import { type Better, betterOf } from './metric.ts'
import type { Scene } from './scene.ts'
import { type Telling, tellingMetrics, tellingSeries } from './telling.ts'

interface PlannedFigure {
  /** Of its files, without an ending: letters, digits, dots and hyphens. */
  readonly name: string
  readonly scene: Scene
}

export interface FiguresOptions {
  /** Which metrics and series have figures in files; without it the first four that matter most. The page has all. */
  readonly metrics?: readonly string[]
  /** Where a metric's name does not tell. */
  readonly better?: Readonly<Record<string, Better>>
}

/** Metrics with figures in files, unless others are asked for. */
const METRICS_MAX = 4
/** Panels of one figure; more go on in another file. */
const PANELS_MAX = 24
/** Files of one figure; the page has the rest. */
const PARTS_MAX = 8
/** Of a figure over both columns of a paper, in pixels. */
const WIDTH = 800

/** All figures, and sentences on what is not among them. */
export function plannedFigures(
  document: SweepDocument,
  options: FiguresOptions = {},
): { readonly figures: readonly PlannedFigure[]; readonly notes: readonly string[] } {
  const roles = rolesOf(document)
  if (roles === null || document.runs.length === 0) return { figures: [], notes: [] }
  const notes: string[] = []
  const parts = (
    name: string,
    panels: number,
    draw: (from: number, to: number) => Scene,
  ): PlannedFigure[] => {
    const count = Math.ceil(panels / PANELS_MAX)
    if (count > PARTS_MAX)
      notes.push(
        `${name} has ${panels} panels: files have the first ${PARTS_MAX * PANELS_MAX}, the page has all.`,
      )
    return Array.from({ length: Math.min(count, PARTS_MAX) }, (_, at) => ({
      name: count === 1 ? name : `${name}-${at + 1}`,
      scene: draw(at * PANELS_MAX, (at + 1) * PANELS_MAX),
    }))
  }
  const metrics = chosen('metrics', document.metrics, tellingMetrics(document), options, notes)
  const series = chosen('series', document.series, tellingSeries(document), options, notes)
  const figures = [
    ...metrics.flatMap(metric =>
      metricFigures(document, metric, options.better?.[metric] ?? betterOf(metric), parts),
    ),
    ...series.flatMap(series => {
      const panels = curvePanels(document, document.runs, roles, series)
      return parts(`curves-${fileName(series)}`, panels.length, (from, to) =>
        curveScene({
          document,
          panels: panels.slice(from, to),
          scaledBy: panels,
          roles,
          series,
          title: `${series} over the steps`,
          width: WIDTH,
        }),
      )
    }),
  ]
  return { figures, notes }
}

type Parts = (name: string, panels: number, draw: (from: number, to: number) => Scene) => PlannedFigure[]

/** Those that are asked for; or else the first of those that tell runs apart, and a note on the others. */
function chosen(
  kind: 'metrics' | 'series',
  all: readonly string[],
  { names, leftOut }: Telling,
  { metrics }: FiguresOptions,
  notes: string[],
): readonly string[] {
  if (metrics !== undefined) return all.filter(name => metrics.includes(name))
  if (leftOut.length > 0)
    notes.push(
      `No ${kind === 'metrics' ? 'figure' : 'curves'} of ${leftOut.join(', ')}: they tell no two runs apart.`,
    )
  const rest = names.slice(METRICS_MAX)
  if (rest.length > 0 && kind === 'metrics')
    notes.push(`Figures of ${rest.join(', ')} are on the page alone.`)
  return names.slice(0, METRICS_MAX)
}

function metricFigures(
  document: SweepDocument,
  metric: string,
  better: Better,
  parts: Parts,
): PlannedFigure[] {
  const roles = rolesOf(document)!
  const axes = defaultAxes(document)!
  const name = fileName(metric)
  const heat = (kind: string, title: string, choice: HeatChoice) => {
    const panels = heatPanels(document, document.runs, choice)
    return parts(`heat-${kind}-${name}`, panels.length, (from, to) =>
      heatScene({ document, panels: panels.slice(from, to), scaledBy: panels, choice, title, width: WIDTH }),
    )
  }
  const mean: HeatChoice = {
    metric,
    better,
    reduction: null,
    rows: axes.rows,
    columns: axes.columns,
    number: 'mean',
  }
  const figures = heat('mean', `Mean ${metric}`, mean)
  const seeds = document.axes.find(axis => axis.name === 'seed')?.values.length ?? 1
  if (seeds > 1)
    figures.push(...heat('spread', `Spread over seeds of ${metric}`, { ...mean, number: 'spread' }))
  const { subject, adversary } = roles
  const second = adversary === null ? null : secondAxis(document, [subject, adversary])
  if (adversary !== null && second !== null) {
    const reduction: Reduction = { axis: adversary, by: 'worst' }
    const title = `${metric} under the worst ${document.axes[adversary]!.name}`
    figures.push(...heat('worst', title, { ...mean, rows: subject, columns: second, reduction }))
  }
  const comparisons = comparisonsOf(document, document.runs, roles, metric, better)
  figures.push(
    ...parts(`worst-case-${name}`, comparisons.length, (from, to) =>
      intervalScene({
        document,
        comparisons: comparisons.slice(from, to),
        scaledBy: comparisons,
        roles,
        metric,
        title: `Worst case of ${metric}`,
        width: WIDTH,
      }),
    ),
  )
  return figures
}

/** A name that every file system takes. */
function fileName(text: string): string {
  return text.replace(/[^A-Za-z0-9.]+/g, '-').slice(0, 80) || 'metric'
}

/** Whether a file is one of ours, so that one of an earlier grid may be taken away. */
export const isFigureName = (name: string): boolean =>
  /^(heat-(mean|spread|worst)|worst-case|curves)-[A-Za-z0-9.-]+\.(svg|pdf)$/.test(name)
