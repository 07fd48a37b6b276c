/** Figures as Vega-Lite descriptions, and as SVG: lines over steps, and heat maps of rule × attack. */
import type { TopLevelSpec } from 'vega-lite'
import { overSeeds, type Point } from './statistics.ts'

export interface Figure {
  readonly title: string
  readonly caption: string
  readonly spec: TopLevelSpec
  /** What the colours stand for: beside the figure rather than in it, where it would be drawn once a panel. */
  readonly legend: readonly LegendEntry[]
}

interface LegendEntry {
  readonly name: string
  readonly colour: string
  readonly broken: boolean
}

export interface Line {
  /** Which panel it is in. */
  readonly panel: string
  /** What its colour stands for. */
  readonly name: string
  /** One series a seed. */
  readonly series: readonly (readonly Point[])[]
}

interface LinesOptions {
  readonly title: string
  readonly caption: string
  readonly lines: readonly Line[]
  readonly x: string
  readonly y: string
  readonly scale?: 'log' | 'percent'
  /** A line whose name is this is drawn black and broken: what to compare with. */
  readonly reference?: string
  readonly columns?: number
  readonly logX?: boolean
}

/** Categorical colours that differ in lightness too (Okabe and Ito, 2008, and three more). */
const palette = [
  ...['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#d55e00', '#56b4e9', '#8c6d1f', '#7f7f7f'],
  ...['#5b3fa0', '#a6293a'],
]

const config = {
  font: 'system-ui, sans-serif',
  background: '#ffffff',
  view: { stroke: '#d8dee4' },
  axis: {
    grid: true,
    gridColor: '#eef1f4',
    domainColor: '#aab4be',
    tickColor: '#aab4be',
    labelColor: '#3c4650',
    titleColor: '#3c4650',
    titleFontWeight: 'normal' as const,
    labelFontSize: 11,
    titleFontSize: 12,
  },
  header: { labelFontSize: 12, labelFontWeight: 'bold' as const, labelColor: '#1f2933', title: null },
}

/** One panel for each `panel`, mean as a line and least to greatest over the seeds as a band. */
export function linesFigure(options: LinesOptions): Figure {
  const { title, caption, lines, scale, columns = 2 } = options
  const panels = inOrder(lines.map(({ panel }) => panel))
  const values = lines
    .flatMap(({ panel, name, series }) =>
      overSeeds(series).map(({ x, spread: { mean, min, max } }) => ({
        panel,
        name,
        x,
        y: mean,
        low: min,
        high: max,
      })),
    )
    // What a logarithm cannot show breaks the line.
    .map(value =>
      scale === 'log' && !(value.low > 0) ? { ...value, y: null, low: null, high: null } : value,
    )
  const bottom = scale === 'percent' ? bottomOf(values) : 0
  // What is below the axis is left out rather than clipped: a clip would be told by an id, of which a page has several.
  const shown = values
    .filter(({ y }) => bottom === 0 || (y ?? 1) >= bottom)
    .map(value => (bottom === 0 ? value : { ...value, low: Math.max(bottom, value.low ?? 1) }))
  const data = { values: shown }
  const legend = legendOf(options)
  const layers = lineLayers(options, legend, {
    bottom,
    firstX: Math.min(...values.map(({ x }) => x)),
    broken: values.some(({ y }) => y === null),
  })
  const spec: TopLevelSpec =
    panels.length === 1
      ? { data, width: 640, height: 300, ...layers, config }
      : {
          data,
          facet: { field: 'panel', type: 'nominal', sort: panels, title: null },
          columns,
          spec: { width: columns === 2 ? 350 : 225, height: 200, ...layers },
          resolve: { axis: { x: 'independent', y: 'independent' } },
          config,
        }
  const cut = bottom > 0 ? ` The axis starts at ${Math.round(100 * bottom)} %.` : ''
  return { title, caption: `${caption}${cut}`, spec, legend }
}

/**
 * Where the axis of a figure of accuracies starts: below all of them once learning is under way, so that lines which
 * end close to each other can be told apart; at 0 where any of them fails.
 */
function bottomOf(values: readonly { readonly x: number; readonly low: number | null }[]): number {
  const last = Math.max(...values.map(({ x }) => x))
  const lowest = Math.min(...values.filter(({ x }) => x >= last / 4).map(({ low }) => low ?? 0))
  const bottom = Math.floor(10 * lowest) / 10
  return bottom >= 0.3 ? bottom : 0
}

function legendOf({ lines, reference }: LinesOptions): LegendEntry[] {
  const names = inOrder(lines.map(({ name }) => name))
  const others = names.filter(name => name !== reference)
  return names.map(name => ({
    name,
    colour: name === reference ? '#111111' : palette[others.indexOf(name) % palette.length]!,
    broken: name === reference,
  }))
}

