/** The libp2p transport. */
export { NetworkError, type NetworkErrorCode } from './errors.ts'
export { type Log, silentLog } from './log.ts'
export { createNetwork, type NetworkOptions, type NetworkTransport } from './transport.ts'
