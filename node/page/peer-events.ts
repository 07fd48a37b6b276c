/** The events that a real peer reports (node/daemon/events.ts), as run events: for its own page, and for a demo's. */
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { PeerEvent } from '../daemon/events.ts'
import { markOf, type RunEvent } from './events.ts'
import { roundedMs } from './recorder.ts'

interface PeerEventsOptions {
  readonly self: PeerIndex
  /** `T`. */
  readonly steps: number
  readonly nowMs: () => number
  readonly tell: (event: RunEvent) => void
}

type Handlers = { readonly [Kind in PeerEvent['kind']]?: (event: Extract<PeerEvent, { kind: Kind }>) => void }

const finite = (value: number | null): number | null =>
  value !== null && Number.isFinite(value) ? value : null

/** Returns what takes each event of one peer. */
export function peerEvents(options: PeerEventsOptions): (event: PeerEvent) => void {
  const { self, tell } = options
  const nowMs = () => roundedMs(options.nowMs())
  let step = 0
  const mark = (kind: Parameters<typeof markOf>[0]['kind'], more: object = {}) =>
    tell(markOf({ ms: nowMs(), peer: self, kind, step, ...more }))
  const handlers: Handlers = {
    listening: event => tell({ kind: 'place', ms: nowMs(), peer: self, status: 'running', step: event.step }),
    connection({ peer, up, reason }) {
      const why = up ? null : reason
      tell({ kind: 'link', ms: nowMs(), from: self, to: peer, connected: up, reason: why })
      mark(up ? 'connected' : 'disconnected', { peers: [peer], detail: why })
    },
    'caught-up'(event) {
      mark('caught up', { detail: `from step ${event.from} to step ${event.step}` })
    },
    step(event) {
      step = event.step
      const { messages, bytesSent, bytesReceived } = event.traffic
      const ms = nowMs()
      if (event.loss !== null) tell({ kind: 'loss', ms, peer: self, step, loss: finite(event.loss) })
      tell({ kind: 'stepped', ms, peer: self, step, traffic: { messages, bytesSent, bytesReceived } })
      tell({ kind: 'waiting', ms, peer: self, waiting: null })
      mark('stepped')
    },
    evaluated: event =>
      tell({ kind: 'accuracy', ms: nowMs(), peer: self, step: event.step, accuracy: event.accuracy }),
    agreed: event =>
      tell({ kind: 'accuracy', ms: nowMs(), peer: null, step: event.step, accuracy: event.agreed.accuracy }),
    waiting(event) {
      const ms = nowMs()
      const sinceMs = Math.max(0, ms - 1000 * event.seconds)
      const missing = event.missing.map(peer => ({ peer, sinceMs }))
      tell({ kind: 'waiting', ms, peer: self, waiting: { needed: event.needed, missing } })
    },
    resumed: () => tell({ kind: 'waiting', ms: nowMs(), peer: self, waiting: null }),
    fault({ fault, detail }) {
      const { peer, kind, count } = fault
      tell({ kind: 'fault', fault: { ms: nowMs(), step, observer: self, peer, kind, count, detail } })
    },
    evidence({ peer, path, before }) {
      const unknown = { step: null, phase: null, iteration: null, digests: null }
      tell({ kind: 'evidence', evidence: { ms: nowMs(), observer: self, peer, path, before, ...unknown } })
      mark('convicted', { peers: [peer] })
    },
    log: event => tell({ kind: 'note', ms: nowMs(), text: event.text }),
    finished({ ending }) {
      const ms = nowMs()
      tell({ kind: 'place', ms, peer: self, status: 'finished', phase: 'finished' })
      tell({ kind: 'accuracy', ms, peer: self, step: options.steps, accuracy: ending.accuracy })
    },
    diverged(event) {
      tell({
        kind: 'place',
        ms: nowMs(),
        peer: self,
        status: 'diverged',
        why: event.message,
        phase: 'diverged',
      })
      mark('diverged')
    },
    failed(event) {
      tell({ kind: 'place', ms: nowMs(), peer: self, status: 'failed', why: event.message })
      mark('failed', { detail: event.message })
    },
  }
  return event => (handlers[event.kind] as ((event: PeerEvent) => void) | undefined)?.(event)
}
