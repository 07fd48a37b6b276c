/** What is chosen above the schedule: the stretch of time, the kinds of messages, and of which peer. */
import { messageKinds, type RunDocument } from '../../run.ts'
import { timeText } from '../chart/format.ts'
import { peerName } from '../chart/palette.ts'
import { kindColour } from '../schedule/draw.ts'
import type { Model } from '../schedule/model.ts'
import { type Filter, type Span, visible, zoomed } from '../schedule/window.ts'

interface ZoomProps {
  readonly span: Span
  readonly all: Span
  readonly model: Model
  readonly filter: Filter
  /** Of the drawing, in pixels. */
  readonly width: number
  show(span: Span | null): void
}

export function Zoom({ span, all, model, filter, width, show }: ZoomProps) {
  const middle = (span.fromMs + span.toMs) / 2
  return (
    <span class="buttons">
      <button type="button" onClick={() => show(null)}>
        Whole run
      </button>
      <button type="button" onClick={() => show(singles({ model, all, filter, span, width }))}>
        Single messages
      </button>
      <button type="button" aria-label="Zoom in" onClick={() => show(zoomed(span, all, 2, middle))}>
        +
      </button>
      <button type="button" aria-label="Zoom out" onClick={() => show(zoomed(span, all, 0.5, middle))}>
        −
      </button>
      <output>
        {timeText(span.fromMs)} to {timeText(span.toMs)}
      </output>
    </span>
  )
}

/** So many messages to a pixel of width are told apart with ease. */
const EASY = 0.22

/** From the beginning of what is seen, as long as the messages are few. */
function singles({ span, all, model, filter, width }: Omit<ZoomProps, 'show'>): Span {
  const seen = visible(model, span, filter)
  const starts = seen.map(at => model.start[at]!).sort((a, b) => a - b)
  const last = starts[Math.round(EASY * width)]
  if (last === undefined) return span
  const toMs = Math.max(last, span.fromMs + (all.toMs - all.fromMs) * 1e-6)
  return { fromMs: Math.min(span.fromMs, starts[0]!), toMs }
}

/** What a message of each kind says. */
const kindWords: Readonly<Record<(typeof messageKinds)[number], string>> = {
  vector: 'a vector, signed by its author',
  digest: 'the digest of a vector, signed by its author',
  echo: 'I have received this vector',
  ready: 'enough peers have received this vector',
  request: 'a peer asks for a vector of which it has the digest',
  payload: 'the vector that was asked for',
  report: 'whose vectors I have',
  query: 'a peer that begins asks where the others stand',
  position: 'where I stand',
  fetch: 'a peer asks for what it needs to catch up',
  pulse: 'I would begin this synchronous agreement now',
  evidence: 'a proof that a peer signed two vectors for one slot',
}

interface KindsProps {
  readonly model: Model
  readonly filter: Filter
  onHide(kind: number): void
}

export function Kinds({ model, filter, onHide }: KindsProps) {
  return (
    <span class="buttons" role="group" aria-label="Kinds of messages">
      {messageKinds.map((name, kind) => {
        const count = model.counts[kind]!
        if (count === 0) return null
        return (
          <button
            key={name}
            type="button"
            aria-pressed={!filter.hidden.has(kind)}
            title={kindWords[name]}
            onClick={() => onHide(kind)}
          >
            <span class="swatch" aria-hidden="true" style={{ background: `var(${kindColour(kind)})` }} />
            {name} {count.toLocaleString('en')}
          </button>
        )
      })}
    </span>
  )
}

export function PeerChoice({
  run,
  peer,
  onPeer,
}: {
  run: RunDocument
  peer: number | null
  onPeer(peer: number | null): void
}) {
  return (
    <label>
      messages of
      <select
        value={peer ?? -1}
        onChange={event => {
          const value = Number(event.currentTarget.value)
          onPeer(value < 0 ? null : value)
        }}
      >
        <option value={-1}>all peers</option>
        {run.about.peers.map((_, at) => (
          <option key={at} value={at}>
            {peerName(run, at)}
          </option>
        ))}
      </select>
    </label>
  )
}
