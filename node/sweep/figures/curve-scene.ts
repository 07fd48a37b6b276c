/** Curves as marks, for files: a panel for each attack and setting, a line with its band for each rule. */
import { area, line } from 'd3-shape'
import { lookOf, shapePath } from '../../page/app/chart/palette.ts'
import { measuredTicks, type Scale, scaleOver, ticksOf } from '../../page/app/chart/scale.ts'
import type { CurvePanel, CurvePoint } from './curves.ts'
import type { SweepDocument } from './document.ts'
import type { Roles } from './heat-map.ts'
import { isShare, labelOf, tickTexts } from './metric.ts'
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
import { reachOf } from './statistics.ts'

interface CurveSceneOptions {
  readonly document: SweepDocument
  readonly panels: readonly CurvePanel[]
  /** Panels that share the axes, where some of them are in another file. */
  readonly scaledBy?: readonly CurvePanel[]
  readonly roles: Roles
  readonly series: string
  readonly title: string
  readonly width: number
}

const PANEL = { width: 390, height: 190, gap: 20, top: 24, bottom: 38, left: 52 } as const
const LOG_RATIO = 1000

/** What the axes of all panels of a figure reach over, so that lines of one panel are compared with those of another. */
interface CurveExtent {
  /** Steps at which anything was measured, ascending. */
  readonly steps: readonly number[]
  /** Values: all means, and the bands as far as the usual one is wide. */
  readonly values: readonly number[]
  /** Whether means are so far apart that a logarithm shows more. */
  readonly log: boolean
}

export function curveExtent(
  panels: readonly CurvePanel[],
  series: string,
  band: 'half' | 'deviation' | 'none' = 'half',
  logAsked: boolean | null = null,
): CurveExtent {
  const points = panels.flatMap(({ lines }) => lines.flatMap(one => one.points))
  const log = logAsked ?? isLog(points)
  const widths = points.flatMap(point => (band === 'none' ? [] : (point[band] ?? [])))
  const reach = reachOf(widths)
  const values = points.flatMap((point): readonly number[] => {
    if (point.mean === null) return []
    const width = band === 'none' ? 0 : Math.min(reach, point[band] ?? 0)
    return log ? [point.mean] : bandOf(point.mean, width, series)
  })
  const steps = [...new Set(points.map(({ step }) => step))].sort((a, b) => a - b)
  return { steps, values: values.length === 0 ? [] : [least(values), greatest(values)], log }
}

const least = (values: readonly number[]) => values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
const greatest = (values: readonly number[]) =>
  values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)

export function curveScene(options: CurveSceneOptions): Scene {
  const { panels, series, title, width } = options
  const legend = legendMarks(options)
  const most = Math.floor((width + PANEL.gap) / (PANEL.width + PANEL.gap))
  const across = Math.max(1, Math.min(panels.length, most))
  const { steps, values, log } = curveExtent(options.scaledBy ?? panels, series)
  const scaleY = scaleOver(values, [PANEL.height - PANEL.bottom, PANEL.top], log, isShare(series))
  const [first, last] = [steps[0] ?? 0, steps.at(-1) ?? 0]
  const domain = first < last ? [first, last] : [first - 1, first + 1]
  const scaleX = scaleOver([0, 1], [PANEL.left, PANEL.width - 6], false).domain(domain)
  const marks: Mark[] = [...legend.marks]
  for (const [at, panel] of panels.entries()) {
    const x = (at % across) * (PANEL.width + PANEL.gap)
    const y = legend.height + Math.floor(at / across) * (PANEL.height + PANEL.gap)
    marks.push(...moved(panelMarks(options, panel, steps, [scaleX, scaleY], log), x, y))
  }
  let bottom = legend.height + Math.ceil(panels.length / across) * (PANEL.height + PANEL.gap)
  const wide = Math.max(width, across * (PANEL.width + PANEL.gap) - PANEL.gap)
  for (const sentence of wrapped(captionOf(panels), 11, wide)) {
    marks.push(textMark(0, bottom, sentence, 11, 'start', { fill: '--soft' }))
    bottom += 14
  }
  return { title, width: wide, height: bottom, marks }
}

/** What must be said of the lines, in words. */
export function captionOf(
  panels: readonly CurvePanel[],
  band: string | null = 'the 95 % interval of the mean',
  inFile = true,
): string {
  const lines = panels.flatMap(panel => panel.lines)
  const seeds = lines.map(({ runs }) => runs)
  const [least, most] = [Math.min(...seeds), Math.max(...seeds)]
  return [
    `Mean over ${least === most ? least : `${least} to ${most}`} ${most === 1 ? 'seed' : 'seeds'}`,
    most > 1 && band !== null ? `, and ${band} as a band.` : '.',
    lines.some(({ endsEarly }) => endsEarly !== null)
      ? ' A line ends where the first of its runs ended.'
      : '',
    inFile && lines.some(({ endsEarly }) => endsEarly === 'diverged') ? ' A cross: a run diverged.' : '',
    inFile && lines.some(({ endsEarly }) => endsEarly === 'stopped') ? ' A bar: a run stopped early.' : '',
  ].join('')
}

