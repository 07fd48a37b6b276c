/**
 * The decoders of everything that comes from outside, with their inputs and the things that they must never do. A
 * decoder may refuse an input in its own words; any other exception, and any answer that contradicts itself, is a
 * finding.
 */
import { isDeepStrictEqual } from 'node:util'
import { encode } from 'it-length-prefixed'
import type { Message, Slot } from '../../agreement/message.ts'
import { type Precision, roundedTo } from '../../agreement/precision.ts'
import {
  createTransfer,
  type DecodeLimits,
  decodeLinkFrame,
  encodeLinkFrame,
  encodeMessage,
} from '../../node/codec/index.ts'
import { CohortError } from '../../node/cohort/errors.ts'
import { parseCohort } from '../../node/cohort/file.ts'
import { createIdentity } from '../../node/cohort/identity.ts'
import { EvidenceError, parseEvidence, verifyEvidence } from '../../node/evidence/evidence.ts'
import { MDNS_SERVICE } from '../../node/network/constants.ts'
import { createUnframer, FramingError, wholeFrame } from '../../node/network/framing.ts'
import { decodeHello, encodeHello } from '../../node/network/hello.ts'
import { decodePacket } from '../../node/network/mdns/decode.ts'
import * as mdns from '../../node/network/mdns/message.ts'
import {
  decodeAnswer,
  decodeQuestion,
  encodeAnswer,
  encodeQuestion,
} from '../../node/network/peer-exchange-message.ts'
import {
  decodeRecord,
  encodeCheckpoint,
  encodeCommitment,
  encodeCompleteFrom,
  JournalError,
} from '../../node/runtime/journal-records.ts'
import { digestOf } from '../../node/signatures/index.ts'
import { encodeBatch, encodeFile, HEAD_BYTES, HEADER_BYTES, scanLog } from '../../node/storage/records.ts'
import { decodeWatermark, encodeWatermark } from '../../node/storage/watermark.ts'
import { fileTargets } from './file-targets.ts'
import { refusing } from './refusing.ts'
import type { Target } from './target.ts'

const WIRE_BYTES_MAX = 200
const limits = { peers: 7, dimension: 5, stepsMax: 1000, iterationsMax: 12 }

export const targets: readonly Target[] = [
  { name: 'link-frame', weight: 400, seeds: frameSeeds(), feed: input => feedFrame(input, limits) },
  { name: 'transfer', weight: 100, seeds: frameSeeds(), feed: feedTransfer },
  {
    name: 'narrow-frame',
    weight: 200,
    seeds: [...frameSeeds('bf16'), ...frameSeeds('int8')],
    feed(input) {
      for (const precision of ['bf16', 'int8'] as const) feedFrame(input, { ...limits, precision })
    },
  },
  { name: 'wire', weight: 200, seeds: wireSeeds(), feed: feedWire },
  {
    name: 'hello',
    weight: 200,
    seeds: [
      { cohortId: 'ab'.repeat(32), name: 'alice', software: 'concord/1.0.0' },
      { cohortId: 'd', name: 'bob', software: 'concord/1.0.0', parts: Buffer.alloc(24, 'columns ') },
      { cohortId: 'c', name: '\u001b[31m', software: 'x', clockMs: 1, fields: new Map([['steps', 'ff']]) },
    ].map(hello => Buffer.concat(encodeHello(hello))),
    feed: input => void decodeHello([input]),
  },
  {
    name: 'addresses',
    weight: 100,
    seeds: [
      encodeQuestion([0, 5, 300]),
      encodeAnswer([3, 4].map(peer => ({ peer, record: new Uint8Array(40).fill(peer) }))),
    ].map(frame => Buffer.concat(frame)),
    feed(input) {
      decodeQuestion([input], 7)
      decodeAnswer([input])
    },
  },
  {
    name: 'mdns',
    weight: 100,
    seeds: [
      mdns.encodeQuestion(MDNS_SERVICE),
      mdns.encodeAnswer(
        MDNS_SERVICE,
        'ada',
        ['/ip4/192.168.1.5/tcp/4001', '/ip6/fe80::1/tcp/4001'].map(
          each => `${each}/p2p/${createIdentity().id}`,
        ),
      ),
    ],
    feed(input) {
      const packet = decodePacket(input)
      if (packet !== null) mdns.claimOf(packet, MDNS_SERVICE)
    },
  },
  {
    name: 'journal-record',
    weight: 200,
    seeds: recordSeeds(),
    feed: input => refusing(() => decodeRecord(input, { limits }), JournalError),
  },
  { name: 'log', weight: 120, seeds: logSeeds(), feed: feedLog },
  { name: 'watermark', weight: 20, seeds: [encodeWatermark({ entries: 70, step: 3 })], feed: feedWatermark },
  ...fileTargets,
  {
    name: 'evidence',
    weight: 10,
    seeds: evidenceSeeds(),
    feed: input =>
      refusing(() => verifyEvidence(parseEvidence(Buffer.from(input).toString())), EvidenceError),
  },
  {
    name: 'cohort',
    weight: 3,
    seeds: cohortSeeds(),
    feed: input => refusing(() => parseCohort(Buffer.from(input).toString(), 'input'), CohortError),
  },
]

