/**
 * Draws a schedule: lanes, marks and messages. Where more messages are in sight than can be told apart, each lane shows
 * how many it sent, by kind, instead of lines.
 */
import { scaleLinear } from 'd3-scale'
import { messageKinds } from '../../run.ts'
import { timeTexts } from '../chart/format.ts'
import { peerName } from '../chart/palette.ts'
import { drawMarks } from './marks.ts'
import type { Pen } from './pen.ts'
import type { Scene } from './scene.ts'
import { isShown, laneY, pixelsPerMs, segment, xOf } from './window.ts'

/** Lines in sight up to which each message is one. */
const LINES_MAX = 1600
/** Up to which kinds have their dashes, which are slow. */
const DASHED_MAX = 900
/** Pixels of a column where messages are counted. */
const COLUMN = 4

const kindDashes = [[], [6, 3], [2, 3], [9, 3, 2, 3]] as const

/** In the order of the kinds; no two are alike. */
const kindColours = [
  ...(['--c0', '--c1', '--c2', '--c3', '--c4', '--c5', '--c6'] as const),
  ...(['--ghost', '--bound', '--ink', '--liar', '--good'] as const),
] as const

export const kindColour = (kind: number): string => kindColours[kind] ?? '--ghost'
const kindDash = (kind: number): readonly number[] => kindDashes[(kind + Math.floor(kind / 7)) % 4]!

/** Says how many messages were drawn, and whether as lines. */
export interface Drawn {
  readonly messages: number
  readonly asLines: boolean
}

const buffers = messageKinds.map(() => new Float32Array(4 * LINES_MAX))

export function drawScene(pen: Pen, scene: Scene): Drawn {
  drawLanes(pen, scene)
  const { model, span, filter } = scene
  let messages = 0
  for (let at = 0; at < model.count; at++) if (isShown(model, at, span, filter)) messages++
  const asLines = messages <= LINES_MAX
  if (asLines) drawLines(pen, scene, messages)
  else drawCounts(pen, scene)
  drawMarks(pen, scene, asLines)
  if (scene.picked !== null) drawPicked(pen, scene)
  drawNames(pen, scene)
  return { messages, asLines }
}

function drawLanes(pen: Pen, { layout, span, paint }: Scene): void {
  const { width, height, left, lanes } = layout
  const lines: number[] = []
  for (let peer = 0; peer < lanes; peer++) lines.push(left, laneY(layout, peer), width, laneY(layout, peer))
  pen.lines(lines, lines.length, paint('--line'), 1, [])
  const scale = scaleLinear().domain([span.fromMs, span.toMs])
  const count = Math.max(2, Math.floor((width - left) / 110))
  const ticks = scale.ticks(count)
  // One alone has no scale.
  const shown = ticks.length < 2 ? scale.ticks(count + 2) : ticks
  const texts = timeTexts(shown)
  for (const [at, ms] of shown.entries()) {
    const x = xOf(layout, span, ms)
    pen.lines([x, layout.top, x, height - 26], 4, paint('--line'), 0.5, [])
    pen.text(x, height - 10, texts[at]!, paint('--soft'), x > width - 34 ? 'end' : 'middle')
  }
}

/** Over what was drawn left of the lanes. */
function drawNames(pen: Pen, { run, layout, paint }: Scene): void {
  const { left, height, lanes } = layout
  pen.box(0, 0, left - 4, height - 26, paint('--paper'), 1)
  const characters = left < 100 ? 8 : 14
  for (let peer = 0; peer < lanes; peer++) {
    const lies = run.about.peers[peer]?.honest === false
    const name = `${lies ? '✕ ' : ''}${peerName(run, peer).slice(0, characters)}`
    pen.text(left - 8, laneY(layout, peer) + 4, name, paint(lies ? '--liar' : '--ink'), 'end', lies)
  }
}

