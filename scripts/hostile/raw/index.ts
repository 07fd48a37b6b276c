/** A client of its own, from the socket up: nothing here is part of our network code. README.md says how it is used. */
export {
  concordStream,
  type DialOptions,
  dialSecure,
  dialSession,
  type JoinOptions,
  join,
  type Talk,
} from './client.ts'
export * from './frames.ts'
export { type Signer, signerOf } from './keys.ts'
export { handleProtocol, line, MULTISTREAM, readLine, selectProtocol } from './multistream.ts'
export {
  handshakePayload,
  NOISE,
  noiseFrame,
  readNoiseFrame,
  type SecureChannel,
  shakeHands,
  YAMUX,
} from './noise.ts'
export { createInitiator, type Initiator } from './noise-state.ts'
export { type Field, message, type Parsed, parse, prefixed, readVarint, varint } from './protobuf.ts'
export { RawError } from './queue.ts'
export {
  type Channel,
  openSocket,
  type RawSocket,
  type SocketOptions,
  type Target,
  targetOf,
} from './socket.ts'
export { openSession, type SessionOptions, type YamuxSession, type YamuxStream } from './yamux.ts'
export { FLAG, synBurst, TYPE, type YamuxHeader, yamuxFrame } from './yamux-frame.ts'