const isLog = (points: readonly CurvePoint[]): boolean => {
  const means = points.flatMap(({ mean }) => (mean === null ? [] : [mean]))
  const low = means.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
  const high = means.reduce((a, b) => Math.max(a, b), 0)
  return low > 0 && high / low > LOG_RATIO
}

/** The interval, within what is possible. */
export function bandOf(
  mean: number,
  half: number | null,
  series: string,
): readonly [low: number, high: number] {
  const [low, high] = [mean - (half ?? 0), mean + (half ?? 0)]
  return isShare(series) ? [Math.max(0, low), Math.min(1, high)] : [low, high]
}

function panelMarks(
  { series }: CurveSceneOptions,
  panel: CurvePanel,
  steps: readonly number[],
  [scaleX, scaleY]: readonly [x: Scale, y: Scale],
  log: boolean,
): Mark[] {
  const bottom = PANEL.height - PANEL.bottom
  const right = PANEL.width - 6
  const marks: Mark[] = [
    textMark(0, 13, fitted(panel.label, 12, PANEL.width), 12, 'start', { bold: true, title: panel.label }),
  ]
  const ticks = ticksOf(scaleY, 4, log)
  const texts = tickTexts(series, ticks)
  for (const [at, tick] of ticks.entries()) {
    const y = scaleY(tick)
    marks.push({
      kind: 'path',
      d: `M${PANEL.left} ${places(y)}H${right}`,
      stroke: { paint: '--line', width: 1 },
    })
    marks.push(textMark(PANEL.left - 6, y + 4, texts[at]!, 11, 'end', { fill: '--soft' }))
  }
  for (const tick of measuredTicks(scaleX, steps, 50))
    marks.push(textMark(scaleX(tick), bottom + 15, String(tick), 11, 'middle', { fill: '--soft' }))
  marks.push(textMark(right, bottom + 30, 'step', 11, 'end', { fill: '--soft' }))
  marks.push(textMark(PANEL.left, bottom + 30, labelOf(series), 11, 'start', { fill: '--soft' }))
  const clip = (value: number) => {
    const y = scaleY(value)
    return Number.isFinite(y) ? Math.min(bottom, Math.max(PANEL.top, y)) : bottom
  }
  for (const { subject, points, endsEarly } of panel.lines) {
    const look = lookOf(subject)
    const paint = look.colour as Paint
    const isKnown = ({ mean }: CurvePoint) => mean !== null
    const band = area<CurvePoint>()
      .defined(isKnown)
      .x(({ step }) => scaleX(step))
      .y0(({ mean, half }) => clip(bandOf(mean!, half, series)[0]))
      .y1(({ mean, half }) => clip(bandOf(mean!, half, series)[1]))
    const draw = line<CurvePoint>()
      .defined(isKnown)
      .x(({ step }) => scaleX(step))
      .y(({ mean }) => clip(mean!))
    const all = [...points]
    if (points.some(({ half }) => half !== null))
      marks.push({ kind: 'path', d: band.digits(2)(all) ?? '', fill: paint, opacity: 0.15 })
    const stroke = { paint, width: 1.8, dash: look.dash }
    marks.push({ kind: 'path', d: draw.digits(2)(all) ?? '', stroke })
    const known = points.filter(isKnown)
    const every = Math.max(1, Math.ceil(known.length / 5))
    for (const { step, mean } of known.filter((_, at) => at % every === Math.floor(every / 2)))
      marks.push({ kind: 'path', d: shapePath(look.shape, 30), fill: paint, at: [scaleX(step), clip(mean!)] })
    const end = known.at(-1)
    if (end !== undefined && endsEarly !== null)
      marks.push({
        kind: 'path',
        d: endsEarly === 'diverged' ? 'M-5 -5L5 5M-5 5L5 -5' : 'M0 -6V6',
        stroke: { paint: endsEarly === 'diverged' ? '--liar' : paint, width: 2 },
        at: [scaleX(end.step), clip(end.mean!)],
      })
  }
  return marks
}

/** Names with their lines, in rows as wide as the figure. */
function legendMarks({ document, panels, roles, width }: CurveSceneOptions): {
  marks: Mark[]
  height: number
} {
  const subjects = [...new Set(panels.flatMap(({ lines }) => lines.map(({ subject }) => subject)))]
  const marks: Mark[] = []
  let [x, y] = [0, 12]
  for (const subject of subjects.sort((a, b) => a - b)) {
    const name = document.axes[roles.subject]!.values[subject]!
    const room = 36 + widthOf(name, 12) + 18
    if (x > 0 && x + room > width) [x, y] = [0, y + 20]
    const look = lookOf(subject)
    const paint = look.colour as Paint
    marks.push({ kind: 'path', d: `M${x} ${y - 4}h28`, stroke: { paint, width: 2, dash: look.dash } })
    marks.push({ kind: 'path', d: shapePath(look.shape, 34), fill: paint, at: [x + 14, y - 4] })
    marks.push(textMark(x + 34, y, name, 12, 'start', {}))
    x += room
  }
  return { marks, height: y + 16 }
}
