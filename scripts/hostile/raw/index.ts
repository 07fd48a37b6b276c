/** A separate client, from the socket up: nothing here is part of our network code. README.md says how to use it. */
export {
  concordStream,
  dialSecure,
  dialSession,
  type JoinOptions,
  join,
  type Talk,
} from './client.ts'
export * from './frames.ts'
export { NOISE_PLAINTEXT_MAX } from './limits.ts'
export { line, MULTISTREAM, readLine, selectProtocol } from './multistream.ts'
export {
  NOISE,
  noiseFrame,
  type SecureChannel,
} from './noise.ts'
export { createInitiator } from './noise-state.ts'
export { type Field, message, prefixed, varint } from './protobuf.ts'
export { RawError } from './queue.ts'
export {
  type Channel,
  openSocket,
  type RawSocket,
  type Target,
  targetOf,
} from './socket.ts'
export type { SessionOptions, YamuxSession } from './yamux.ts'
export { FLAG, synBurst, TYPE, yamuxFrame } from './yamux-frame.ts'