function drawLines(pen: Pen, { model, layout, span, filter, paint }: Scene, messages: number): void {
  const lengths = messageKinds.map(() => 0)
  for (let at = 0; at < model.count; at++) {
    if (!isShown(model, at, span, filter)) continue
    const kind = model.kind[at]!
    const buffer = buffers[kind]
    if (buffer === undefined) continue
    buffer.set(segment(model, layout, span, at), lengths[kind])
    lengths[kind]! += 4
  }
  const width = messages > DASHED_MAX ? 0.75 : 1.25
  for (const [kind, length] of lengths.entries()) {
    if (length === 0) continue
    const dash = messages > DASHED_MAX ? [] : kindDash(kind)
    pen.lines(buffers[kind]!, length, paint(kindColour(kind)), width, dash)
    if (messages <= DASHED_MAX) drawHeads(pen, buffers[kind]!, length, paint(kindColour(kind)))
  }
}

const HEAD = 5

/** Where a message arrives. */
function drawHeads(pen: Pen, lines: ArrayLike<number>, length: number, colour: string): void {
  const heads: number[] = []
  for (let at = 0; at < length; at += 4) {
    const [x1, y1, x2, y2] = [lines[at]!, lines[at + 1]!, lines[at + 2]!, lines[at + 3]!]
    const angle = Math.atan2(y2 - y1, x2 - x1)
    for (const turn of [-0.4, 0.4])
      heads.push(x2, y2, x2 - HEAD * Math.cos(angle + turn), y2 - HEAD * Math.sin(angle + turn))
  }
  pen.lines(heads, heads.length, colour, 1.25, [])
}

/** Reused between frames. */
let counted = new Uint32Array(0)

function drawCounts(pen: Pen, { model, layout, span, filter, paint }: Scene): void {
  const { left, width, lanes, lane } = layout
  const columns = Math.ceil((width - left) / COLUMN)
  const kinds = messageKinds.length
  if (counted.length < lanes * columns * kinds) counted = new Uint32Array(lanes * columns * kinds)
  counted.fill(0)
  const perMs = pixelsPerMs(layout, span) / COLUMN
  for (let at = 0; at < model.count; at++) {
    if (!isShown(model, at, span, filter)) continue
    const column = Math.floor((model.start[at]! - span.fromMs) * perMs)
    const peer = model.from[at]!
    if (column < 0 || column >= columns || peer < 0 || peer >= lanes) continue
    counted[(peer * columns + column) * kinds + model.kind[at]!]!++
  }
  const most = largestColumn(lanes * columns, kinds)
  const full = lane * 0.86
  for (let cell = 0; cell < lanes * columns; cell++) {
    let bottom = laneY(layout, Math.floor(cell / columns)) + full / 2
    const x = left + (cell % columns) * COLUMN
    for (let kind = 0; kind < kinds; kind++) {
      const count = counted[cell * kinds + kind]!
      if (count === 0) continue
      const height = Math.max(1, (full * count) / most)
      bottom -= height
      pen.box(x, bottom, COLUMN - 0.5, height, paint(kindColour(kind)), 1)
    }
  }
}

function largestColumn(cells: number, kinds: number): number {
  let most = 1
  for (let cell = 0; cell < cells; cell++) {
    let sum = 0
    for (let kind = 0; kind < kinds; kind++) sum += counted[cell * kinds + kind]!
    if (sum > most) most = sum
  }
  return most
}

function drawPicked(pen: Pen, scene: Scene): void {
  const { picked, model, layout, span, paint } = scene
  if (picked === null) return
  const related = picked.related.flatMap(at => [...segment(model, layout, span, at)])
  pen.lines(related, related.length, paint('--ink'), 1.75, [4, 2])
  const own = [...segment(model, layout, span, picked.at)]
  pen.lines(own, 4, paint('--paper'), 7, [])
  pen.lines(own, 4, paint('--ink'), 3.5, [])
  drawHeads(pen, own, 4, paint('--ink'))
}
