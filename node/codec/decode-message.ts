/**
 * Messages of the protocols from bytes (frame.proto: MessageHeader). Decoding gives either the message or its fault. It
 * throws `MalformedError` only if the rest of the frame can no longer be split into messages.
 */
import type { Digest, Message, Phase, Seen, Slot } from '../../agreement/message.ts'
import { bytesOf, type Precision, precisions } from '../../agreement/precision.ts'
import type { Commitment, FaultKind } from '../../agreement/protocol.ts'
import { isFiniteVector } from '../../agreement/vector.ts'
import { digestOf } from '../signatures/digest.ts'
import { receiveVector, skip } from './arriving-vector.ts'
import { BODY, encodedVectors, PHASES } from './bodies.ts'
import { type Cursor, has, nextKnown } from './cursor.ts'
import { MalformedError, type Reader, readFields, readPacked } from './fields.ts'
import { type DecodeLimits, DIGEST_BYTES, precisionOf, SIGNATURE_BYTES_MAX } from './limits.ts'

/** One message of a data frame: usable, or bad in a way that leaves its neighbours usable. */
export type Received = { readonly message: Message } | Spoilt

interface Spoilt {
  readonly fault: FaultKind
  readonly slot?: Slot
  readonly detail: string
}

/** Every field that a message header may have, before its kind is known. */
interface Draft {
  slot: Slot
  body: number
  dimension: number
  precision: Precision
  signature: Uint8Array
  digest: Digest
  peers: readonly number[]
  oldest: number
  completeFrom: number
  seenSlot: Slot | null
  commitments: Commitment[]
}

const EMPTY = new Uint8Array(0)

export function bringsVector({ body }: Draft): boolean {
  return body === BODY.vector || body === BODY.payload
}

/** A message that consists of its header alone. */
export function readSmall(draft: Draft, limits: DecodeLimits): Received {
  const outside = outOfRange(draft, limits)
  return outside === null
    ? { message: smallMessage(draft) }
    : { fault: 'out-of-range', slot: draft.slot, detail: outside }
}

/**
 * A message whose vector follows its header; yields while the vector has not arrived. The digest of a received vector
 * is computed here, never taken from the wire.
 */
export function* readVector(cursor: Cursor, draft: Draft, limits: DecodeLimits): Generator<void, Received> {
  const { slot, dimension, precision, signature } = draft
  const length = bytesOf(dimension, precision)
  const spoilt = unfit(draft, limits)
  if (spoilt !== null) {
    yield* skip(cursor, length)
    return spoilt
  }
  while (!has(cursor, 1)) yield
  const vector =
    nextKnown(cursor, encodedVectors, length) ?? (yield* receiveVector(cursor, dimension, precision))
  if (vector === null) return { fault: 'malformed', slot, detail: 'a block of integers in another form' }
  if (!isFiniteVector(vector))
    return { fault: 'not-finite', slot, detail: 'a NaN or an infinity among the coordinates' }
  const kind = draft.body === BODY.vector ? 'vector' : 'payload'
  const digest = digestOf(vector, precision)
  const sealed = { vector, digest, signature, ...(precision !== 'f32' && { precision }) }
  return { message: { kind, slot, sealed } }
}

function unfit(draft: Draft, limits: DecodeLimits): Spoilt | null {
  const { slot, dimension, precision } = draft
  const right = slot.phase === 'metrics' ? limits.metricsDimension : limits.dimension
  if (right !== undefined && dimension !== right)
    return { fault: 'wrong-dimension', slot, detail: `${dimension} coordinates instead of ${right}` }
  const agreed = precisionOf(slot.phase, limits)
  if (precision !== agreed)
    return { fault: 'malformed', slot, detail: `coordinates in ${precision} instead of ${agreed}` }
  const outside = outOfRange(draft, limits)
  return outside === null ? null : { fault: 'out-of-range', slot, detail: outside }
}

function smallMessage(draft: Draft): Message {
  const { body, slot, digest, signature, peers } = draft
  switch (body) {
    case BODY.report:
      return { kind: 'report', slot, peers }
    case BODY.query:
      return { kind: 'query', slot }
    case BODY.fetch:
      return { kind: 'fetch', slot }
    case BODY.pulse:
      return { kind: 'pulse', slot }
    case BODY.position:
      return {
        kind: 'position',
        slot,
        oldest: draft.oldest,
        completeFrom: draft.completeFrom,
        seen: readSeen(draft),
      }
    case BODY.evidence: {
      const [first, second] = draft.commitments
      if (first === undefined || second === undefined)
        throw new MalformedError('evidence without two commitments')
      return { kind: 'evidence', slot, first, second }
    }
  }
  if (digest === '') throw new MalformedError('a vote or an announcement without a digest')
  switch (body) {
    case BODY.digest:
      return { kind: 'digest', slot, digest, signature }
    case BODY.echo:
      return { kind: 'echo', slot, digest, signature }
    case BODY.ready:
      return { kind: 'ready', slot, digest }
    case BODY.request:
      return { kind: 'request', slot, digest }
  }
  throw new MalformedError(body === 0 ? 'a message without a body' : `a message of unknown kind ${body}`)
}

function readSeen({ seenSlot: slot, digest, signature }: Draft): Seen | null {
  if (slot === null) return null
  if (digest === '') throw new MalformedError('a vector seen without a digest')
  return { slot, digest, signature }
}

