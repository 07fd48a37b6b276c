/** What a lane shows beside messages: exchanges, quorums and their grace, steps, crashes, partitions, catch-ups. */
import type { Mark, MarkKind, RunDocument } from '../../run.ts'
import { listText } from '../chart/format.ts'
import { peerName } from '../chart/palette.ts'
import type { Pen } from './pen.ts'
import type { Scene } from './scene.ts'
import { laneY, xOf } from './window.ts'

/** What ends a stretch of trouble. */
const ends: Partial<Record<MarkKind, MarkKind>> = {
  crash: 'restart',
  pause: 'resume',
  slow: 'full speed',
  partition: 'reconnect',
}

/** Marks of every exchange are drawn only where single messages are. */
const common: ReadonlySet<MarkKind> = new Set([
  ...(['gradient', 'exchange', 'quorum', 'timeout', 'payload'] as const),
  ...(['recovery', 'iterated', 'averaged', 'connected', 'disconnected'] as const),
])

/** Between two words, in pixels. */
const WORD_GAP = 6
/** Pixels of a character. */
const CHARACTER = 6.4
/** In lower lanes a word would stand in the lane above: there only the topmost names its steps. */
const WORDS_FROM = 44

export function drawMarks(pen: Pen, scene: Scene, isClose: boolean): void {
  drawTroubles(pen, scene)
  const { run, span, layout } = scene
  const [worded, words]: [number[], (() => void)[]] = [[], []]
  const endings = isClose ? endsOf(run.marks) : null
  for (const [at, mark] of run.marks.entries()) {
    if (mark.ms > span.toMs || (mark.untilMs ?? mark.ms) < span.fromMs || ends[mark.kind] !== undefined)
      continue
    if (!isClose && common.has(mark.kind)) continue
    if (mark.peer < 0 || mark.peer >= layout.lanes) continue
    drawMark(pen, scene, mark, {
      worded,
      words,
      endMs: endings?.[at] ?? Infinity,
    })
  }
  // No mark that comes later crosses a word out.
  for (const draw of words) draw()
}

interface Surroundings {
  /** By lane, where the last word ends. */
  readonly worded: number[]
  /** Draws the words, once all marks are drawn. */
  readonly words: (() => void)[]
  /** When the peer went on. */
  readonly endMs: number
}

/** By mark, when its peer's exchange was over: a grace that was not needed ends there. */
function endsOf(marks: readonly Mark[]): Float64Array {
  const found = new Float64Array(marks.length)
  const next = new Map<number, number>()
  for (let at = marks.length - 1; at >= 0; at--) {
    const { peer, kind, ms } = marks[at]!
    found[at] = next.get(peer) ?? Infinity
    if (kind === 'iterated' || kind === 'averaged' || kind === 'stepped' || kind === 'crash')
      next.set(peer, ms)
  }
  return found
}

function drawMark(pen: Pen, scene: Scene, mark: Mark, around: Surroundings): void {
  const { run, layout, span, paint } = scene
  const x = xOf(layout, span, mark.ms)
  const y = laneY(layout, mark.peer)
  const tall = layout.lane * 0.3
  switch (mark.kind) {
    case 'quorum':
    case 'timeout': {
      const until = xOf(layout, span, Math.min(mark.untilMs ?? mark.ms, around.endMs, span.toMs))
      pen.box(x, y - 3, Math.max(2, until - x), 6, paint('--c5'), 0.45)
      pen.lines([x, y - 6, x, y + 6], 4, paint('--c5'), 2, [])
      return
    }
    case 'exchange':
      pen.lines([x, y - 4, x, y + 4], 4, paint('--soft'), 1.5, [])
      return
    case 'iterated':
      pen.box(x - 2.5, y - 2.5, 5, 5, paint('--ink'), 1)
      return
    case 'averaged':
      pen.box(x - 3.5, y - 3.5, 7, 7, paint('--accent'), 1)
      return
    case 'stepped':
      pen.lines([x, y - tall, x, y + tall], 4, paint('--accent'), 1.5, [])
      if (layout.lane >= WORDS_FROM || mark.peer === 0)
        word(
          pen,
          scene,
          around,
          { x, y: y - tall - 2, lane: mark.peer },
          `step ${mark.step ?? ''}`,
          paint('--soft'),
        )
      return
    case 'fault':
    case 'convicted':
    case 'diverged':
    case 'failed':
      pen.lines([x - 4, y - 4, x + 4, y + 4, x - 4, y + 4, x + 4, y - 4], 8, paint('--liar'), 2, [])
      word(pen, scene, around, { x, y: y - 7, lane: mark.peer }, troubleText(run, mark), paint('--liar'))
      return
    case 'caught up':
    case 'finished':
      pen.lines([x, y - tall, x, y + tall], 4, paint('--good'), 2, [])
      if (layout.lane >= WORDS_FROM || mark.kind === 'caught up')
        word(pen, scene, around, { x, y: y - tall - 2, lane: mark.peer }, mark.kind, paint('--good'))
      return
    default:
      pen.lines([x, y - 3, x, y + 3], 4, paint('--ghost'), 1, [])
  }
}

