/**
 * Messages of the protocols as bytes and back (frame.proto: MessageHeader). Encoding gives chunks that are
 * shared between recipients; decoding gives either the message or what is wrong with it, and throws
 * `MalformedError` only where the rest of the frame can no longer be told apart.
 */
import type { Digest, Message, Phase, Seen, Slot } from '../../agreement/message.ts'
import type { FaultKind } from '../../agreement/protocol.ts'
import { isFiniteVector, type Vector } from '../../agreement/vector.ts'
import type { Frame } from '../ports.ts'
import { digestOf } from '../signatures/digest.ts'
import { type Cursor, vectorBytes } from './cursor.ts'
import {
  headerChunk,
  MalformedError,
  putBytes,
  putInteger,
  putNested,
  putPacked,
  type Reader,
  readFields,
  readPacked,
  type Writer,
} from './fields.ts'
import { type DecodeLimits, DIGEST_BYTES, HEADER_BYTES_MAX, SIGNATURE_BYTES_MAX } from './limits.ts'

/** One message of a data frame: usable, or spoilt in a way that leaves its neighbours usable. */
export type Received = { readonly message: Message } | Spoilt

export interface Spoilt {
  readonly fault: FaultKind
  readonly slot?: Slot
  readonly detail: string
}

const BODY = {
  vector: 2,
  echo: 3,
  ready: 4,
  request: 5,
  payload: 6,
  report: 7,
  query: 8,
  position: 9,
  fetch: 10,
} as const
const PHASES: readonly Phase[] = ['gradient', 'parameters', 'state']

/**
 * The vectors that this process encoded, by the chunk that carries them. Where frames are passed by reference
 * (the simulated world) the receiver finds its sender's very vector, and with it the digest already computed.
 */
const encodedVectors = new WeakMap<Uint8Array, Vector>()

/** Header, and for `vector` and `payload` the vector's own bytes, not copied. */
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
      break
    case 'query':
    case 'fetch':
  }
}

function putSeen(output: Writer, { slot, digest, signature }: Seen): void {
  putNested(output, 2, nested => putSlot(nested, slot))
  putBytes(output, 3, Buffer.from(digest, 'hex'))
  putBytes(output, 4, signature)
}

/** Everything that a message header may say, before it is known which kind it is. */
interface Draft {
  slot: Slot
  body: number
  dimension: number
  signature: Uint8Array
  digest: Digest
  peers: readonly number[]
  oldest: number
  seenSlot: Slot | null
}

const EMPTY = new Uint8Array(0)

/** Reads one message. The digest of a received vector is computed here, never taken from the wire. */
export function decodeMessage(cursor: Cursor, limits: DecodeLimits): Received {
  const draft = readHeader(cursor.bytes(headerLength(cursor)))
  const { slot } = draft
  const isVector = draft.body === BODY.vector || draft.body === BODY.payload
  if (isVector && draft.dimension !== limits.dimension) {
    cursor.skip(4 * draft.dimension)
    return {
      fault: 'wrong-dimension',
      slot,
      detail: `${draft.dimension} coordinates instead of ${limits.dimension}`,
    }
  }
  const outside = outOfRange(draft, limits)
  if (outside !== null) {
    if (isVector) cursor.skip(4 * draft.dimension)
    return { fault: 'out-of-range', slot, detail: outside }
  }
  return isVector ? readVector(cursor, draft) : { message: smallMessage(draft) }
}

/** A header's length, checked. */
export function headerLength(cursor: Cursor): number {
  const length = cursor.varint()
  if (length > HEADER_BYTES_MAX)
    throw new MalformedError(`a header of ${length} bytes; at most ${HEADER_BYTES_MAX}`)
  return length
}

function readVector(cursor: Cursor, draft: Draft): Received {
  const vector = cursor.known(encodedVectors, 4 * draft.dimension) ?? cursor.floats(draft.dimension)
  const { slot, signature } = draft
  if (!isFiniteVector(vector))
    return { fault: 'not-finite', slot, detail: 'a NaN or an infinity among the coordinates' }
  const kind = draft.body === BODY.vector ? 'vector' : 'payload'
  return { message: { kind, slot, sealed: { vector, digest: digestOf(vector), signature } } }
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
    case BODY.position:
      return { kind: 'position', slot, oldest: draft.oldest, seen: readSeen(draft) }
  }
  if (digest === '') throw new MalformedError('a vote without a digest')
  switch (body) {
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

function outOfRange({ slot, peers }: Draft, limits: DecodeLimits): string | null {
  // A finished peer stands one step behind the last.
  const last = limits.stepsMax + (slot.phase === 'state' ? 1 : 0)
  if (slot.step < 1 || slot.step > last) return `step ${slot.step} of ${limits.stepsMax}`
  if (slot.iteration >= limits.iterationsMax) return `iteration ${slot.iteration} of ${limits.iterationsMax}`
  if (slot.sender >= limits.peers) return `sender ${slot.sender} of ${limits.peers} peers`
  if (peers.length > limits.peers) return `a report of ${peers.length} peers out of ${limits.peers}`
  const stranger = peers.find(peer => peer >= limits.peers)
  return stranger === undefined ? null : `a report of peer ${stranger} of ${limits.peers}`
}

function readHeader(header: Uint8Array): Draft {
  const draft: Draft = {
    slot: { step: 0, phase: 'gradient', iteration: 0, sender: 0 },
    body: 0,
    dimension: 0,
    signature: EMPTY,
    digest: '',
    peers: [],
    oldest: 0,
    seenSlot: null,
  }
  readFields(header, (field, input) => {
    if (field === 1) draft.slot = readSlot(input.bytes())
    else if (field === BODY.report) {
      draft.body = field
      draft.peers = readReport(input.bytes())
    } else if (field >= BODY.vector && field <= BODY.payload) {
      draft.body = field
      readSealedOrVote(draft, input.bytes())
    } else if (field >= BODY.query && field <= BODY.fetch) {
      draft.body = field
      readPosition(draft, input.bytes())
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
    else return false
    return true
  })
}

/** `query` and `fetch` have no fields of their own. */
function readPosition(draft: Draft, bytes: Uint8Array): void {
  readFields(bytes, (field, input) => {
    if (draft.body !== BODY.position) return false
    if (field === 1) draft.oldest = input.uint32()
    else if (field === 2) draft.seenSlot = readSlot(input.bytes())
    else if (field === 3) draft.digest = readDigest(input.bytes())
    else if (field === 4) draft.signature = readSignature(input.bytes())
    else return false
    return true
  })
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
