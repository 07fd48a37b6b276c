/** The codec: every message survives the wire; nothing that arrives can make it throw. */
import test from 'ava'
import fc from 'fast-check'
import type { Message, Slot } from '../../../agreement/message.ts'
import {
  type DecodeLimits,
  decodeLinkFrame,
  encodeLinkFrame,
  encodeMessage,
  type LinkHeader,
} from '../../../node/codec/index.ts'
import type { Frame } from '../../../node/ports.ts'
import { digestOf } from '../../../node/signatures/digest.ts'

const limits: DecodeLimits = { peers: 7, dimension: 5, stepsMax: 1000, iterationsMax: 40 }

test('a vector has the dimension of its phase', t => {
  const cohort = { ...limits, metricsDimension: 2 }
  const decoded = (phase: Slot['phase'], dimension: number, its: DecodeLimits = cohort) => {
    const vector = new Float32Array(dimension)
    const slot: Slot = { step: 3, phase, iteration: 0, sender: 1 }
    const sealedZero = { vector, digest: digestOf(vector), signature: new Uint8Array(0) }
    const message = encodeMessage({ kind: 'vector', slot, sealed: sealedZero })
    const frame = decodeLinkFrame(encodeLinkFrame({ kind: 'data', sequence: 1 }, [message]), its)
    const [first] = 'kind' in frame && frame.kind === 'data' ? frame.messages : []
    return first === undefined ? 'nothing' : 'fault' in first ? first.fault : first.message.slot.phase
  }
  t.is(decoded('metrics', 2), 'metrics')
  t.is(decoded('gradient', 5), 'gradient')
  t.is(decoded('metrics', 5), 'wrong-dimension')
  for (const phase of ['gradient', 'parameters', 'state'] as const) t.is(decoded(phase, 2), 'wrong-dimension')
  t.is(decoded('metrics', 2, limits), 'out-of-range', 'a cohort that agrees on no metrics')
  t.is(decoded('metrics', 5, limits), 'out-of-range')
})

const slots: fc.Arbitrary<Slot> = fc.record({
  step: fc.integer({ min: 1, max: limits.stepsMax }),
  phase: fc.constantFrom('gradient', 'parameters'),
  iteration: fc.integer({ min: 0, max: limits.iterationsMax - 1 }),
  sender: fc.integer({ min: 0, max: limits.peers - 1 }),
})
const vectors = fc
  .array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 5, maxLength: 5 })
  .map(values => Float32Array.from(values))
const signatures = fc.uint8Array({ maxLength: 64 })
const digests = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map(bytes => Buffer.from(bytes).toString('hex'))
const sealed = fc
  .tuple(vectors, signatures)
  .map(([vector, signature]) => ({ vector, digest: digestOf(vector), signature }))

const commitments = fc.record({ digest: digests, signature: signatures })
/** One step behind the last is where a finished peer stands. */
const stateSlots: fc.Arbitrary<Slot> = slots.map(slot => ({ ...slot, step: slot.step + 1, phase: 'state' }))

const messages: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ kind: fc.constantFrom('vector', 'payload'), slot: slots, sealed }),
  fc.record({
    kind: fc.constantFrom('digest', 'echo'),
    slot: slots,
    digest: digests,
    signature: signatures,
  }),
  fc.record({ kind: fc.constantFrom('ready', 'request'), slot: slots, digest: digests }),
  fc.record({
    kind: fc.constant('report' as const),
    slot: slots,
    peers: fc.subarray([0, 1, 2, 3, 4, 5, 6]),
  }),
  fc.record({ kind: fc.constantFrom('query', 'fetch'), slot: stateSlots }),
  fc.record({ kind: fc.constant('pulse' as const), slot: slots }),
  fc.record({
    kind: fc.constant('position' as const),
    slot: stateSlots,
    oldest: fc.integer({ min: 1, max: 1000 }),
    completeFrom: fc.integer({ min: 1, max: 1000 }),
    seen: fc.option(fc.record({ slot: slots, digest: digests, signature: signatures }), { nil: null }),
  }),
  fc.record({ kind: fc.constant('evidence' as const), slot: slots, first: commitments, second: commitments }),
)
const counts = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
const headers: fc.Arbitrary<LinkHeader> = fc.oneof(
  fc.record({
    kind: fc.constant('ack' as const),
    acknowledged: fc.maxSafeNat(),
    step: fc.maxSafeNat(),
    deliversFrom: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  }),
  fc.record({
    kind: fc.constant('resume' as const),
    incarnation: fc.maxSafeNat(),
    peerIncarnation: fc.maxSafeNat(),
    received: fc.maxSafeNat(),
    step: fc.nat(),
    completeFrom: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    deliversFrom: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  }),
  fc.constant({ kind: 'finished' as const }),
)