/** Whom a peer has cut off, beside that it has. */
function troubleText(run: RunDocument, { kind, peers }: Mark): string {
  return kind === 'convicted' && peers.length > 0
    ? `cuts off ${listText(peers.map(peer => peerName(run, peer)))}`
    : kind
}

interface Place {
  readonly x: number
  readonly y: number
  readonly lane: number
}

/** A word around a place, inside the drawing; none where it would cover the word before it. */
function word(
  pen: Pen,
  { layout, paint }: Scene,
  { worded, words }: Surroundings,
  { x, y, lane }: Place,
  text: string,
  colour: string,
): void {
  const half = (text.length * CHARACTER) / 2
  const middle = Math.min(Math.max(x, layout.left + half), layout.width - half)
  if (middle - half < (worded[lane] ?? -Infinity) + WORD_GAP) return
  worded[lane] = middle + half
  words.push(() => {
    pen.box(middle - half - 1, y - 10, 2 * half + 2, 13, paint('--paper'), 0.8)
    pen.text(middle, y, text, colour, 'middle')
  })
}

/** Shades the lanes of peers that are down, paused, slow or cut off. */
function drawTroubles(pen: Pen, { run, layout, span, paint }: Scene): void {
  for (const trouble of troublesOf(run.marks)) {
    if (trouble.fromMs > span.toMs || (trouble.toMs ?? Infinity) < span.fromMs) continue
    const x1 = Math.max(layout.left, xOf(layout, span, trouble.fromMs))
    const x2 = Math.min(layout.width, trouble.toMs === null ? layout.width : xOf(layout, span, trouble.toMs))
    for (const peer of trouble.peers) {
      const y = laneY(layout, peer)
      const colour = paint(trouble.kind === 'slow' ? '--c5' : '--liar')
      pen.box(x1, y - layout.lane * 0.4, Math.max(1.5, x2 - x1), layout.lane * 0.8, colour, 0.18)
      pen.lines([x1, y - layout.lane * 0.4, x1, y + layout.lane * 0.4], 4, colour, 2, [3, 2])
      pen.text(x1 + 4, y - layout.lane * 0.4 + 11, trouble.kind, colour, 'start')
    }
  }
}

interface Trouble {
  readonly kind: MarkKind
  readonly peers: readonly number[]
  readonly fromMs: number
  /** Null: it has not ended. */
  toMs: number | null
}

function troublesOf(marks: readonly Mark[]): readonly Trouble[] {
  const found: Trouble[] = []
  for (const mark of marks) {
    const peers = mark.peers.length > 0 && mark.peer < 0 ? mark.peers : mark.peer < 0 ? [] : [mark.peer]
    if (ends[mark.kind] !== undefined) found.push({ kind: mark.kind, peers, fromMs: mark.ms, toMs: null })
    else if (Object.values(ends).includes(mark.kind)) {
      const open = found.findLast(
        one =>
          one.toMs === null &&
          ends[one.kind] === mark.kind &&
          (one.kind === 'partition' || one.peers.some(peer => peers.includes(peer))),
      )
      if (open !== undefined) open.toMs = mark.ms
    }
  }
  return found
}
