/** Errors of a peer's own network, for people. */
import { CodedError } from '../../agreement/error.ts'

/**
 * Why a peer's own network cannot start; or why the peer must end: its key runs elsewhere (`runs-already`), or too many
 * members have another cohort file (`other-cohort`).
 */
export type NetworkErrorCode =
  | 'wrong-identity'
  | 'listen-failed'
  | 'quic-missing'
  | 'runs-already'
  | 'other-cohort'

/** A network that cannot start or go on, with what to do in its message. */
export class NetworkError extends CodedError<NetworkErrorCode> {
  override readonly name = 'NetworkError'
}
