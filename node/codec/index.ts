/** The wire format: frame.proto is the specification. */

export { isSlotIn, type Received, type Spoilt } from './decode-message.ts'
export { encodeMessage } from './encode-message.ts'
export { type DecodeLimits, FRAME_EXTRA_BYTES, frameBytesMax } from './limits.ts'
export {
  decodeLinkFrame,
  encodeLinkFrame,
  type FrameFault,
  type LinkFrame,
  type LinkFrameReader,
  type LinkHeader,
  linkFrameReader,
} from './link-frame.ts'
