/** The stream of run events: what happens to a run, in order, so that a page follows it. `applyEvent` (apply.ts) reads it. */
import type {
  Contraction,
  EvidenceRow,
  FaultRow,
  Mark,
  MessageRow,
  Paths,
  PeerPlace,
  Plane,
  RunEnd,
  RunPhase,
} from './run.ts'

/** Messages that arrived, or were sent. Slots and digests of a batch are indices into its own lists. */
export interface MessageBatch {
  readonly rows: readonly MessageRow[]
  readonly slots: readonly (readonly [number, number, number, number])[]
  readonly digests: readonly string[]
}

/** What a peer has sent and received since the run began. */
export interface TrafficNow {
  readonly bytesSent: number
  readonly bytesReceived: number | null
  readonly messages: number
}

/** Something that happened. A time is `ms` of the run's clock. */
export type RunEvent =
  /** A peer has moved, or its process has come up or ended. Absent properties stay. */
  | {
      readonly kind: 'place'
      readonly ms: number
      readonly peer: number
      readonly status?: PeerPlace['status']
      readonly why?: string | null
      readonly step?: number
      readonly phase?: PeerPlace['phase']
      readonly iteration?: number | null
    }
  | {
      readonly kind: 'waiting'
      readonly ms: number
      readonly peer: number
      readonly waiting: PeerPlace['waiting']
    }
  | { readonly kind: 'caught-up'; readonly ms: number; readonly peer: number; readonly step: number }
  | {
      readonly kind: 'link'
      readonly ms: number
      readonly from: number
      readonly to: number
      readonly connected: boolean
      readonly reason: string | null
    }
  /** By other peer: bytes sent to it since the run began, and how many steps it is behind; null where not known. */
  | {
      readonly kind: 'links'
      readonly ms: number
      readonly peer: number
      readonly bytes: readonly (number | null)[]
      readonly lags: readonly (number | null)[] | null
    }
  /** The loss of a peer on its batch in a step. */
  | {
      readonly kind: 'loss'
      readonly ms: number
      readonly peer: number
      readonly step: number
      readonly loss: number | null
    }
  /** The accuracy after a step: a peer's own, or on which the cohort has agreed (`peer` null). */
  | {
      readonly kind: 'accuracy'
      readonly ms: number
      readonly peer: number | null
      readonly step: number
      readonly accuracy: number | null
    }
  | {
      readonly kind: 'contraction'
      readonly ms: number
      readonly step: number
      readonly phase: 'gradient' | 'parameters'
      readonly contraction: Contraction
    }
  /** A peer has completed a step. */
  | {
      readonly kind: 'stepped'
      readonly ms: number
      readonly peer: number
      readonly step: number
      readonly traffic: TrafficNow | null
    }
  /** What a peer has sent and received by the end. */
  | { readonly kind: 'traffic'; readonly ms: number; readonly peer: number; readonly traffic: TrafficNow }
  /** What a peer received in an exchange, and what the rule made of it. */
  | {
      readonly kind: 'plane'
      readonly ms: number
      readonly observer: number
      readonly plane: Omit<Plane, 'observers'>
    }
  | { readonly kind: 'messages'; readonly ms: number; readonly batch: MessageBatch }
  | { readonly kind: 'mark'; readonly mark: Mark }
  | { readonly kind: 'paths'; readonly ms: number; readonly paths: Paths }
  | { readonly kind: 'fault'; readonly fault: FaultRow }
  | { readonly kind: 'evidence'; readonly evidence: EvidenceRow }
  | {
      readonly kind: 'ghost'
      readonly ms: number
      readonly label: string
      readonly row: {
        readonly step: number
        readonly loss: number | null
        readonly parameters: number | null
      } | null
      readonly accuracy: number | null
    }
  /** From here on somebody looks, so lanes, messages and received vectors are recorded, too. */
  | { readonly kind: 'since'; readonly ms: number }
  | { readonly kind: 'note'; readonly ms: number; readonly text: string }
  | { readonly kind: 'end'; readonly end: RunEnd }
  /** The run went away before its end. */
  | { readonly kind: 'broken'; readonly ms: number; readonly why: string }

/** What a live page gets: the run so far, and then what happens. */
export type LiveMessage =
  | { readonly kind: 'run'; readonly document: unknown }
  | { readonly kind: 'events'; readonly first: number; readonly events: readonly RunEvent[] }

/** A mark with nothing beside its kind and place. */
export function markOf(
  mark: Pick<Mark, 'ms' | 'peer' | 'kind'> & Partial<Mark>,
): Extract<RunEvent, { kind: 'mark' }> {
  const none = { step: null, phase: null as RunPhase | null, iteration: null }
  return { kind: 'mark', mark: { ...none, untilMs: null, detail: null, peers: [], ...mark } }
}
