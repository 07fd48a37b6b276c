/** Records of the journal as bytes: a message in its wire form, or a checkpoint of LEARN. */
import type { Message } from '../agreement/message.ts'
import type { Vector } from '../agreement/vector.ts'
import type { LearnState } from '../learning/learn-contract.ts'
import { type DecodeLimits, decodeLinkFrame, encodeLinkFrame, encodeMessage } from './codec/index.ts'

export type RecordLimits = { readonly limits: DecodeLimits }

export type JournalRecord =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'checkpoint'; readonly state: LearnState }

/** The journal holds what this program did not write, or another version wrote. */
export class JournalError extends Error {
  readonly code = 'JOURNAL_UNREADABLE'
  override readonly name = 'JournalError'
}

const MESSAGE = 1
const CHECKPOINT = 2
/** kind, which vectors follow the parameters, padding, step as a 64-bit float: the vectors after it are aligned. */
const CHECKPOINT_HEADER_BYTES = 16

export function encodeCommitment(message: Message): Uint8Array {
  const chunks = encodeLinkFrame({ kind: 'data', sequence: 1 }, [encodeMessage(message)])
  return concatenate([Uint8Array.of(MESSAGE), ...chunks])
}

const HAS_MOMENTUM = 1
const HAS_DRAWN = 2

export function encodeCheckpoint({ step, parameters, momentum, drawn }: LearnState): Uint8Array {
  const header = new Uint8Array(CHECKPOINT_HEADER_BYTES)
  header[0] = CHECKPOINT
  header[1] = (momentum === null ? 0 : HAS_MOMENTUM) | (drawn === undefined ? 0 : HAS_DRAWN)
  new DataView(header.buffer).setFloat64(8, step, true)
  const vectors = [
    parameters,
    ...(momentum === null ? [] : [momentum]),
    ...(drawn === undefined ? [] : [drawn]),
  ]
  return concatenate([header, ...vectors.map(v => new Uint8Array(v.buffer, v.byteOffset, v.byteLength))])
}

/** @throws JournalError where the checksum was right and the content is not ours */
export function decodeRecord(bytes: Uint8Array, { limits }: RecordLimits): JournalRecord {
  if (bytes[0] === CHECKPOINT) return { kind: 'checkpoint', state: decodeCheckpoint(bytes, limits.dimension) }
  if (bytes[0] !== MESSAGE)
    throw new JournalError(`a record of unknown kind ${bytes[0]}; was it written by a newer version?`)
  const frame = decodeLinkFrame([bytes.subarray(1)], limits)
  const received = 'kind' in frame && frame.kind === 'data' ? frame.messages[0] : undefined
  if (received === undefined || !('message' in received))
    throw new JournalError(
      'a recorded message does not fit this cohort: was the state directory used with another cohort file?',
    )
  return { kind: 'message', message: received.message }
}

function decodeCheckpoint(bytes: Uint8Array, dimension: number): LearnState {
  const [hasMomentum, hasDrawn] = [HAS_MOMENTUM, HAS_DRAWN].map(flag => ((bytes[1] ?? 0) & flag) !== 0)
  const vectors = 1 + Number(hasMomentum) + Number(hasDrawn)
  if (bytes.length !== CHECKPOINT_HEADER_BYTES + 4 * dimension * vectors)
    throw new JournalError(
      `a checkpoint of ${bytes.length} bytes, where d = ${dimension} makes ${CHECKPOINT_HEADER_BYTES + 4 * dimension * vectors}: another model?`,
    )
  const step = new DataView(bytes.buffer, bytes.byteOffset).getFloat64(8, true)
  const vector = (i: number): Vector => {
    const from = CHECKPOINT_HEADER_BYTES + 4 * dimension * i
    // A copy: the record may be a part of the whole log in memory, and begin anywhere. (A Buffer's own slice is none.)
    return new Float32Array(new Uint8Array(bytes.subarray(from, from + 4 * dimension)).buffer)
  }
  return {
    step,
    parameters: vector(0),
    momentum: hasMomentum ? vector(1) : null,
    ...(hasDrawn && { drawn: vector(vectors - 1) }),
  }
}

function concatenate(chunks: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0))
  let at = 0
  for (const chunk of chunks) {
    result.set(chunk, at)
    at += chunk.byteLength
  }
  return result
}
