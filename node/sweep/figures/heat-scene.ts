/** Heat maps as marks: a number in every cell, hatching and a reason where there is none, one scale for all panels. */
import { type Cell, panelsAcross, type Standing } from './cells.ts'
import type { SweepAxis, SweepDocument } from './document.ts'
import { legendMarks } from './heat-legend.ts'
import { columnsOf, type HeatChoice, type HeatPanel, numberOf } from './heat-map.ts'
import { type HeatScale, heatScaleOf, shareOf } from './heat-scale.ts'
import { halfText, labelOf, textOf } from './metric.ts'
import {
  fitted,
  hatching,
  inkOn,
  type Mark,
  moved,
  type Paint,
  places,
  rectangle,
  type Scene,
  shade,
  textMark,
  widthOf,
} from './scene.ts'

interface HeatSceneOptions {
  readonly document: SweepDocument
  readonly panels: readonly HeatPanel[]
  /** Panels that share the scale, where some of them are in another figure. */
  readonly scaledBy?: readonly HeatPanel[]
  readonly choice: HeatChoice
  readonly title: string
  /** Pixels; panels that fit stand beside each other. A map with many columns may be wider. */
  readonly width: number
}

/** Panel, row and column of a cell, as `Mark.target` has them. */
export const targetOf = (panel: number, row: number, column: number): string => `${panel} ${row} ${column}`

const TEXT = 12
const SMALL = 10
const GAP = 22
const TITLE = 22
/** A line with the name of an axis, and a line of small text in a cell. */
const LINE = 15
const SMALL_LINE = 12
/** Names that lean: by so many degrees, at most so long, and begin so far left of the middle of their column. */
const LEAN = 40
const LEANING = 130
const LEFT = 2
/** Beside the last column at least. */
const OVERHANG = 30
/** Words in a cell that has no number. */
const words: Readonly<Record<Standing, string>> = {
  measured: '1 seed',
  diverged: 'div.',
  failed: 'failed',
  skipped: 'skip',
  missing: '–',
  unmeasured: 'n/a',
}

interface Layout {
  readonly left: number
  readonly top: number
  readonly cell: number
  readonly row: number
  readonly leans: boolean
  readonly panelWidth: number
  readonly panelHeight: number
  readonly across: number
}

export function heatScene(options: HeatSceneOptions): Scene {
  const { document, panels, choice, title } = options
  const scale = heatScaleOf(options.scaledBy ?? panels, choice.metric, choice.number, choice.better)
  const layout = layoutOf(options)
  const marks: Mark[] = []
  for (const [at, panel] of panels.entries()) {
    const x = (at % layout.across) * (layout.panelWidth + GAP)
    const y = Math.floor(at / layout.across) * (layout.panelHeight + GAP)
    marks.push(...moved(panelMarks(document, panel, at, choice, scale, layout), x, y))
  }
  const lines = Math.ceil(panels.length / layout.across)
  const used = Math.min(layout.across, panels.length)
  const width = Math.max(options.width, used * (layout.panelWidth + GAP) - GAP)
  const legend = legendMarks(panels, choice, scale, Math.max(280, Math.min(width, 640)))
  const top = lines * (layout.panelHeight + GAP)
  return { title, width, height: top + legend.height, marks: [...marks, ...moved(legend.marks, 0, top)] }
}