const join = (frame: Frame): Uint8Array => new Uint8Array(Buffer.concat(frame))

/** The frame as a socket might deliver it: in pieces of these sizes. */
function pieces(bytes: Uint8Array, sizes: readonly number[]): Frame {
  const chunks: Uint8Array[] = []
  for (let start = 0, i = 0; start < bytes.length; i++) {
    const size = sizes[i % sizes.length]!
    chunks.push(bytes.slice(start, start + size))
    start += size
  }
  return chunks
}
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 })

/** As a long frame is read: on with every part. */
function decodeEagerly(frame: Frame, within: DecodeLimits) {
  return decodeLinkFrame(frame, within, 1)
}

test('every message comes back as it was sent, however the bytes are cut', t => {
  fc.assert(
    fc.property(counts, fc.array(messages, { maxLength: 6 }), sizes, (sequence, sent, cut) => {
      const frame = encodeLinkFrame({ kind: 'data', sequence }, sent.map(encodeMessage))
      const expected = { kind: 'data', sequence, messages: sent.map(message => ({ message })) } as const
      const parts = pieces(join(frame), cut)
      t.deepEqual(decodeLinkFrame(parts, limits), expected)
      t.deepEqual(decodeEagerly(parts, limits), expected)
    }),
  )
})

test('every other link frame comes back as it was sent', t => {
  fc.assert(
    fc.property(headers, sizes, (header, cut) => {
      const parts = pieces(join(encodeLinkFrame(header)), cut)
      t.deepEqual(decodeLinkFrame(parts, limits), header)
      t.deepEqual(decodeEagerly(parts, limits), header)
    }),
  )
  const acknowledging = { kind: 'data', sequence: 3, acknowledged: 2 } as const
  t.deepEqual(decodeLinkFrame(encodeLinkFrame(acknowledging), limits), { ...acknowledging, messages: [] })
})

test('the vector is sent as its own bytes, and a frame passed by reference gives the very same vector', t => {
  const vector = Float32Array.of(1, 2, 3, 4, 5)
  const message = aVector(vector)
  const encoded = encodeMessage(message)
  t.is(encoded[1]!.buffer, vector.buffer)
  const decoded = decodeLinkFrame(encodeLinkFrame({ kind: 'data', sequence: 1 }, [encoded]), limits)
  const first = 'messages' in decoded ? decoded.messages[0] : undefined
  t.true(first !== undefined && 'message' in first && first.message.kind === 'vector')
  if (first && 'message' in first && first.message.kind === 'vector')
    t.is(first.message.sealed.vector, vector)
})

test('the digest is computed from what arrived', t => {
  const bytes = join(
    encodeLinkFrame({ kind: 'data', sequence: 1 }, [encodeMessage(aVector(Float32Array.of(1, 2, 3, 4, 5)))]),
  )
  bytes[bytes.length - 4] = 1
  const decoded = decodeLinkFrame([bytes], limits)
  const [first] = 'messages' in decoded ? decoded.messages : []
  if (!first || !('message' in first) || first.message.kind !== 'vector') return t.fail('no vector')
  t.not(first.message.sealed.vector[4], 5)
  t.is(first.message.sealed.digest, digestOf(first.message.sealed.vector.slice()))
})

test('a decoded message keeps nothing of the chunk that it arrived in', t => {
  const echo = {
    kind: 'echo',
    slot: aSlot(1),
    digest: 'ab'.repeat(32),
    signature: new Uint8Array(64).fill(7),
  } as const
  const chunk = Buffer.concat(asIs([echo]))
  const decoded = decodeLinkFrame([chunk], limits)
  chunk.fill(0)
  t.deepEqual('messages' in decoded && decoded.messages, [{ message: echo }])
})

test('random bytes never throw and never give a message out of range', t => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), sizes, (bytes, cut) => inRange(t, pieces(bytes, cut))),
    {
      numRuns: 2000,
    },
  )
})

test('mutated frames never throw and never give a message out of range', t => {
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(fc.array(messages, { minLength: 1, maxLength: 4 }), changes, (sent, edits) => {
      const bytes = join(encodeLinkFrame({ kind: 'data', sequence: 9 }, sent.map(encodeMessage)))
      for (const [at, value] of edits) bytes[at % bytes.length] = value
      inRange(t, [bytes])
    }),
    { numRuns: 2000 },
  )
})

