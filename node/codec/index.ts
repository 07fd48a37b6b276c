/** The wire format: frame.proto is the specification. */

export { discardArrived } from './arrival-buffers.ts'
export { isSlotIn, type Received } from './decode-message.ts'
export { bringsVector, encodeHeader, encodeMessage, encodeVector } from './encode-message.ts'
export { type DecodeLimits, frameBytesMax, PIECE_BYTES, precisionOf, WHOLE_BYTES_MAX } from './limits.ts'
export {
  decodeLinkFrame,
  encodeLinkFrame,
  type LinkFrame,
  type LinkHeader,
  linkFrameReader,
  resumeWithoutMemory,
} from './link-frame.ts'
export { createTransfer, type Progress, type Transfer } from './transfer.ts'
