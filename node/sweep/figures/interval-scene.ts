/**
 * The worst case of each rule with its 95 % interval: a dot and a line for each rule, the best one in colour, and in
 * grey those that cannot be told from it.
 */
import { symbol, symbolCircle, symbolDiamond } from 'd3-shape'
import { type Scale, scaleOver } from '../../page/app/chart/scale.ts'
import type { Comparison, WorstCase } from './comparison.ts'
import type { SweepDocument } from './document.ts'
import type { Roles } from './heat-map.ts'
import { isShare, labelOf, textOf } from './metric.ts'
import {
  fitted,
  type Mark,
  moved,
  type Paint,
  places,
  type Scene,
  textMark,
  widthOf,
  wrapped,
} from './scene.ts'
import { LEVEL } from './statistics.ts'

interface IntervalSceneOptions {
  readonly document: SweepDocument
  readonly comparisons: readonly Comparison[]
  readonly roles: Roles
  readonly metric: string
  readonly title: string
  readonly width: number
}

const ROW = 26
const TOP = 24
const GAP = 18
const AXIS = 24

const CAPTION =
  'Worst case of each: the mean over seeds and its 95 % interval. Blue: the best, with a significant difference from every other. Black: significantly worse than the best. Grey: the seeds do not tell it from the best.'

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

export function intervalScene(options: IntervalSceneOptions): Scene {
  const { comparisons, metric, title, width } = options
  const names = comparisons.flatMap(({ worst }) => worst.map(one => nameOf(options, one)))
  const left = Math.min(width * 0.45, 12 + Math.max(0, ...names.map(name => widthOf(name, 12))))
  const right = width - 66
  const ends = comparisons.flatMap(({ worst }) => worst.flatMap(({ cell }) => [...endsOf(cell, metric)]))
  const scale = scaleOver(ends, [left, right], false, isShare(metric))
  const marks: Mark[] = []
  let y = 0
  for (const comparison of comparisons) {
    marks.push(...moved(panelMarks(options, comparison, scale, left), 0, y))
    y += TOP + (comparison.worst.length + comparison.leftOut.length) * ROW + AXIS + GAP
  }
  const isLost = comparisons.some(({ worst }) => worst.some(({ cell }) => cell.lost > 0))
  const caption = `${CAPTION}${isLost ? ' Red: some of its runs ended without a finite value.' : ''}`
  for (const line of wrapped(caption, 11, width)) {
    y += 14
    marks.push(textMark(0, y, line, 11, 'start', { fill: '--soft' }))
  }
  return { title, width, height: y + 6, marks }
}

function nameOf({ document, roles }: IntervalSceneOptions, { subject, adversary }: WorstCase): string {
  const rule = document.axes[roles.subject]!.values[subject]!
  return adversary === null ? rule : `${rule} (${document.axes[roles.adversary!]!.values[adversary]})`
}

function endsOf({ summary }: WorstCase['cell'], metric: string): readonly number[] {
  if (summary === null) return []
  const { mean, half } = summary
  // An interval of two seeds may be wider than all that can be: it is cut at the edge.
  const reach = Math.min(half ?? 0, 2 * (summary.max - summary.min) || (half ?? 0))
  const low = mean - reach
  const high = mean + reach
  return isShare(metric) ? [Math.max(0, low), Math.min(1, high)] : [low, high]
}

function panelMarks(
  options: IntervalSceneOptions,
  comparison: Comparison,
  scale: Scale,
  left: number,
): Mark[] {
  const { metric, width } = options
  const [from, to] = scale.range() as [number, number]
  const bottom = TOP + (comparison.worst.length + comparison.leftOut.length) * ROW
  const marks: Mark[] = [textMark(0, 13, comparison.label, 13, 'start', { bold: true })]
  for (const tick of scale.ticks(Math.max(2, Math.floor((to - from) / 70)))) {
    const x = scale(tick)
    marks.push({ kind: 'path', d: `M${places(x)} ${TOP}V${bottom}`, stroke: { paint: '--line', width: 1 } })
    marks.push(textMark(x, bottom + 14, textOf(metric, tick), 11, 'middle', { fill: '--soft' }))
  }
  marks.push(textMark(width - 2, 13, fitted(labelOf(metric), 11, width / 3), 11, 'end', { fill: '--soft' }))
  for (const [at, one] of comparison.worst.entries()) {
    const y = TOP + (at + 0.5) * ROW
    const name = nameOf(options, one)
    marks.push(textMark(left - 8, y + 4, fitted(name, 12, left - 8), 12, 'end', { title: name }))
    marks.push(...dotMarks(one, metric, paints[toneOf(one, comparison)], scale, y, width))
  }
  for (const [at, { subject, standing }] of comparison.leftOut.entries()) {
    const y = TOP + (comparison.worst.length + at + 0.5) * ROW
    const name = options.document.axes[options.roles.subject]!.values[subject]!
    marks.push(
      textMark(left - 8, y + 4, fitted(name, 12, left - 8), 12, 'end', { fill: '--soft', title: name }),
    )
    marks.push(textMark(left + 6, y + 4, standing, 12, 'start', { fill: '--soft' }))
  }
  return marks
}

function dotMarks(
  { cell }: WorstCase,
  metric: string,
  paint: Paint,
  scale: Scale,
  y: number,
  width: number,
): Mark[] {
  const [from, to] = scale.range() as [number, number]
  const { summary } = cell
  if (summary === null) return [textMark(from + 6, y + 4, 'diverged', 12, 'start', { fill: '--liar' })]
  const clip = (x: number) => Math.min(to, Math.max(from, x))
  const { mean, half, count } = summary
  const marks: Mark[] = []
  if (half !== null)
    marks.push({
      kind: 'path',
      d: `M${places(clip(scale(mean - half)))} ${y}H${places(clip(scale(mean + half)))}`,
      stroke: { paint, width: 2 },
    })
  const outline = symbol(half === null ? symbolDiamond : symbolCircle, 60)() ?? ''
  const title = `${textOf(metric, mean)}${half === null ? '' : ` ± ${textOf(metric, half)}`}, ${count} ${count === 1 ? 'seed' : 'seeds'}`
  marks.push({ kind: 'path', d: outline, fill: paint, at: [scale(mean), y], title })
  marks.push(
    textMark(width - 2, y + 4, `${textOf(metric, mean)}, n = ${count}`, 11, 'end', {
      fill: paint === '--ghost' ? '--soft' : paint,
    }),
  )
  return marks
}