test('a frame cut off at any byte is malformed, or is a shorter frame that ends with a whole message', t => {
  const sent = fc.sample(messages, { numRuns: 12, seed: 4 }).map(encodeMessage)
  const frame = encodeLinkFrame({ kind: 'data', sequence: 1 }, sent)
  const ends = new Set<number>()
  let end = frame[0]!.length
  ends.add(end)
  for (const encoded of sent) {
    end += encoded.reduce((sum, chunk) => sum + chunk.length, 0)
    ends.add(end)
  }
  const bytes = join(frame)
  for (let length = 0; length <= bytes.length; length++) {
    const cut = bytes.subarray(0, length)
    for (const decoded of [decodeLinkFrame([cut], limits), decodeEagerly(pieces(cut, [7]), limits)])
      t.is('fault' in decoded, !ends.has(length), `cut at ${length}`)
  }
})

test('a spoilt vector is named and leaves its neighbours usable', t => {
  const good = { kind: 'ready', slot: aSlot(2), digest: '0'.repeat(64) } as const
  const short = aVector(Float32Array.of(1, 2))
  const long = aVector(new Float32Array(9))
  const nan = aVector(Float32Array.of(1, 2, Number.NaN, 4, 5))
  const infinite = aVector(Float32Array.of(1, 2, 3, 4, -Infinity))
  const late = { ...aVector(new Float32Array(5)), slot: { ...aSlot(1), step: 1001 } }
  const sent: Message[] = [short, good, long, nan, good, infinite, late, good]
  const whole = join(asIs(sent))
  for (const decoded of [
    decodeLinkFrame(asIs(sent), limits),
    decodeLinkFrame([whole], limits),
    decodeEagerly(pieces(whole, [1]), limits),
  ]) {
    if (!('messages' in decoded)) return t.fail()
    t.deepEqual(
      decoded.messages.map(entry => ('fault' in entry ? entry.fault : entry.message.kind)),
      [
        'wrong-dimension',
        'ready',
        'wrong-dimension',
        'not-finite',
        'ready',
        'not-finite',
        'out-of-range',
        'ready',
      ],
    )
    t.deepEqual(decoded.messages[0], {
      fault: 'wrong-dimension',
      slot: short.slot,
      detail: '2 coordinates instead of 5',
    })
  }
})

test('numbers outside the cohort are out of range', t => {
  const outside: Message[] = [
    { kind: 'ready', slot: { ...aSlot(1), step: 0 }, digest: '0'.repeat(64) },
    { kind: 'ready', slot: { ...aSlot(1), iteration: 40 }, digest: '0'.repeat(64) },
    { kind: 'ready', slot: aSlot(7), digest: '0'.repeat(64) },
    { kind: 'report', slot: aSlot(1), peers: [1, 7] },
    { kind: 'report', slot: aSlot(1), peers: [0, 0, 0, 0, 0, 0, 0, 0] },
  ]
  const decoded = decodeLinkFrame(asIs(outside), limits)
  t.true(
    'messages' in decoded &&
      decoded.messages.every(entry => 'fault' in entry && entry.fault === 'out-of-range'),
  )
})

test('a frame that announces more than it brings costs nothing', t => {
  const huge = encodeMessage(aVector(new Float32Array(1 << 20)))
  const header = encodeLinkFrame({ kind: 'data', sequence: 1 }, [[huge[0]!]])
  const fault = decodeLinkFrame(header, { ...limits, dimension: 1 << 20 })
  t.deepEqual(fault, { fault: 'malformed', detail: 'cut off: 4194304 bytes announced, 0 left' })
})

const aSlot = (sender: number): Slot => ({ step: 1, phase: 'gradient', iteration: 0, sender })
const aVector = (vector: Float32Array) => ({
  kind: 'vector' as const,
  slot: aSlot(1),
  sealed: { vector, digest: digestOf(vector), signature: new Uint8Array(64) },
})
const asIs = (sent: readonly Message[]): Frame =>
  encodeLinkFrame({ kind: 'data', sequence: 1 }, sent.map(encodeMessage))

function inRange(t: { true(value: boolean): void }, frame: Frame): void {
  const decoded = decodeLinkFrame(frame, limits)
  const entries = 'messages' in decoded ? decoded.messages : []
  t.true(entries.every(entry => 'fault' in entry || isInRange(entry.message)))
}

function isInRange(message: Message): boolean {
  const finite = !('sealed' in message) || message.sealed.vector.every(Number.isFinite)
  const seen = message.kind === 'position' && message.seen !== null ? [message.seen.slot] : []
  return finite && [message.slot, ...seen].every(isSlotInRange)
}

function isSlotInRange({ step, phase, iteration, sender }: Slot): boolean {
  const last = limits.stepsMax + (phase === 'state' ? 1 : 0)
  return step >= 1 && step <= last && iteration < limits.iterationsMax && sender < limits.peers
}
