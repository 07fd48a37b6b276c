/**
 * The journal's records as bytes: a message in its wire form, or a checkpoint of LEARN. Long vectors stand in a file
 * beside the log: the record then names their place and digest.
 */
import type { Message, MessageOf } from '../../agreement/message.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { LearnState } from '../../learning/learn-contract.ts'
import { type DecodeLimits, decodeLinkFrame, encodeLinkFrame, precisionOf } from '../codec/index.ts'
import type { Frame } from '../ports.ts'
import type { VectorAt } from './journal-vectors.ts'

export type RecordLimits = { readonly limits: DecodeLimits }

export type JournalRecord = (
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'checkpoint'; readonly state: LearnState }
  /** A vector of this peer, or one of another that it keeps, in the form of a vote on it. */
  | {
      readonly kind: 'vector-at'
      readonly own: boolean
      readonly echo: MessageOf<'echo'>
      readonly at: VectorAt
    }
  | ({ readonly kind: 'checkpoint-at' } & CheckpointAt)
  /** The newest commitment that another peer was seen to sign, in the form of a vote on it. */
  | { readonly kind: 'seen'; readonly echo: MessageOf<'echo'> }
  /** Nothing is known any more of the steps before this one. */
  | { readonly kind: 'complete-from'; readonly step: number }
) & { readonly entry: number }

/** LEARN's state after a step, with its vectors elsewhere. */
export interface CheckpointAt {
  readonly step: number
  /** What earlier records say of steps before this one is no longer kept: their vectors' places may be others' now. */
  readonly keptFrom: number
  readonly parameters: VectorAt
  readonly momentum: VectorAt | null
  readonly residual: VectorAt | null
  readonly drawn: VectorAt | null
}

/** The journal holds records that this program did not write, or that another version of it wrote. */
export class JournalError extends Error {
  readonly code = 'JOURNAL_UNREADABLE'
  override readonly name = 'JournalError'
}

const MESSAGE = 1
const CHECKPOINT = 2
const COMPLETE_FROM = 3
const SEEN = 4
const VECTOR_AT = 5
const CHECKPOINT_AT = 6
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

/** The header, the vector's place and its dimension. */
const VECTOR_AT_HEADER_BYTES = HEADER_BYTES + 16

/**
 * @param echo slot, digest and signature of the vector, as a vote in its wire form
 * @param dimension of the vector: places are told apart by nothing else
 */
export function encodeVectorAt(
  own: boolean,
  echo: Frame,
  { place }: VectorAt,
  dimension: number,
  entry: number,
): Uint8Array {
  const { header, view } = headerOf(VECTOR_AT, entry, VECTOR_AT_HEADER_BYTES)
  header[1] = Number(own)
  view.setFloat64(HEADER_BYTES, place, true)
  view.setFloat64(HEADER_BYTES + 8, dimension, true)
  return concatenate([header, ...encodeLinkFrame({ kind: 'data', sequence: 1 }, [echo])])
}

const DIGEST_BYTES = 32
const VECTOR_AT_BYTES = 8 + DIGEST_BYTES
const CHECKPOINT_AT_BYTES = CHECKPOINT_HEADER_BYTES + 16 + 4 * VECTOR_AT_BYTES

export function encodeCheckpointAt(
  { step, keptFrom, parameters, momentum, residual, drawn }: CheckpointAt,
  dimension: number,
  entry: number,
): Uint8Array {
  const { header, view } = headerOf(CHECKPOINT_AT, entry, CHECKPOINT_AT_BYTES)
  header[1] =
    (momentum === null ? 0 : HAS_MOMENTUM) |
    (residual === null ? 0 : HAS_RESIDUAL) |
    (drawn === null ? 0 : HAS_DRAWN)
  view.setFloat64(HEADER_BYTES, step, true)
  view.setFloat64(CHECKPOINT_HEADER_BYTES, keptFrom, true)
  view.setFloat64(CHECKPOINT_HEADER_BYTES + 8, dimension, true)
  for (const [i, at] of [parameters, momentum, residual, drawn].entries()) {
    if (at === null) continue
    view.setFloat64(vectorAtOffset(i), at.place, true)
    header.set(Buffer.from(at.digest, 'hex'), vectorAtOffset(i) + 8)
  }
  return header
}