function layoutOf({ document, panels, choice, width }: HeatSceneOptions): Layout {
  const [first] = panels
  const names = ({ values }: SweepAxis, at: readonly number[] = []) => at.map(place => values[place]!)
  const rows = names(document.axes[choice.rows]!, first?.rows)
  const columns = names(columnsOf(document, choice), first?.columns)
  const widest = (texts: readonly string[], size: number) =>
    Math.max(0, ...texts.map(text => widthOf(text, size)))
  const narrow = width < 500
  const rowsName = widthOf(document.axes[choice.rows]!.name, 11)
  const left = Math.min(narrow ? 96 : 170, Math.max(widest(rows, TEXT), rowsName) + 10)
  const all = panels.flatMap(({ cells }) => cells.flat())
  const numbers = all.map(cell => cellText(cell, choice))
  const halves = all.map(cell => halfOf(cell, choice) ?? '')
  const worst = all.map(cell => worstName(document, choice, cell) ?? '')
  const least = Math.max(
    ...[34, widest(numbers, TEXT) + 8, widest(halves, SMALL) + 6],
    Math.min(narrow ? 56 : 90, widest(worst, SMALL) + 6),
  )
  const room = Math.min(narrow ? 60 : 110, widest(columns, TEXT) + 12)
  const share = (width - left) / Math.max(1, columns.length)
  const cell = Math.max(least, Math.min(room, share))
  const leans = widest(columns, TEXT) + 6 > cell
  const titles = (first?.label ? TITLE : 0) + (columnsOf(document, choice).name === '' ? 0 : LINE)
  const top = titles + (leans ? Math.min(110, widest(columns, TEXT) * 0.72 + 14) : 20)
  const isTwo = (texts: readonly string[]) => texts.some(text => text !== '')
  const row = 28 + (isTwo(halves) ? SMALL_LINE - 2 : 0) + (isTwo(worst) ? SMALL_LINE - 2 : 0)
  const overhang = leans ? Math.max(OVERHANG, reachOf(columns, cell) - columns.length * cell) : 0
  const panelWidth = left + columns.length * cell + overhang
  const across = panelsAcross(panels, Math.max(1, Math.floor((width + GAP) / (panelWidth + GAP))))
  return { left, top, cell, row, leans, panelWidth, panelHeight: top + rows.length * row, across }
}

/** How far to the right of the first column's edge the names that lean above the columns end. */
function reachOf(columns: readonly string[], cell: number): number {
  const along = Math.cos((LEAN * Math.PI) / 180)
  const ends = columns.map(
    (name, at) => (at + 0.5) * cell - LEFT + along * widthOf(fitted(name, TEXT, LEANING), TEXT),
  )
  return Math.ceil(Math.max(0, ...ends))
}

function cellText(cell: Cell, { metric, number }: HeatChoice): string {
  const value = numberOf(cell, number)
  return value === null ? words[cell.standing] : textOf(metric, value)
}

/** `± 1.6`, where a cell shows the mean of several seeds. */
function halfOf({ summary }: Cell, { metric, number }: HeatChoice): string | null {
  const half = number === 'mean' ? (summary?.half ?? null) : null
  return half === null ? null : halfText(metric, half)
}

function panelMarks(
  document: SweepDocument,
  panel: HeatPanel,
  index: number,
  choice: HeatChoice,
  scale: HeatScale | null,
  layout: Layout,
): Mark[] {
  const { left, top, cell: width, row: height } = layout
  const rows = document.axes[choice.rows]!
  const columns = columnsOf(document, choice)
  const room = layout.panelWidth
  const marks: Mark[] = []
  if (panel.label !== '')
    marks.push(
      textMark(0, 13, fitted(panel.label, 13, room), 13, 'start', { bold: true, title: panel.label }),
    )
  // Which axis the rows are of, and the columns: above the names of each.
  const named = (x: number, y: number, name: string, room: number, anchor: 'start' | 'end') =>
    marks.push(textMark(x, y, fitted(name, 11, room), 11, anchor, { fill: '--soft', title: name }))
  named(left - 8, top - 7, rows.name, left - 8, 'end')
  if (columns.name !== '')
    named(left, panel.label === '' ? 11 : TITLE + 9, columns.name, room - left, 'start')
  for (const [at, place] of panel.columns.entries()) {
    const name = columns.values[place]!
    const x = left + (at + 0.5) * width
    if (layout.leans)
      marks.push(
        textMark(x - LEFT, top - 6, fitted(name, TEXT, LEANING), TEXT, 'start', {
          turned: -LEAN,
          title: name,
        }),
      )
    else marks.push(textMark(x, top - 7, name, TEXT, 'middle', {}))
  }
  for (const [at, place] of panel.rows.entries()) {
    const name = rows.values[place]!
    const y = top + at * height
    marks.push(
      textMark(left - 8, y + height / 2 + 4, fitted(name, TEXT, left - 10), TEXT, 'end', { title: name }),
    )
    for (const [column, cell] of panel.cells[at]!.entries()) {
      const box = [left + column * width + 1, y + 1, width - 2, height - 2] as const
      const title = cellTitle(document, choice, cell, `${name}, ${columns.values[panel.columns[column]!]}`)
      const target = targetOf(index, at, column)
      marks.push(...cellMarks(document, cell, choice, scale, box, { title, target }))
    }
  }
  return marks
}

type Box = readonly [x: number, y: number, width: number, height: number]

