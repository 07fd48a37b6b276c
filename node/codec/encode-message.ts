/** Messages of the protocols as bytes (frame.proto: MessageHeader), in chunks that are shared between recipients. */
import type { Message, MessageOf, Seen, Slot } from '../../agreement/message.ts'
import { type Precision, precisions } from '../../agreement/precision.ts'
import type { Commitment } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { Frame } from '../ports.ts'
import { vectorBytes } from '../signatures/vector-bytes.ts'
import { BODY, encodedVectors, PHASES } from './bodies.ts'
import { headerChunk, putBytes, putInteger, putNested, putPacked, type Writer } from './fields.ts'

/** The header; for `vector` and `payload` followed by the vector's own bytes, not copied (narrow ones are kept beside it). */
export function encodeMessage(message: Message): Frame {
  if (!bringsVector(message)) return [encodeHeader(message, 0)]
  const { vector, precision } = message.sealed
  return [encodeHeader(message, vector.length), encodeVector(vector, precision)]
}

export function bringsVector(message: Message): message is MessageOf<'vector' | 'payload'> {
  return message.kind === 'vector' || message.kind === 'payload'
}

/** @param dimension of the vector that follows, if one does */
export function encodeHeader(message: Message, dimension: number): Uint8Array {
  return headerChunk(output => {
    putNested(output, 1, nested => putSlot(nested, message.slot))
    putNested(output, BODY[message.kind], nested => putBody(nested, message, dimension))
  })
}

/** The vector's own bytes, not copied (narrow ones are kept beside it). */
export function encodeVector(vector: Vector, precision?: Precision): Uint8Array {
  const bytes = vectorBytes(vector, precision)
  encodedVectors.set(bytes, vector)
  return bytes
}

function putSlot(output: Writer, slot: Slot): void {
  putInteger(output, 1, slot.step)
  putInteger(output, 2, PHASES.indexOf(slot.phase))
  putInteger(output, 3, slot.iteration)
  putInteger(output, 4, slot.sender)
}

function putBody(output: Writer, message: Message, dimension: number): void {
  switch (message.kind) {
    case 'vector':
    case 'payload':
      putInteger(output, 1, dimension)
      putBytes(output, 2, message.sealed.signature)
      putInteger(output, 3, precisions.indexOf(message.sealed.precision ?? 'f32'))
      break
    case 'echo':
    case 'digest':
      putBytes(output, 1, Buffer.from(message.digest, 'hex'))
      putBytes(output, 2, message.signature)
      break
    case 'ready':
    case 'request':
      putBytes(output, 1, Buffer.from(message.digest, 'hex'))
      break
    case 'report':
      putPacked(output, 1, message.peers)
      break
    case 'position':
      putInteger(output, 1, message.oldest)
      if (message.seen !== null) putSeen(output, message.seen)
      putInteger(output, 5, message.completeFrom)
      break
    case 'evidence':
      putNested(output, 1, nested => putCommitment(nested, message.first))
      putNested(output, 2, nested => putCommitment(nested, message.second))
      break
    case 'query':
    case 'fetch':
    case 'pulse':
  }
}

function putCommitment(output: Writer, { digest, signature }: Commitment): void {
  putBytes(output, 1, Buffer.from(digest, 'hex'))
  putBytes(output, 2, signature)
}

function putSeen(output: Writer, { slot, digest, signature }: Seen): void {
  putNested(output, 2, nested => putSlot(nested, slot))
  putBytes(output, 3, Buffer.from(digest, 'hex'))
  putBytes(output, 4, signature)
}
