/** The space–time diagram: a lane a peer, messages between them, and what each peer did. */
import { useMemo, useRef, useState } from 'preact/hooks'
import type { RunDocument } from '../../run.ts'
import type { NumbersTable } from '../chart/download.ts'
import { Figure, type LegendEntry } from '../chart/figure.tsx'
import { countText } from '../chart/format.ts'
import { peerName, plain } from '../chart/palette.ts'
import { useWidth } from '../chart/size.ts'
import { type Drawn, drawScene } from '../schedule/draw.ts'
import { causeOf, effectsOf, type Model, modelOf, told } from '../schedule/model.ts'
import { svgPen } from '../schedule/pen.ts'
import type { Scene } from '../schedule/scene.ts'
import { cssPaint, useDrawing, useGestures } from '../schedule/use-canvas.ts'
import { type Filter, layoutOf, moved, type Span, visible, zoomed } from '../schedule/window.ts'
import { Picked } from './picked.tsx'
import type { ViewProps } from './props.ts'
import { Kinds, PeerChoice, Zoom } from './schedule-controls.tsx'

const TITLE = 'Messages between peers over time'

export function ScheduleView({ run, now }: ViewProps) {
  const model = useMemo(() => modelOf(run), [run, now, run.messages.rows.length])
  const [hidden, setHidden] = useState<ReadonlySet<number>>(new Set())
  const [peer, setPeer] = useState<number | null>(null)
  if (model.count === 0 && run.marks.length === 0)
    return (
      <p class="empty">
        {run.state === 'running'
          ? 'No message has arrived yet.'
          : 'No message has been kept of this run, so there is no schedule to show.'}
      </p>
    )
  return (
    <Schedule
      run={run}
      model={model}
      filter={{ hidden, peer }}
      onHide={kind => setHidden(toggled(hidden, kind))}
      onPeer={setPeer}
    />
  )
}

function toggled(set: ReadonlySet<number>, kind: number): ReadonlySet<number> {
  return set.has(kind) ? new Set([...set].filter(one => one !== kind)) : new Set([...set, kind])
}

interface ScheduleProps {
  readonly run: RunDocument
  readonly model: Model
  readonly filter: Filter
  onHide(kind: number): void
  onPeer(peer: number | null): void
}

function Schedule({ run, model, filter, onHide, onPeer }: ScheduleProps) {
  const { box, width } = useWidth()
  const canvas = useRef<HTMLCanvasElement>(null)
  const [chosen, setSpan] = useState<Span | null>(null)
  const [picked, setPicked] = useState<number | null>(null)
  const all: Span = { fromMs: model.firstMs, toMs: model.lastMs }
  const span = chosen ?? all
  const layout = layoutOf(width, run.about.peers.length)
  const choose = (at: number | null) => {
    setPicked(at)
    if (at !== null) setSpan(around(model, at, span, all))
  }
  const related = useMemo(() => relatedTo(run, picked), [run, picked, model])
  const scene = (): Scene => ({
    ...sceneBase(run, model),
    layout,
    span,
    filter,
    picked: picked === null ? null : { at: picked, related },
  })
  const drawn = useDrawing(canvas, scene, [
    run,
    model,
    width,
    span.fromMs,
    span.toMs,
    filter.hidden,
    filter.peer,
    picked,
  ])
  useGestures(canvas, { layout, span, all, filter, model }, setSpan, setPicked)
  return (
    <>
      <Figure
        title={TITLE}
        caption={[captionOf(drawn), totalText(run)].filter(Boolean).join(' ')}
        legend={markLegend(run)}
        numbers={() => messageNumbers(run, model, span, filter)}
        toSvg={() => {
          const pen = svgPen()
          drawScene(pen, scene())
          return pen.document(layout.width, layout.height, cssPaint()('--paper'), TITLE)
        }}
        controls={
          <>
            <Zoom span={span} all={all} model={model} filter={filter} width={width} show={setSpan} />
            <Kinds model={model} filter={filter} onHide={onHide} />
            <PeerChoice run={run} peer={filter.peer} onPeer={onPeer} />
          </>
        }
      >
        <div ref={box}>
          <canvas
            ref={canvas}
            class="schedule"
            tabIndex={0}
            role="application"
            aria-label={`${TITLE}. Arrow keys move, plus and minus zoom, N and P go to the next and previous message, Escape lets go.`}
            style={{ width: `${layout.width}px`, height: `${layout.height}px`, touchAction: 'pan-y' }}
            onKeyDown={event => keyed(event, { model, span, all, filter, picked, setSpan, choose })}
          />
        </div>
      </Figure>
      <Picked run={run} at={picked} choose={choose} />
    </>
  )
}

/** What caused a message, and what it caused. */
function relatedTo(run: RunDocument, picked: number | null): readonly number[] {
  if (picked === null) return []
  const cause = causeOf(run, picked)
  return [...(cause === null ? [] : [cause]), ...effectsOf(run, picked)]
}

function sceneBase(run: RunDocument, model: Model): Pick<Scene, 'run' | 'model' | 'paint'> {
  return { run, model, paint: cssPaint() }
}

