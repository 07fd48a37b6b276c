/** The part of the schedule that is seen, and what lies where in it. */
import { type Model, UNARRIVED, UNSENT } from './model.ts'

/** A stretch of time, in milliseconds. */
export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

export interface Layout {
  readonly width: number
  readonly height: number
  /** Where the lanes begin, right of their names. */
  readonly left: number
  readonly top: number
  readonly lane: number
  readonly lanes: number
}

const RIGHT = 10
const AXIS = 30

export function layoutOf(width: number, lanes: number): Layout {
  const lane = Math.max(20, Math.min(64, 420 / Math.max(1, lanes)))
  const top = 24
  return { width, height: top + lane * lanes + AXIS, left: width < 500 ? 74 : 104, top, lane, lanes }
}

export const laneY = ({ top, lane }: Layout, peer: number): number => top + lane * (peer + 0.5)

/** Pixels a millisecond. */
export function pixelsPerMs({ width, left }: Layout, { fromMs, toMs }: Span): number {
  return (width - left - RIGHT) / (toMs - fromMs)
}

export function xOf(layout: Layout, span: Span, ms: number): number {
  return layout.left + (ms - span.fromMs) * pixelsPerMs(layout, span)
}

export function msOf(layout: Layout, span: Span, x: number): number {
  return span.fromMs + (x - layout.left) / pixelsPerMs(layout, span)
}

/** Zooms by a factor around a moment that keeps its place; never beyond the run, never below a microsecond. */
export function zoomed(span: Span, all: Span, factor: number, aroundMs: number): Span {
  const whole = all.toMs - all.fromMs
  const length = Math.min(whole, Math.max(1e-3, (span.toMs - span.fromMs) / factor))
  const share = (aroundMs - span.fromMs) / (span.toMs - span.fromMs)
  return within({ fromMs: aroundMs - share * length, toMs: aroundMs + (1 - share) * length }, all)
}

export function moved(span: Span, all: Span, byMs: number): Span {
  return within({ fromMs: span.fromMs + byMs, toMs: span.toMs + byMs }, all)
}

function within({ fromMs, toMs }: Span, all: Span): Span {
  const length = Math.min(toMs - fromMs, all.toMs - all.fromMs)
  const from = Math.min(Math.max(fromMs, all.fromMs), all.toMs - length)
  return { fromMs: from, toMs: from + length }
}

/** Which messages are shown. */
export interface Filter {
  /** Kinds that are hidden. */
  readonly hidden: ReadonlySet<number>
  /** Only messages from or to this peer; null: all. */
  readonly peer: number | null
}

export function isShown(
  { kind, from, to, start, end }: Model,
  at: number,
  span: Span,
  filter: Filter,
): boolean {
  if (start[at]! > span.toMs || end[at]! < span.fromMs || filter.hidden.has(kind[at]!)) return false
  return filter.peer === null || from[at] === filter.peer || to[at] === filter.peer
}

export function visible(model: Model, span: Span, filter: Filter): number[] {
  const found: number[] = []
  for (let at = 0; at < model.count; at++) if (isShown(model, at, span, filter)) found.push(at)
  return found
}

/** A message as a line: [x1, y1, x2, y2]. Of one whose other end is not known, only the end that is. */
export function segment(
  model: Model,
  layout: Layout,
  span: Span,
  at: number,
): readonly [number, number, number, number] {
  const sender = laneY(layout, model.from[at]!)
  const receiver = model.to[at]! < 0 ? sender + layout.lane * 0.4 : laneY(layout, model.to[at]!)
  const x1 = xOf(layout, span, model.start[at]!)
  const x2 = xOf(layout, span, model.end[at]!)
  const toward = Math.sign(receiver - sender) * layout.lane * 0.42
  const unknown = model.unknown[at]!
  if (unknown & UNSENT) return [x2 - 12, receiver - toward, x2, receiver]
  if (unknown & UNARRIVED || model.to[at]! < 0) return [x1, sender, x1 + 12, sender + toward]
  return [x1, sender, x2, receiver]
}

/** How near a pointer must be, in pixels. */
const REACH = 9

/** The message nearest to a point; null: none is near. */
export function pick(
  model: Model,
  layout: Layout,
  span: Span,
  filter: Filter,
  x: number,
  y: number,
): number | null {
  let best: number | null = null
  let nearest = REACH
  for (let at = 0; at < model.count; at++) {
    if (!isShown(model, at, span, filter)) continue
    const distance = distanceTo(segment(model, layout, span, at), x, y)
    if (distance >= nearest) continue
    nearest = distance
    best = at
  }
  return best
}

function distanceTo(
  [x1, y1, x2, y2]: readonly [number, number, number, number],
  x: number,
  y: number,
): number {
  const [dx, dy] = [x2 - x1, y2 - y1]
  const length = dx * dx + dy * dy
  const share = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - x1) * dx + (y - y1) * dy) / length))
  return Math.hypot(x - x1 - share * dx, y - y1 - share * dy)
}
