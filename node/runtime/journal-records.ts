/** The journal's records as bytes: a message in its wire form, or a checkpoint of LEARN. */
import type { Message, MessageOf } from '../../agreement/message.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { LearnState } from '../../learning/learn-contract.ts'
import { type DecodeLimits, decodeLinkFrame, encodeLinkFrame } from '../codec/index.ts'
import type { Frame } from '../ports.ts'

export type RecordLimits = { readonly limits: DecodeLimits }

export type JournalRecord = (
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'checkpoint'; readonly state: LearnState }
  /** The newest commitment that another peer was seen to sign, in the form of a vote on it. */
  | { readonly kind: 'seen'; readonly echo: MessageOf<'echo'> }
  /** Nothing is known any more of the steps before this one. */
  | { readonly kind: 'complete-from'; readonly step: number }
) & { readonly entry: number }

/** The journal holds records that this program did not write, or that another version of it wrote. */
export class JournalError extends Error {
  readonly code = 'JOURNAL_UNREADABLE'
  override readonly name = 'JournalError'
}

const MESSAGE = 1
const CHECKPOINT = 2
const COMPLETE_FROM = 3
const SEEN = 4
/** The kind, which vectors follow a checkpoint's parameters, padding, and the entry's number as a 64-bit float. */
const HEADER_BYTES = 16
/** The header and the step as a 64-bit float, so that the vectors after it are aligned. */
const CHECKPOINT_HEADER_BYTES = HEADER_BYTES + 8

/** @param entry numbers all records that a journal ever writes, across all incarnations, from 1 */
function headerOf(kind: number, entry: number, bytes = HEADER_BYTES): { header: Uint8Array; view: DataView } {
  const header = new Uint8Array(bytes)
  const view = new DataView(header.buffer)
  header[0] = kind
  view.setFloat64(8, entry, true)
  return { header, view }
}

/** @param encoded the message in its wire form */
export function encodeCommitment(encoded: Frame, entry: number): Uint8Array {
  return encodeAs(MESSAGE, encoded, entry)
}

/** @param encoded the vote in its wire form */
export function encodeSeen(encoded: Frame, entry: number): Uint8Array {
  return encodeAs(SEEN, encoded, entry)
}

function encodeAs(kind: number, encoded: Frame, entry: number): Uint8Array {
  const chunks = encodeLinkFrame({ kind: 'data', sequence: 1 }, [encoded])
  return concatenate([headerOf(kind, entry).header, ...chunks])
}

/** The disk holds the last step of which something may be missing, as older versions wrote it. */
export function encodeCompleteFrom(step: number, entry: number): Uint8Array {
  const { header, view } = headerOf(COMPLETE_FROM, entry, CHECKPOINT_HEADER_BYTES)
  view.setFloat64(HEADER_BYTES, step - 1, true)
  return header
}

const HAS_MOMENTUM = 1
const HAS_DRAWN = 2
const HAS_RESIDUAL = 4

export function encodeCheckpoint(
  { step, parameters, momentum, residual, drawn }: LearnState,
  entry: number,
): Uint8Array {
  const { header, view } = headerOf(CHECKPOINT, entry, CHECKPOINT_HEADER_BYTES)
  header[1] =
    (momentum === null ? 0 : HAS_MOMENTUM) |
    (drawn === undefined ? 0 : HAS_DRAWN) |
    (residual === undefined ? 0 : HAS_RESIDUAL)
  view.setFloat64(HEADER_BYTES, step, true)
  const vectors = [
    parameters,
    ...(momentum === null ? [] : [momentum]),
    ...(residual === undefined ? [] : [residual]),
    ...(drawn === undefined ? [] : [drawn]),
  ]
  return concatenate([header, ...vectors.map(v => new Uint8Array(v.buffer, v.byteOffset, v.byteLength))])
}

/** The number of a record, whatever else it holds. @throws JournalError */
export function entryOf(bytes: Uint8Array): number {
  if (bytes.length < HEADER_BYTES)
    throw new JournalError(`a record of ${bytes.length} bytes is not a journal record`)
  return integerAt(bytes, 8)
}

/** @throws JournalError if the checksum is right but the content is not ours */
export function decodeRecord(bytes: Uint8Array, { limits }: RecordLimits): JournalRecord {
  const [kind] = bytes
  if (kind === undefined || kind < MESSAGE || kind > SEEN)
    throw new JournalError(`a record of unknown kind ${kind}; was it written by a newer version?`)
  const entry = entryOf(bytes)
  if (kind === CHECKPOINT)
    return { kind: 'checkpoint', state: decodeCheckpoint(bytes, limits.dimension), entry }
  if (kind === COMPLETE_FROM && bytes.length === CHECKPOINT_HEADER_BYTES)
    return { kind: 'complete-from', step: integerAt(bytes, HEADER_BYTES) + 1, entry }
  const frame = decodeLinkFrame([bytes.subarray(HEADER_BYTES)], limits)
  const received = 'kind' in frame && frame.kind === 'data' ? frame.messages[0] : undefined
  const message = received !== undefined && 'message' in received ? received.message : null
  if (message === null || (kind === SEEN && message.kind !== 'echo'))
    throw new JournalError(
      'a recorded message does not fit this cohort: was the state directory used with another cohort file?',
    )
  if (kind === SEEN && message.kind === 'echo') return { kind: 'seen', echo: message, entry }
  return { kind: 'message', message, entry }
}

/** @throws JournalError */
function integerAt(bytes: Uint8Array, at: number): number {
  const value = floatAt(bytes, at)
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw new JournalError(`a record with ${value} in the place of a count; was it written by a newer version?`)
}

function floatAt(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(at, true)
}

function decodeCheckpoint(bytes: Uint8Array, dimension: number): LearnState {
  const [hasMomentum, hasDrawn, hasResidual] = [HAS_MOMENTUM, HAS_DRAWN, HAS_RESIDUAL].map(
    flag => ((bytes[1] ?? 0) & flag) !== 0,
  )
  const vectors = 1 + Number(hasMomentum) + Number(hasDrawn) + Number(hasResidual)
  if (bytes.length !== CHECKPOINT_HEADER_BYTES + 4 * dimension * vectors)
    throw new JournalError(
      `a checkpoint of ${bytes.length} bytes, where d = ${dimension} makes ${CHECKPOINT_HEADER_BYTES + 4 * dimension * vectors}: another model?`,
    )
  const step = floatAt(bytes, HEADER_BYTES)
  const vector = (i: number): Vector => {
    const from = CHECKPOINT_HEADER_BYTES + 4 * dimension * i
    // A copy, because the record may be a view of the whole log in memory, at any offset. (Buffer.slice does not copy.)
    return new Float32Array(new Uint8Array(bytes.subarray(from, from + 4 * dimension)).buffer)
  }
  return {
    step,
    parameters: vector(0),
    momentum: hasMomentum ? vector(1) : null,
    ...(hasResidual && { residual: vector(hasMomentum ? 2 : 1) }),
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
