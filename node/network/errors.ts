/** What can be wrong with a peer's own network, for people. */
import { CodedError } from '../../agreement/error.ts'
export type NetworkErrorCode = 'wrong-identity' | 'listen-failed' | 'quic-missing'

export class NetworkError extends CodedError<NetworkErrorCode> {
  override readonly name = 'NetworkError'
}