function lineLayers(
  { x, y, scale, reference, logX = false }: LinesOptions,
  legend: readonly LegendEntry[],
  { bottom, firstX, broken }: { readonly bottom: number; readonly firstX: number; readonly broken: boolean },
) {
  const number = { type: 'quantitative' as const, ...axisOfValues(y, scale, bottom) }
  const xAxis = { tickCount: 5, ...(logX && { format: '~s' }) }
  const colour = colourBy(legend)
  const isReference = `datum.name === ${JSON.stringify(reference ?? '')}`
  return {
    encoding: {
      x: {
        field: 'x',
        type: 'quantitative' as const,
        title: x,
        axis: xAxis,
        scale: logX ? { type: 'log' as const } : { domainMin: firstX },
      },
    },
    layer: [
      {
        mark: { type: 'area' as const, opacity: 0.12 },
        encoding: {
          y: { field: 'low', ...number },
          y2: { field: 'high' },
          color: colour,
        },
      },
      {
        // A point between two gaps is no line.
        mark: { type: 'line' as const, strokeWidth: 1.8, ...(broken && { point: { size: 9 } }) },
        encoding: {
          y: { field: 'y', ...number },
          color: colour,
          strokeDash: { condition: { test: isReference, value: [5, 4] }, value: [1, 0] },
        },
      },
    ],
  }
}

function axisOfValues(title: string, scale: LinesOptions['scale'], bottom: number) {
  if (scale === 'log') return { scale: { type: 'log' as const }, axis: { title, format: '~g', tickCount: 6 } }
  if (scale === 'percent') return { scale: { domain: [bottom, 1] }, axis: { title, format: '.0%' } }
  return { scale: { zero: false }, axis: { title } }
}

function colourBy(legend: readonly LegendEntry[]) {
  const names = legend.map(({ name }) => name)
  const range = legend.map(({ colour }) => colour)
  return {
    field: 'name',
    type: 'nominal' as const,
    sort: names,
    legend: null,
    scale: { domain: names, range },
  }
}

interface HeatCell {
  readonly panel: string
  readonly row: string
  readonly column: string
  /** In [0, 1], or null: an empty cell. */
  readonly value: number | null
}

/** Accuracies, rows × columns, one panel for each `panel`, each cell with its number in it. */
export function heatFigure(title: string, caption: string, cells: readonly HeatCell[]): Figure {
  const panels = inOrder(cells.map(({ panel }) => panel))
  const rows = inOrder(cells.map(({ row }) => row))
  const columns = inOrder(cells.map(({ column }) => column))
  const bare = { title: null, domain: false, ticks: false, grid: false }
  // Up to seven names stand upright; more lean, and need less room.
  const lean = columns.length > 7
  const across = { ...bare, orient: 'top' as const, labelAngle: lean ? -35 : 0, labelLimit: 160 }
  const number = { field: 'value', type: 'quantitative' as const }
  const light = {
    condition: { test: 'datum.value < 0.16 || datum.value > 0.85', value: '#ffffff' },
    value: '#1f2933',
  }
  const spec: TopLevelSpec = {
    data: { values: cells.filter(({ value }) => value !== null).map(cell => ({ ...cell })) },
    facet: { field: 'panel', type: 'nominal', sort: panels, title: null },
    columns: columns.length > 4 ? 1 : 2,
    spec: {
      width: columns.length * (lean ? 54 : columns.length > 4 ? 100 : 82),
      height: rows.length * 26,
      encoding: {
        x: { field: 'column', type: 'nominal', sort: columns, axis: across },
        y: { field: 'row', type: 'nominal', sort: rows, axis: bare },
      },
      layer: [
        {
          mark: { type: 'rect', stroke: '#ffffff', strokeWidth: 2 },
          encoding: {
            color: { ...number, scale: { domain: [0, 1], scheme: 'redyellowblue' }, legend: null },
          },
        },
        {
          mark: { type: 'text', fontSize: 12 },
          encoding: { text: { ...number, format: '.1%' }, color: light },
        },
      ],
    },
    resolve: { axis: { x: 'independent', y: 'independent' } },
    config: { ...config, view: { stroke: null } },
  }
  return { title, caption, spec, legend: [] }
}

function inOrder(names: readonly string[]): string[] {
  return [...new Set(names)]
}

/** What a figure shows, a row for each point or cell. */
export function numbersOf({ spec }: Figure): { readonly head: string[]; readonly rows: string[][] } {
  const { data } = spec as {
    readonly data: { readonly values: readonly Readonly<Record<string, unknown>>[] }
  }
  const head = Object.keys(data.values[0] ?? {})
  const text = (value: unknown) => (value === null || value === undefined ? '' : String(value))
  return { head, rows: data.values.map(row => head.map(name => text(row[name]))) }
}

/** The figure as SVG, drawn without a browser and without anything from the network. */
export async function drawFigure({ spec }: Figure): Promise<string> {
  const [{ compile }, { parse, View }] = await Promise.all([import('vega-lite'), import('vega')])
  const view = new View(parse(compile(spec).spec), { renderer: 'none' })
  try {
    return await view.toSVG()
  } finally {
    view.finalize()
  }
}
