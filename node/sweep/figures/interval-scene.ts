/**
 * The worst case of each rule with its 95 % interval: a dot and a line for each rule, the best one in colour, and in
 * grey those that cannot be told from it.
 */
import { symbol, symbolCircle, symbolDiamond } from 'd3-shape'
import { type Scale, scaleOver } from '../../page/app/chart/scale.ts'
import type { Cell } from './cells.ts'
import type { Comparison, WorstCase } from './comparison.ts'
import type { SweepDocument } from './document.ts'
import type { Roles } from './heat-map.ts'
import { halfText, isShare, labelOf, textOf, tickTexts } from './metric.ts'
import {
  fitted,
  type Mark,
  moved,
  type Paint,
  places,
  rectangle,
  type Scene,
  textMark,
  widthOf,
  wrapped,
} from './scene.ts'
import { LEVEL, reachOf } from './statistics.ts'

interface IntervalSceneOptions {
  readonly document: SweepDocument
  readonly comparisons: readonly Comparison[]
  /** Comparisons that share the axis, where some of them are in another file. */
  readonly scaledBy?: readonly Comparison[]
  readonly roles: Roles
  readonly metric: string
  readonly title: string
  readonly width: number
}

const ROW = 26
/** Where names stand above their intervals, because there is no room beside them. */
const TALL_ROW = 40
const NARROW = 560
const TOP = 24
const GAP = 18
const AXIS = 24

const CAPTION =
  'Worst case of each: the mean over seeds and its 95 % interval. Blue: the best, with a significant difference from every other. Plain ink: significantly worse than the best. Grey: the seeds do not tell it from the best.'

/** How a rule's worst case stands beside the best: only what the seeds bear out is in full ink. */
export function toneOf(one: WorstCase, { best, verdict }: Comparison): 'best' | 'tied' | 'worse' | 'lost' {
  if (one.cell.lost > 0) return 'lost'
  if (one.subject === best) return verdict?.significant ? 'best' : 'tied'
  return one.pAgainstBest !== null && one.pAgainstBest < LEVEL ? 'worse' : 'tied'
}

const paints: Readonly<Record<ReturnType<typeof toneOf>, Paint>> = {
  best: '--c0',
  tied: '--ghost',
  worse: '--ink',
  lost: '--liar',
}

interface Layout {
  readonly scale: Scale
  /** Where names end, or begin on a narrow figure. */
  readonly left: number
  readonly isNarrow: boolean
  readonly row: number
}

export function intervalScene(options: IntervalSceneOptions): Scene {
  const { comparisons, title, width } = options
  const layout = layoutOf(options)
  const marks: Mark[] = []
  let y = 0
  for (const comparison of comparisons) {
    marks.push(...moved(panelMarks(options, comparison, layout), 0, y))
    y += TOP + (comparison.worst.length + comparison.leftOut.length) * layout.row + AXIS + GAP
  }
  for (const line of wrapped(captionOf(comparisons, layout.scale), 11, width)) {
    y += 14
    marks.push(textMark(0, y, line, 11, 'start', { fill: '--soft' }))
  }
  return { title, width, height: y + 6, marks }
}

function layoutOf(options: IntervalSceneOptions): Layout {
  const { comparisons, metric, width } = options
  const all = comparisons.flatMap(({ worst }) => worst)
  const isNarrow = width < NARROW
  const widest = (texts: readonly string[], size: number) =>
    Math.max(0, ...texts.map(text => widthOf(text, size)))
  const names = widest(
    all.map(one => nameOf(options, one)),
    12,
  )
  const left = isNarrow ? 0 : Math.min(width * 0.4, 12 + names)
  const values = widest(
    all.map(one => valueText(one, metric)),
    11,
  )
  // The texts of the ticks at both ends need room.
  const range = isNarrow ? ([16, width - 16] as const) : ([left + 8, width - values - 16] as const)
  const shared = (options.scaledBy ?? comparisons).flatMap(({ worst }) => worst.map(({ cell }) => cell))
  const scale = scaleOver(endsOf(shared, metric), range, false, isShare(metric))
  return { scale, left, isNarrow, row: isNarrow ? TALL_ROW : ROW }
}

function captionOf(comparisons: readonly Comparison[], scale: Scale): string {
  const cells = comparisons.flatMap(({ worst }) => worst.map(({ cell }) => cell))
  const [low, high] = scale.domain() as [number, number]
  const isCut = cells.some(({ summary }) => {
    const half = summary?.half ?? 0
    return summary !== null && (summary.mean - half < low || summary.mean + half > high)
  })
  return [
    CAPTION,
    cells.some(({ lost }) => lost > 0) ? ' Red: some of its runs ended without a finite value.' : '',
    isCut ? ' An arrow: the interval goes on beyond the axis.' : '',
    cells.some(({ notes }) => notes.length > 0)
      ? ' A star: something is noted of its runs, such as that one stopped early or is missing.'
      : '',
  ].join('')
}

function nameOf({ document, roles }: IntervalSceneOptions, { subject, adversary }: WorstCase): string {
  const rule = document.axes[roles.subject]!.values[subject]!
  return adversary === null ? rule : `${rule} (${document.axes[roles.adversary!]!.values[adversary]})`
}

/** `79.2 ± 1.6, n = 3`. */
function valueText({ cell: { summary, notes } }: WorstCase, metric: string): string {
  if (summary === null) return ''
  const { mean, half, count } = summary
  const interval = half === null ? '' : ` ${halfText(metric, half)}`
  return `${textOf(metric, mean)}${interval}, n = ${count}${notes.length > 0 ? ' *' : ''}`
}

