/** Messages of the protocols as bytes (frame.proto: MessageHeader), in chunks that are shared between recipients. */
import type { Message, Seen, Slot } from '../../agreement/message.ts'
import type { Commitment } from '../../agreement/protocol.ts'
import type { Frame } from '../ports.ts'
import { vectorBytes } from '../signatures/vector-bytes.ts'
import { BODY, encodedVectors, PHASES } from './bodies.ts'
import { headerChunk, putBytes, putInteger, putNested, putPacked, type Writer } from './fields.ts'

/** The header; for `vector` and `payload` followed by the vector's own bytes, not copied. */
export function encodeMessage(message: Message): Frame {
  const header = headerChunk(output => {
    putNested(output, 1, nested => putSlot(nested, message.slot))
    putNested(output, BODY[message.kind], nested => putBody(nested, message))
  })
  if (message.kind !== 'vector' && message.kind !== 'payload') return [header]
  const bytes = vectorBytes(message.sealed.vector)
  encodedVectors.set(bytes, message.sealed.vector)
  return [header, bytes]
}

function putSlot(output: Writer, slot: Slot): void {
  putInteger(output, 1, slot.step)
  putInteger(output, 2, PHASES.indexOf(slot.phase))
  putInteger(output, 3, slot.iteration)
  putInteger(output, 4, slot.sender)
}

function putBody(output: Writer, message: Message): void {
  switch (message.kind) {
    case 'vector':
    case 'payload':
      putInteger(output, 1, message.sealed.vector.length)
      putBytes(output, 2, message.sealed.signature)
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
