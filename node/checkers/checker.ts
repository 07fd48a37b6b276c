/**
 * Checkers stand outside the protocols: they see what honest peers output, receive and accuse each other of, and
 * hold it against what the papers promise. The first violation ends the run.
 */
import type { AveragingOutput } from '../../agreement/averaging/averaging.ts'
import type { Message } from '../../agreement/message.ts'
import type { FaultKind, PeerIndex } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { LinkStatus } from '../link/link.ts'
import type { AgreementSettings } from '../runtime/agreement-peer.ts'
import type { DriverStatus } from '../runtime/driver.ts'

/** What a run promises to be, before it begins. */
export interface CheckedRun {
  readonly settings: AgreementSettings
  /** The peers that the guarantees are about, ascending. */
  readonly honest: readonly PeerIndex[]
  /** By peer, the faulty ones included, as they were given. */
  readonly inputs: readonly Vector[]
  /** `AVG_t`: the whole agreement divides Δ₂ by 2^t; null where the iterations were chosen otherwise. */
  readonly target: number | null
  /** The guarantees of the agreement apply: bounds are met and, under synchrony, delays are. */
  readonly guaranteed: boolean
  /** Nothing is ever lost, late or restarted, so that traffic can be held against what it should be. */
  readonly undisturbed: boolean
  /** A question is answered before the asker turns to another peer; absent: it may not be. */
  readonly prompt?: boolean
}

export interface RunEnd {
  /** Every honest peer has its output. */
  readonly finished: boolean
  /** Everything that could arrive has arrived: nothing was left to do, or nothing new happened for a long time. */
  readonly settled: boolean
  /** Honest peers without an output, and whom they waited for. */
  readonly stuck: readonly { readonly peer: PeerIndex; readonly waitingFor: readonly PeerIndex[] }[]
  /** By peer; null for one that is not running. */
  readonly statuses: readonly (DriverStatus | null)[]
  /** By peer: bytes of frames that the network took from its current incarnation. */
  readonly bytesTaken: readonly number[]
}

/** Every part is optional; peers are honest ones unless said otherwise. */
export interface Checker {
  readonly name: string
  output?(peer: PeerIndex, output: AveragingOutput): void
  /** `from` may be faulty; the message carries a valid signature where it needs one. */
  received?(peer: PeerIndex, from: PeerIndex, message: Message): void
  accused?(observer: PeerIndex, peer: PeerIndex | null, kind: FaultKind, detail?: string): void
  /** A peer has restarted. */
  restarted?(peer: PeerIndex): void
  /** Looked at now and then. */
  links?(peer: PeerIndex, links: readonly (LinkStatus | null)[]): void
  end?(end: RunEnd): void
}

export type Violate = (detail: string) => void

/** Something in a run that should not have been, and when it showed. */
export interface Violation {
  readonly checker: string
  readonly detail: string
  /** Events of the world until it showed. */
  readonly events: number
  readonly timeMs: number
}
