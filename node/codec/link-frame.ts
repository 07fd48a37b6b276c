/**
 * Link frames as bytes and back (frame.proto: LinkHeader). Decoding never throws and never allocates more than
 * the frame's own size times a small constant.
 */
import type { FaultKind } from '../../agreement/protocol.ts'
import { type Frame, type FrameReader, sizeOf } from '../ports.ts'
import { arrived, arrivingHeader, type Cursor, createCursor, nextHeader, nextPart, push } from './cursor.ts'
import { bringsVector, type Received, readDraft, readSmall, readVector } from './decode-message.ts'
import {
  headerChunk,
  MalformedError,
  putInteger,
  putNested,
  readFields,
  readInteger,
  type Writer,
} from './fields.ts'
import type { DecodeLimits } from './limits.ts'
import { createTransfer, type Place, type Transfer } from './transfer.ts'

export type LinkHeader =
  /**
   * `sequence`: the number of the first message, from 1. `acknowledged` and `step`, if present, are those of an `ack`
   * that travels along. `transferred`: its one message has come in pieces before.
   */
  | {
      readonly kind: 'data'
      readonly sequence: number
      readonly acknowledged?: number
      readonly step?: number
      readonly transferred?: boolean
    }
  /** The next bytes of a long message follow. */
  | ({ readonly kind: 'piece' } & Place)
  /** `step` and `deliversFrom` as in `resume`. */
  | {
      readonly kind: 'ack'
      readonly acknowledged: number
      readonly step: number
      readonly deliversFrom: number
    }
  /**
   * `received`: the last message taken of `peerIncarnation`; `step`: the sender's LEARN step; `completeFrom`: the first
   * step from which on the sender still has all that it said to the receiver; `deliversFrom`: the first from which on
   * the receiver's present incarnation will have it all. Of both, 1: from the beginning.
   */
  | {
      readonly kind: 'resume'
      readonly incarnation: number
      readonly peerIncarnation: number
      readonly received: number
      readonly step: number
      readonly completeFrom: number
      readonly deliversFrom: number
    }
  | { readonly kind: 'finished' }

/** A data frame brings its messages, in order, with the bad ones in their places. */
export type LinkFrame =
  | Exclude<LinkHeader, { kind: 'data' }>
  | (Omit<Extract<LinkHeader, { kind: 'data' }>, 'transferred'> & { readonly messages: readonly Received[] })

/** A frame that cannot be read at all. */
interface FrameFault {
  readonly fault: FaultKind
  readonly detail: string
}

/** A peer's first words if it has neither sent nor received anything yet: it asks for all from the beginning. */
export function resumeWithoutMemory(incarnation: number): Extract<LinkHeader, { kind: 'resume' }> {
  return {
    kind: 'resume',
    incarnation,
    peerIncarnation: 0,
    received: 0,
    step: 1,
    completeFrom: 1,
    deliversFrom: 1,
  }
}

const CONTENT = { data: 1, ack: 2, resume: 3, finished: 4, piece: 5 } as const

/** The header's chunk, then the chunks of each encoded message, or those of the piece, as they are. */
export function encodeLinkFrame(header: LinkHeader, contents: readonly Frame[] = []): Frame {
  return [
    headerChunk(output => putNested(output, CONTENT[header.kind], nested => putContent(nested, header))),
    ...contents.flat(),
  ]
}

function putContent(output: Writer, header: LinkHeader): void {
  switch (header.kind) {
    case 'data':
      putInteger(output, 1, header.sequence)
      putInteger(output, 2, header.acknowledged ?? 0)
      putInteger(output, 3, header.step ?? 0)
      putInteger(output, 4, header.transferred === true ? 1 : 0)
      break
    case 'piece':
      putInteger(output, 1, header.offset)
      putInteger(output, 2, header.totalBytes)
      break
    case 'ack':
      putInteger(output, 1, header.acknowledged)
      putInteger(output, 2, header.step)
      putFirstStep(output, 3, header.deliversFrom)
      break
    case 'resume':
      putInteger(output, 1, header.incarnation)
      putInteger(output, 2, header.peerIncarnation)
      putInteger(output, 3, header.received)
      putInteger(output, 4, header.step)
      putFirstStep(output, 5, header.completeFrom)
      putFirstStep(output, 6, header.deliversFrom)
      break
    case 'finished':
  }
}

/** Writes nothing for 1: from the beginning. */
function putFirstStep(output: Writer, field: number, step: number): void {
  putInteger(output, field, step > 1 ? step : 0)
}

/** A frame of votes is read once, at its end; of a long one each part while the cache holds it. */
const EAGER_BYTES = 16 * 1024