function captionOf(drawn: Drawn | null): string {
  const how =
    'Drag to move; press on the drawing and use the wheel, or the keys + and −, to zoom; tap a message to see its slot.'
  if (drawn === null) return how
  if (drawn.asLines) return `${countText(drawn.messages, 'message')} in sight, a line each. ${how}`
  return `${countText(drawn.messages, 'message')} in sight, too many for lines: bars show how many each peer sent, by kind. Zoom in for single messages. ${how}`
}

/**
 * Of a whole cohort, in how far the messages here are those that its report counts: receivers tell of what they took, and
 * the report of what was sent. A peer's own page has its own lane alone.
 */
function totalText({ about, end, messages }: RunDocument): string | null {
  const taken = messages.dropped + messages.rows.length
  const sent = end?.messages ?? null
  if (about.self !== null || sent === null || sent === taken) return null
  return `The schedule has the ${countText(taken, 'message')} that were taken; the peers sent ${sent.toLocaleString('en')}. What comes from or goes to a peer that is cut off is not taken, nor is what is under way at the end; a peer that starts again takes some twice.`
}

/** A synchronous peer waits for all up to a timeout, and not for a quorum. */
const markLegend = (run: RunDocument): readonly LegendEntry[] => [
  { label: 'an exchange is over', look: { ...plain, colour: '--ink' }, as: 'box' },
  {
    label: run.about.synchrony === 'synchronous' ? 'waits for all' : 'quorum, and the grace after it',
    look: { ...plain, colour: '--c5' },
    as: 'box',
  },
  { label: 'averaged, or a step over', look: { ...plain, colour: '--accent' }, as: 'box' },
  { label: 'caught up, or finished', look: { ...plain, colour: '--good' }, as: 'box' },
  { label: 'down, cut off or a fault', look: { ...plain, colour: '--liar' }, as: 'box' },
]

/** The same stretch, moved until a message is inside, and short enough that its line is one of few. */
function around(model: Model, at: number, span: Span, all: Span): Span {
  const [start, end] = [model.start[at]!, model.end[at]!]
  if (start >= span.fromMs && end <= span.toMs) return span
  const length = Math.max(span.toMs - span.fromMs, (end - start) * 1.5)
  const middle = (start + end) / 2
  return moved({ fromMs: middle - length / 2, toMs: middle + length / 2 }, all, 0)
}

interface Keyed {
  readonly model: Model
  readonly span: Span
  readonly all: Span
  readonly filter: Filter
  readonly picked: number | null
  setSpan(span: Span): void
  choose(at: number | null): void
}

function keyed(event: KeyboardEvent, { model, span, all, filter, picked, setSpan, choose }: Keyed): void {
  const length = span.toMs - span.fromMs
  const middle = (span.fromMs + span.toMs) / 2
  const actions: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => setSpan(moved(span, all, -length / 5)),
    ArrowRight: () => setSpan(moved(span, all, length / 5)),
    '+': () => setSpan(zoomed(span, all, 1.5, middle)),
    '=': () => setSpan(zoomed(span, all, 1.5, middle)),
    '-': () => setSpan(zoomed(span, all, 1 / 1.5, middle)),
    n: () => choose(neighbour(model, span, filter, picked, 1)),
    p: () => choose(neighbour(model, span, filter, picked, -1)),
    Escape: () => choose(null),
  }
  const action = actions[event.key]
  if (action === undefined || event.ctrlKey || event.metaKey) return
  event.preventDefault()
  action()
}

/** The next message in sight by the time of sending; without a picked one, the first or the last. */
function neighbour(
  model: Model,
  span: Span,
  filter: Filter,
  picked: number | null,
  by: 1 | -1,
): number | null {
  const order = visible(model, span, filter).sort((a, b) => model.start[a]! - model.start[b]! || a - b)
  if (order.length === 0) return picked
  const at = picked === null ? -1 : order.indexOf(picked)
  if (at < 0) return by === 1 ? order[0]! : order.at(-1)!
  return order[Math.min(order.length - 1, Math.max(0, at + by))]!
}

function messageNumbers(run: RunDocument, model: Model, span: Span, filter: Filter): NumbersTable {
  const rows = visible(model, span, filter).flatMap(at => {
    const message = told(run, at)
    if (message === null) return []
    const { slot } = message
    return [
      [
        ...[message.number, message.kind, peerName(run, message.from), peerName(run, message.to)],
        ...[
          message.sentMs,
          message.arrivedMs,
          slot?.step ?? null,
          slot?.phase ?? '',
          slot?.iteration ?? null,
        ],
        ...[
          slot === null ? '' : peerName(run, slot.sender),
          message.digest ?? '',
          message.bytes,
          message.cause,
        ],
      ],
    ]
  })
  const head = ['message', 'kind', 'from', 'to', 'sent (ms)', 'arrived (ms)', 'step', 'agreement on']
  return { head: [...head, 'iteration', 'vector of', 'digest', 'bytes', 'in reply to'], rows }
}
