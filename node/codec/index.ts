/** The wire format: frame.proto is the specification. */
export { type DecodeLimits, FRAME_EXTRA_BYTES, frameBytesMax } from './limits.ts'
export {
  decodeLinkFrame,
  encodeLinkFrame,
  type FrameFault,
  type LinkFrame,
  type LinkHeader,
} from './link-frame.ts'
export { encodeMessage, type Received, type Spoilt } from './message.ts'
