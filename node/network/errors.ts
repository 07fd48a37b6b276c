/** What can be wrong with a peer's own network, for people. */
export type NetworkErrorCode = 'wrong-identity' | 'listen-failed'

export class NetworkError extends Error {
  override readonly name = 'NetworkError'
  readonly code: NetworkErrorCode
  constructor(code: NetworkErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
