/** The wire format: frame.proto is the specification. */

export { isSlotIn, type Received } from './decode-message.ts'
export { encodeMessage } from './encode-message.ts'
export { type DecodeLimits, frameBytesMax, PIECE_BYTES, WHOLE_BYTES_MAX } from './limits.ts'
export {
  decodeLinkFrame,
  encodeLinkFrame,
  type LinkFrame,
  type LinkHeader,
  linkFrameReader,
  resumeWithoutMemory,
} from './link-frame.ts'
export { createTransfer, type Progress, type Transfer } from './transfer.ts'