const vectorAtOffset = (i: number) => CHECKPOINT_HEADER_BYTES + 16 + i * VECTOR_AT_BYTES

/** @throws JournalError */
function sameDimension(of: number, dimension: number): void {
  if (of !== dimension)
    throw new JournalError(
      `the vectors beside the log have d = ${of}, and this model has d = ${dimension}: another model?`,
    )
}

function decodeCheckpointAt(bytes: Uint8Array, dimension: number): CheckpointAt {
  if (bytes.length !== CHECKPOINT_AT_BYTES)
    throw new JournalError(`a checkpoint of ${bytes.length} bytes; was it written by a newer version?`)
  sameDimension(floatAt(bytes, CHECKPOINT_HEADER_BYTES + 8), dimension)
  const at = (i: number): VectorAt => ({
    place: integerAt(bytes, vectorAtOffset(i)),
    digest: Buffer.from(bytes.subarray(vectorAtOffset(i) + 8, vectorAtOffset(i + 1))).toString('hex'),
  })
  const flags = bytes[1] ?? 0
  return {
    step: floatAt(bytes, HEADER_BYTES),
    keptFrom: floatAt(bytes, CHECKPOINT_HEADER_BYTES),
    parameters: at(0),
    momentum: (flags & HAS_MOMENTUM) === 0 ? null : at(1),
    residual: (flags & HAS_RESIDUAL) === 0 ? null : at(2),
    drawn: (flags & HAS_DRAWN) === 0 ? null : at(3),
  }
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

/** Whether a record names a vector in the file beside the log. */
export function namesVector([kind]: Uint8Array): boolean {
  return kind === VECTOR_AT || kind === CHECKPOINT_AT
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
  if (kind === undefined || kind < MESSAGE || kind > CHECKPOINT_AT)
    throw new JournalError(`a record of unknown kind ${kind}; was it written by a newer version?`)
  const entry = entryOf(bytes)
  if (kind === CHECKPOINT)
    return { kind: 'checkpoint', state: decodeCheckpoint(bytes, limits.dimension), entry }
  if (kind === COMPLETE_FROM && bytes.length === CHECKPOINT_HEADER_BYTES)
    return { kind: 'complete-from', step: integerAt(bytes, HEADER_BYTES) + 1, entry }
  if (kind === CHECKPOINT_AT)
    return { kind: 'checkpoint-at', ...decodeCheckpointAt(bytes, limits.dimension), entry }
  const frame = decodeLinkFrame(
    [bytes.subarray(kind === VECTOR_AT ? VECTOR_AT_HEADER_BYTES : HEADER_BYTES)],
    limits,
  )
  const received = 'kind' in frame && frame.kind === 'data' ? frame.messages[0] : undefined
  const message = received !== undefined && 'message' in received ? received.message : null
  if (message === null || (kind !== MESSAGE && message.kind !== 'echo'))
    throw new JournalError(
      'a recorded message does not fit this cohort: was the state directory used with another cohort file?',
    )
  if (kind === SEEN && message.kind === 'echo') return { kind: 'seen', echo: message, entry }
  if (kind === VECTOR_AT && message.kind === 'echo') {
    sameDimension(floatAt(bytes, HEADER_BYTES + 8), limits.dimension)
    const precision = precisionOf(message.slot.phase, limits)
    const at = { place: integerAt(bytes, HEADER_BYTES), digest: message.digest, precision }
    return { kind: 'vector-at', own: bytes[1] === 1, echo: message, at, entry }
  }
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
