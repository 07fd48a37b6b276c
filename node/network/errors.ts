/** Errors of a peer's own network, for people. */
import { CodedError } from '../../agreement/error.ts'

/** Why a peer's own network cannot start. */
export type NetworkErrorCode = 'wrong-identity' | 'listen-failed' | 'quic-missing'

/** A network that cannot start, with what to do in its message. */
export class NetworkError extends CodedError<NetworkErrorCode> {
  override readonly name = 'NetworkError'
}