/**
 * Frames of one connection, one after the other: each input is read as what comes between a first piece and the rest.
 * No frame makes the transfer hold more bytes than it has announced, and what it gives in the end was sent as such.
 */
function feedTransfer(input: Uint8Array): void {
  const transfer = createTransfer(limits, 1)
  const [first, , rest, number] = transferFrames()
  for (const frame of [first!, [input], rest!, [input], number!]) {
    const decoded = decodeLinkFrame(frame, limits, 1, transfer)
    const { receivedBytes, totalBytes } = transfer.progress()
    if (receivedBytes > totalBytes) throw new Error('more bytes have come than were announced')
    if ('fault' in decoded || decoded.kind !== 'data') continue
    if (frame === number && decoded.messages.length !== 1) throw new Error('a number without its message')
  }
}

/** However a frame's bytes are cut into chunks, it says the same; and what it says survives being said again. */
function feedFrame(input: Uint8Array, limits: DecodeLimits): void {
  const whole = decodeLinkFrame([input], limits)
  const step = 1 + (input.length % 9)
  const parts: Uint8Array[] = []
  for (let at = 0; at < input.length; at += step) parts.push(input.subarray(at, at + step))
  const pieces = decodeLinkFrame(parts, limits, 1)
  if ('fault' in whole ? !('fault' in pieces) : !isDeepStrictEqual(whole, pieces))
    throw new Error('cut in pieces, the frame says something else')
  if ('fault' in whole || whole.kind !== 'data') return
  for (const received of whole.messages) {
    if ('fault' in received) continue
    const again = decodeLinkFrame(
      encodeLinkFrame({ kind: 'data', sequence: 1 }, [encodeMessage(received.message)]),
      limits,
    )
    if ('fault' in again || again.kind !== 'data' || again.messages.some(message => 'fault' in message))
      throw new Error(`a ${received.message.kind} that was read cannot be read again`)
  }
}

/** However a stream is cut, the same frames come of it, and it ends in the same words. */
function feedWire(input: Uint8Array): void {
  const bytes = Array.from(input, (_, at) => input.subarray(at, at + 1))
  if (!isDeepStrictEqual(framesOf([input]), framesOf(bytes)))
    throw new Error('byte by byte, the stream says something else')
}

function framesOf(parts: readonly Uint8Array[]): readonly string[] {
  const frames: string[] = []
  const unframer = createUnframer({
    begin(length) {
      if (length > WIRE_BYTES_MAX) throw new FramingError(`${length} bytes`)
      return wholeFrame(frame => frames.push(Buffer.concat(frame).toString('hex')))
    },
    held: () => false,
  })
  try {
    for (const part of parts) unframer.push([part])
  } catch (error) {
    if (!(error instanceof FramingError)) throw error
    frames.push(error.message)
  }
  return frames
}

function wireSeeds(): readonly Uint8Array[] {
  const stream = (...lengths: readonly number[]) =>
    Buffer.concat(lengths.map(length => encode.single(new Uint8Array(length).fill(length)).subarray()))
  return [stream(5, 0, 130, 1), stream(WIRE_BYTES_MAX), stream(3, WIRE_BYTES_MAX + 1)]
}

/** Records lie in the file, none over another, and the good part ends where they do or before. */
function feedLog(input: Uint8Array): void {
  const scan = scanLog(Buffer.from(input))
  if (scan.kind === 'damaged' && scan.at >= input.length) throw new Error('the damage lies behind the file')
  if (scan.kind !== 'whole') return
  const bytes = scan.records.reduce((sum, record) => sum + record.length + HEADER_BYTES, 0)
  if (scan.end !== 0 && scan.end - scan.sparedBytes < HEAD_BYTES) throw new Error('the first line is missing')
  if (scan.end !== 0 && scan.end < HEAD_BYTES + bytes) throw new Error('the records do not add up')
  if (scan.end > input.length) throw new Error('the good part is longer than the file')
}

/** Both cells can be read, or one, or none. */
function feedWatermark(input: Uint8Array): void {
  const { watermark, damaged } = decodeWatermark(Buffer.from(input))
  if ((watermark === null) !== (damaged === 2))
    throw new Error('a value without a cell, or a cell without one')
}