function outOfRange({ slot, seenSlot, peers }: Draft, limits: DecodeLimits): string | null {
  const outside =
    slotOutOfRange(slot, limits) ?? (seenSlot === null ? null : slotOutOfRange(seenSlot, limits))
  if (outside !== null) return outside
  if (peers.length > limits.peers) return `a report of ${peers.length} peers out of ${limits.peers}`
  const stranger = peers.find(peer => peer >= limits.peers)
  return stranger === undefined ? null : `a report of peer ${stranger} of ${limits.peers}`
}

/** Whether the cohort has this slot: a message about any other is malformed. */
export function isSlotIn(slot: Slot, limits: DecodeLimits): boolean {
  return slotOutOfRange(slot, limits) === null
}

function slotOutOfRange({ step, phase, iteration, sender }: Slot, limits: DecodeLimits): string | null {
  if (phase === 'metrics' && limits.metricsDimension === undefined)
    return 'metrics in a cohort that agrees on none'
  // A finished peer is one step past the last one.
  const last = limits.stepsMax + (phase === 'state' ? 1 : 0)
  if (step < 1 || step > last) return `step ${step} of ${limits.stepsMax}`
  if (iteration >= limits.iterationsMax) return `iteration ${iteration} of ${limits.iterationsMax}`
  return sender >= limits.peers ? `sender ${sender} of ${limits.peers} peers` : null
}

/** Reads all fields of a message's header. */
export function readDraft(header: Uint8Array): Draft {
  const draft: Draft = {
    slot: { step: 0, phase: 'gradient', iteration: 0, sender: 0 },
    body: 0,
    dimension: 0,
    precision: 'f32',
    signature: EMPTY,
    digest: '',
    peers: [],
    oldest: 0,
    completeFrom: 0,
    seenSlot: null,
    commitments: [],
  }
  readFields(header, (field, input) => {
    if (field === 1) draft.slot = readSlot(input.bytes())
    else if (field === BODY.report) {
      draft.body = field
      draft.peers = readReport(input.bytes())
    } else if ((field >= BODY.vector && field <= BODY.payload) || field === BODY.digest) {
      draft.body = field
      readSealedOrVote(draft, input.bytes())
    } else if ((field >= BODY.query && field <= BODY.fetch) || field === BODY.pulse) {
      draft.body = field
      readPosition(draft, input.bytes())
    } else if (field === BODY.evidence) {
      draft.body = field
      readEvidence(draft, input.bytes())
    } else return false
    return true
  })
  return draft
}

function readSlot(bytes: Uint8Array): Slot {
  const slot = { step: 0, phase: 'gradient' as Phase, iteration: 0, sender: 0 }
  readFields(bytes, (field, input) => {
    if (field === 1) slot.step = input.uint32()
    else if (field === 2) slot.phase = readPhase(input)
    else if (field === 3) slot.iteration = input.uint32()
    else if (field === 4) slot.sender = input.uint32()
    else return false
    return true
  })
  return slot
}

function readPhase(input: Reader): Phase {
  const phase = PHASES[input.uint32()]
  if (phase === undefined) throw new MalformedError('an unknown phase')
  return phase
}

function readSealedOrVote(draft: Draft, bytes: Uint8Array): void {
  const sealed = draft.body === BODY.vector || draft.body === BODY.payload
  readFields(bytes, (field, input) => {
    if (field === 1 && sealed) draft.dimension = input.uint32()
    else if (field === 1) draft.digest = readDigest(input.bytes())
    else if (field === 2) draft.signature = readSignature(input.bytes())
    else if (field === 3 && sealed) draft.precision = readPrecision(input)
    else return false
    return true
  })
}

function readPrecision(input: Reader): Precision {
  const precision = precisions[input.uint32()]
  if (precision === undefined) throw new MalformedError('an unknown precision')
  return precision
}

/** `query` and `fetch` have no fields of their own. */
function readPosition(draft: Draft, bytes: Uint8Array): void {
  readFields(bytes, (field, input) => {
    if (draft.body !== BODY.position) return false
    if (field === 1) draft.oldest = input.uint32()
    else if (field === 2) draft.seenSlot = readSlot(input.bytes())
    else if (field === 3) draft.digest = readDigest(input.bytes())
    else if (field === 4) draft.signature = readSignature(input.bytes())
    else if (field === 5) draft.completeFrom = input.uint32()
    else return false
    return true
  })
}

function readEvidence(draft: Draft, bytes: Uint8Array): void {
  readFields(bytes, (field, input) => {
    if (field !== 1 && field !== 2) return false
    draft.commitments[field - 1] = readCommitment(input.bytes())
    return true
  })
}

function readCommitment(bytes: Uint8Array): Commitment {
  let digest = ''
  let signature: Uint8Array = EMPTY
  readFields(bytes, (field, input) => {
    if (field === 1) digest = readDigest(input.bytes())
    else if (field === 2) signature = readSignature(input.bytes())
    else return false
    return true
  })
  if (digest === '') throw new MalformedError('a commitment without a digest')
  return { digest, signature }
}

function readDigest(bytes: Uint8Array): Digest {
  if (bytes.length !== DIGEST_BYTES) throw new MalformedError(`a digest of ${bytes.length} bytes`)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
}

/** A copy (which `slice` of a Buffer is not): a view would keep the whole received chunk alive. */
function readSignature(bytes: Uint8Array): Uint8Array {
  if (bytes.length > SIGNATURE_BYTES_MAX) throw new MalformedError(`a signature of ${bytes.length} bytes`)
  return new Uint8Array(bytes)
}

function readReport(bytes: Uint8Array): readonly number[] {
  let peers: readonly number[] = []
  readFields(bytes, (field, input) => {
    if (field !== 1) return false
    peers = readPacked(input.bytes())
    return true
  })
  return peers
}