/** What the axis reaches over: all means, and the intervals as far as the usual one is wide. */
function endsOf(cells: readonly Cell[], metric: string): readonly number[] {
  const summaries = cells.flatMap(({ summary }) => summary ?? [])
  const reach = reachOf(summaries.map(({ half }) => half ?? 0))
  return summaries.flatMap(({ mean, half }) => {
    const part = Math.min(half ?? 0, reach)
    return isShare(metric) ? [Math.max(0, mean - part), Math.min(1, mean + part)] : [mean - part, mean + part]
  })
}

function panelMarks(options: IntervalSceneOptions, comparison: Comparison, layout: Layout): Mark[] {
  const { metric, width, document, roles } = options
  const { scale, left, isNarrow, row } = layout
  const [from, to] = scale.range() as [number, number]
  const bottom = TOP + (comparison.worst.length + comparison.leftOut.length) * row
  const unit = textMark(width - 2, 13, fitted(labelOf(metric), 11, width / 3), 11, 'end', { fill: '--soft' })
  const room = (width * 2) / 3 - 8
  const marks: Mark[] = [
    textMark(0, 13, fitted(comparison.label, 13, room), 13, 'start', { bold: true, title: comparison.label }),
    unit,
  ]
  const ticks = scale.ticks(Math.max(2, Math.floor((to - from) / 90)))
  const texts = tickTexts(metric, ticks)
  for (const [at, tick] of ticks.entries()) {
    const x = scale(tick)
    marks.push({ kind: 'path', d: `M${places(x)} ${TOP}V${bottom}`, stroke: { paint: '--line', width: 1 } })
    marks.push(textMark(x, bottom + 14, texts[at]!, 11, 'middle', { fill: '--soft' }))
  }
  const named = (y: number, name: string, value: string, fill: Paint) => {
    const room = isNarrow ? width - widthOf(value, 11) - 12 : left - 8
    const at = isNarrow ? ([0, y + 14] as const) : ([left - 8, y + row / 2 + 4] as const)
    const text = fitted(name, 12, room)
    // Grid lines go on behind a name that stands above its interval.
    if (isNarrow) marks.push(ground(0, y + 2, widthOf(text, 12) + 4))
    if (isNarrow && value !== '') marks.push(ground(width - widthOf(value, 11) - 6, y + 2, width))
    marks.push(textMark(...at, text, 12, isNarrow ? 'start' : 'end', { fill, title: name }))
  }
  for (const [at, one] of comparison.worst.entries()) {
    const y = TOP + at * row
    const paint = paints[toneOf(one, comparison)]
    const value = valueText(one, metric)
    named(y, nameOf(options, one), value, '--ink')
    const fill = paint === '--ghost' ? '--soft' : paint
    marks.push(textMark(width - 2, y + (isNarrow ? 14 : row / 2 + 4), value, 11, 'end', { fill }))
    marks.push(...dotMarks(one, metric, paint, scale, y + (isNarrow ? 28 : row / 2)))
  }
  for (const [at, { subject, standing }] of comparison.leftOut.entries()) {
    const y = TOP + (comparison.worst.length + at) * row
    named(y, document.axes[roles.subject]!.values[subject]!, '', '--soft')
    marks.push(
      textMark(from + 6, y + (isNarrow ? 31 : row / 2 + 4), standing, 12, 'start', { fill: '--soft' }),
    )
  }
  return marks
}

const ground = (x: number, y: number, to: number): Mark => ({
  kind: 'path',
  d: rectangle(x, y, to - x, 15),
  fill: '--paper',
})

/** Ends of an interval are taller than its dot, so that one narrower than the dot is seen. */
const END = 7

function dotMarks({ cell }: WorstCase, metric: string, paint: Paint, scale: Scale, y: number): Mark[] {
  const [from, to] = scale.range() as [number, number]
  const { summary } = cell
  if (summary === null) return [textMark(from + 6, y + 4, 'diverged', 12, 'start', { fill: '--liar' })]
  const { mean, half, count } = summary
  const marks: Mark[] = []
  const stroke = { paint, width: 2 } as const
  if (half !== null) {
    const [low, high] = isShare(metric)
      ? [Math.max(0, mean - half), Math.min(1, mean + half)]
      : [mean - half, mean + half]
    const [left, right] = [Math.max(from, scale(low)), Math.min(to, scale(high))]
    marks.push({ kind: 'path', d: `M${places(left)} ${y}H${places(right)}`, stroke })
    for (const [x, isCut, inwards] of [
      [left, scale(low) < from - 1e-6, 1],
      [right, scale(high) > to + 1e-6, -1],
    ] as const) {
      const d = isCut
        ? `M${places(x + inwards * 6)} ${y - 5}L${places(x)} ${y}L${places(x + inwards * 6)} ${y + 5}`
        : `M${places(x)} ${y - END}V${y + END}`
      marks.push({ kind: 'path', d, stroke })
    }
  }
  const outline = symbol(half === null ? symbolDiamond : symbolCircle, 50)() ?? ''
  const interval = half === null ? '' : ` ${halfText(metric, half)}`
  const value = `${textOf(metric, mean)}${interval}, ${count} ${count === 1 ? 'seed' : 'seeds'}`
  const title = [`${value}.`, ...cell.notes].join(' ')
  marks.push({ kind: 'path', d: outline, fill: paint, at: [scale(mean), y], title })
  return marks
}