function exampleMessages(precision: Precision = 'f32'): readonly Message[] {
  const slot: Slot = { step: 3, phase: 'gradient', iteration: 2, sender: 4 }
  const state: Slot = { ...slot, phase: 'state', iteration: 0 }
  const vector = roundedTo(Float32Array.of(1, -2, 0, 1e-40, 3e38), precision)
  const signature = Uint8Array.from({ length: 64 }, (_, i) => i)
  const digest = digestOf(vector, precision)
  const sealed = { vector, precision, digest, signature }
  return [
    { kind: 'vector', slot, sealed },
    { kind: 'payload', slot, sealed },
    { kind: 'digest', slot, digest, signature },
    { kind: 'echo', slot, digest, signature },
    { kind: 'ready', slot, digest },
    { kind: 'request', slot, digest },
    { kind: 'report', slot, peers: [0, 2, 5, 6] },
    { kind: 'pulse', slot },
    { kind: 'query', slot: state },
    { kind: 'fetch', slot: state },
    { kind: 'position', slot: state, oldest: 1, completeFrom: 1, seen: { slot, digest, signature } },
    { kind: 'position', slot: state, oldest: 2, completeFrom: 3, seen: null },
    { kind: 'evidence', slot, first: { digest, signature }, second: { digest: 'ab'.repeat(32), signature } },
  ]
}

export function frameSeeds(precision?: Precision): readonly Uint8Array[] {
  const messages = exampleMessages(precision).map(encodeMessage)
  const frames = [
    ...messages.map(message => encodeLinkFrame({ kind: 'data', sequence: 7, acknowledged: 300 }, [message])),
    encodeLinkFrame({ kind: 'data', sequence: 2 ** 40 }, messages),
    encodeLinkFrame({ kind: 'ack', acknowledged: 12, step: 3, deliversFrom: 2 }),
    encodeLinkFrame({
      kind: 'resume',
      incarnation: 1.7e12,
      peerIncarnation: 0,
      received: 5,
      step: 9,
      completeFrom: 3,
      deliversFrom: 3,
    }),
    encodeLinkFrame({ kind: 'finished' }),
    ...transferFrames(),
  ]
  return frames.map(frame => Buffer.concat(frame))
}

/** A message in two pieces. */
function transferFrames() {
  const whole = Buffer.concat(encodeMessage(exampleMessages()[0]!))
  const totalBytes = whole.length
  return [
    encodeLinkFrame({ kind: 'piece', offset: 0, totalBytes }, [[whole.subarray(0, 30)]]),
    encodeLinkFrame({ kind: 'piece', offset: 0, totalBytes }, [[whole]]),
    encodeLinkFrame({ kind: 'piece', offset: 30, totalBytes }, [[whole.subarray(30)]]),
    encodeLinkFrame({ kind: 'data', sequence: 7, transferred: true }),
  ]
}

function recordSeeds(): readonly Uint8Array[] {
  const parameters = Float32Array.of(1, 2, 3, 4, 5)
  return [
    ...exampleMessages().map(message => encodeCommitment(encodeMessage(message), 7)),
    encodeCheckpoint({ step: 5, parameters, momentum: null }, 8),
    encodeCheckpoint({ step: 6, parameters, momentum: parameters }, 9),
    encodeCompleteFrom(5, 10),
  ]
}

function logSeeds(): readonly Uint8Array[] {
  const tag = Buffer.from('seed')
  const records = recordSeeds()
  return [
    Buffer.concat(encodeFile(tag, [])),
    Buffer.concat(encodeFile(tag, records.slice(0, 3))),
    Buffer.concat([...encodeFile(tag, [new Uint8Array(0)]), ...encodeBatch(tag, 1, records.slice(3, 5))]),
  ]
}

function evidenceSeeds(): readonly Uint8Array[] {
  const { id } = createIdentity()
  const commitment = (digit: string) => ({ digest: digit.repeat(64), signature: digit.repeat(128) })
  const file = {
    format: 'concord-evidence/1',
    cohort: 'c'.repeat(64),
    accused: { name: 'mallory', id },
    slot: { step: 1, phase: 'gradient', iteration: 0, sender: 2 },
    first: commitment('a'),
    second: commitment('b'),
  }
  return [Buffer.from(JSON.stringify(file, null, 2))]
}

function cohortSeeds(): readonly Uint8Array[] {
  const members = Array.from(
    { length: 7 },
    (_, i) => `  - {name: m${i}, id: ${createIdentity().id}, addresses: [/ip4/10.0.0.${i}/tcp/4001]}`,
  )
  return [
    Buffer.from(
      `name: x\nmembers:\n${members.join('\n')}\nfaults: 1\nprotocol: mda\nsteps: 10\nmodel: softmax\nrate: 0.5\nbatch: 64\nseed: 1\nstepSize: milestones:0.1@300,600\nclip: null\n`,
    ),
    Buffer.from('&a [*a, *a]\n'),
  ]
}