function cellMarks(
  document: SweepDocument,
  cell: Cell,
  choice: HeatChoice,
  scale: HeatScale | null,
  box: Box,
  { title, target }: { readonly title: string; readonly target: string },
): Mark[] {
  const [x, y, width, height] = box
  const value = numberOf(cell, choice.number)
  const text = cellText(cell, choice)
  const d = rectangle(...box)
  const middle = x + width / 2
  if (value === null || scale === null)
    return [
      { kind: 'path', d, fill: '--paper', stroke: { paint: '--line', width: 1 }, title, target },
      ...hatchMarks(cell.standing, box),
      behind(middle, y + height / 2, text),
      textMark(middle, y + height / 2 + 4, text, 11, 'middle', {}),
    ]
  const fill = shade(shareOf(scale, value))
  const ink = inkOn(fill)
  const worst = worstName(document, choice, cell)
  const below = [halfOf(cell, choice), worst].filter(text => text !== null)
  const line = y + height / 2 + 4 - (below.length * SMALL_LINE) / 2
  const marks: Mark[] = [
    { kind: 'path', d, fill, title, target },
    textMark(middle, line, text, TEXT, 'middle', { fill: ink }),
  ]
  for (const [at, text] of below.entries())
    marks.push(
      textMark(middle, line + (at + 1) * SMALL_LINE, fitted(text, SMALL, width - 4), SMALL, 'middle', {
        fill: ink,
      }),
    )
  // A corner is marked where runs of the cell gave no value, or diverged, and where something else is said of them.
  if (cell.notes.length > 0) marks.push(...cornerMarks(x + width, y, cell.isWhole ? '--accent' : '--liar'))
  return marks
}

const CORNER = 9

function cornerMarks(right: number, y: number, fill: Paint): Mark[] {
  const triangle = (size: number, inset: number) =>
    `M${places(right - size)} ${places(y + inset)}H${places(right - inset)}V${places(y + size)}z`
  return [
    { kind: 'path', d: triangle(CORNER, 0), fill: '--paper' },
    { kind: 'path', d: triangle(CORNER - 2, 1), fill },
  ]
}

/** Each reason for an empty cell has a hatching of its own; what was not run has a dashed edge alone. */
function hatchMarks(standing: Standing, box: Box): Mark[] {
  const lines = (rising: boolean, paint: Paint, gap = 7): Mark => ({
    kind: 'path',
    d: hatching(box, gap, rising),
    stroke: { paint, width: 1 },
  })
  if (standing === 'skipped') return [lines(true, '--ghost')]
  if (standing === 'diverged') return [lines(false, '--liar')]
  if (standing === 'failed') return [lines(true, '--liar'), lines(false, '--liar')]
  if (standing === 'measured') return [lines(true, '--line', 5)]
  return [{ kind: 'path', d: rectangle(...box), stroke: { paint: '--ghost', width: 1, dash: '3 3' } }]
}

/** A ground for a text on hatching. */
function behind(middle: number, y: number, text: string): Mark {
  const width = widthOf(text, 11) + 6
  return { kind: 'path', d: rectangle(middle - width / 2, y - 8, width, 16), fill: '--paper' }
}

function worstName(document: SweepDocument, { reduction }: HeatChoice, { worstAt }: Cell): string | null {
  return reduction?.by === 'worst' && worstAt !== null
    ? document.axes[reduction.axis]!.values[worstAt]!
    : null
}

/** All that is known of a cell, in a sentence or two. */
export function cellTitle(document: SweepDocument, choice: HeatChoice, cell: Cell, name: string): string {
  const { metric } = choice
  const worst = worstName(document, choice, cell)
  const number = cell.summary === null ? words[cell.standing] : summaryText(metric, cell)
  const at = worst === null ? '' : `, worst with ${worst}`
  return [`${name}: ${number}${at}.`, ...cell.notes].join(' ')
}

/** `accuracyMin (%) 93.1 ± 0.4 (95 % of 3 seeds), standard deviation 0.2`. */
function summaryText(metric: string, { summary }: Cell): string {
  const { mean, half, deviation, count } = summary!
  const value = `${labelOf(metric)} ${textOf(metric, mean)}`
  if (half === null) return `${value} (1 seed)`
  const interval = `${halfText(metric, half)} (95 % interval over ${count} seeds)`
  return `${value} ${interval}, standard deviation ${textOf(metric, deviation)}`
}