/**
 * Takes in one frame of a link, from anyone, as its parts arrive: garbage becomes a fault.
 * @param transfer that of the frame's connection
 * @param done is given the frame, or what is wrong with it, once all its bytes were added
 * @param eagerBytes reads on as soon as so many bytes, or a header, wait
 */
export function linkFrameReader(
  frameBytes: number,
  limits: DecodeLimits,
  transfer: Transfer,
  done: (frame: LinkFrame | FrameFault) => void,
  eagerBytes = EAGER_BYTES,
): FrameReader {
  const cursor = createCursor(frameBytes)
  const reading = readFrame(cursor, limits, transfer)
  let result: LinkFrame | FrameFault | undefined
  const readOn = (): void => {
    try {
      const next = reading.next()
      if (next.done === true) result = next.value
    } catch (error) {
      result = { fault: 'malformed', detail: error instanceof Error ? error.message : String(error) }
    }
  }
  return {
    add(part) {
      if (result !== undefined) return // malformed: the rest cannot be used
      push(cursor, part)
      if (arrived(cursor) >= eagerBytes) readOn()
    },
    end() {
      if (result === undefined) readOn()
      done(result ?? { fault: 'malformed', detail: `cut off: ${cursor.remaining} bytes are missing` })
    },
  }
}

/** Reads a whole frame. */
export function decodeLinkFrame(
  frame: Frame,
  limits: DecodeLimits,
  eagerBytes?: number,
  transfer = createTransfer(limits),
): LinkFrame | FrameFault {
  let result: LinkFrame | FrameFault | undefined
  const reader = linkFrameReader(sizeOf(frame), limits, transfer, read => (result = read), eagerBytes)
  for (const part of frame) reader.add(part)
  reader.end()
  return result!
}

function* readFrame(cursor: Cursor, limits: DecodeLimits, transfer: Transfer): Generator<void, LinkFrame> {
  const header = readHeader(nextHeader(cursor) ?? (yield* arrivingHeader(cursor)))
  if (header.kind === 'piece') {
    transfer.begin(header, cursor.remaining)
    yield* passOn(cursor, transfer)
    return header
  }
  const isComplete = header.kind !== 'data' || header.transferred === true
  if (isComplete && cursor.remaining > 0)
    throw new MalformedError(`${cursor.remaining} bytes after a frame of kind ${header.kind}`)
  if (header.kind !== 'data') return header
  const { transferred, ...data } = header
  if (transferred === true) return { ...data, messages: [transfer.take()] }
  const messages: Received[] = []
  // A frame of votes has hundreds of headers, nearly all of which have arrived already: it waits only for the others.
  while (cursor.remaining > 0) {
    const draft = readDraft(nextHeader(cursor) ?? (yield* arrivingHeader(cursor)))
    messages.push(bringsVector(draft) ? yield* readVector(cursor, draft, limits) : readSmall(draft, limits))
  }
  return { ...data, messages }
}

function* passOn(cursor: Cursor, transfer: Transfer): Generator<void, void> {
  while (cursor.remaining > 0) {
    const part = nextPart(cursor, cursor.remaining)
    if (part.length === 0) yield
    else transfer.add(part)
  }
}

function readHeader(bytes: Uint8Array): LinkHeader {
  let content = 0
  let fields: number[] = []
  readFields(bytes, (field, input) => {
    if (field < CONTENT.data || field > CONTENT.piece) return false
    content = field
    fields = readContent(input.bytes())
    return true
  })
  const [first = 0, second = 0, third = 0, fourth = 0, fifth = 0, sixth = 0] = fields.slice(1)
  switch (content) {
    case CONTENT.data:
      if (first < 1) throw new MalformedError('a data frame without a sequence number')
      return {
        kind: 'data',
        sequence: first,
        ...(second !== 0 && { acknowledged: second }),
        ...(third !== 0 && { step: third }),
        ...(fourth !== 0 && { transferred: true }),
      }
    case CONTENT.piece:
      return { kind: 'piece', offset: first, totalBytes: second }
    case CONTENT.ack:
      return { kind: 'ack', acknowledged: first, step: second, deliversFrom: Math.max(1, third) }
    case CONTENT.resume:
      return {
        kind: 'resume',
        incarnation: first,
        peerIncarnation: second,
        received: third,
        step: fourth,
        completeFrom: Math.max(1, fifth),
        deliversFrom: Math.max(1, sixth),
      }
    case CONTENT.finished:
      return { kind: 'finished' }
  }
  throw new MalformedError('a link frame of unknown kind')
}

/** Every content message has at most six integer fields: by number; 0 if absent. */
function readContent(bytes: Uint8Array): number[] {
  const values = [0, 0, 0, 0, 0, 0, 0]
  readFields(bytes, (field, input) => {
    if (field < 1 || field > 6) return false
    values[field] = readInteger(input)
    return true
  })
  return values
}
