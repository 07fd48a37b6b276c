/** Small messages that are kept take as much memory as is counted for them, and pin nothing else. */
import test from 'ava'
import type { Message, Slot } from '../../../agreement/message.ts'
import { decodeLinkFrame, encodeLinkFrame, encodeMessage } from '../../../node/codec/index.ts'
import { defaultLinkLimits } from '../../../node/link/limits.ts'
import { createLink } from '../../../node/link/link.ts'
import type { Encoded } from '../../../node/link/outbox.ts'
import { createJournal } from '../../../node/runtime/journal.ts'
import { createSender } from '../../../node/runtime/send.ts'
import { manualClock } from '../network/support.ts'

const limits = { peers: 4, dimension: 4, stepsMax: 1e6, iterationsMax: 1 }
const digest = '5a'.repeat(32)
const signature = new Uint8Array(64).fill(7)
const slotOf = (step: number): Slot => ({ step, phase: 'gradient', iteration: 0, sender: 1 })

/** The messages of an exchange other than vectors. */
function small(step: number): readonly Message[] {
  const slot = slotOf(step)
  return [
    { kind: 'echo', slot, digest, signature },
    { kind: 'ready', slot, digest },
    { kind: 'report', slot, peers: [0, 1, 2] },
    { kind: 'query', slot: { ...slot, phase: 'state' } },
    {
      kind: 'position',
      slot: { ...slot, phase: 'state' },
      oldest: 1,
      completeFrom: 1,
      seen: { slot, digest, signature },
    },
    { kind: 'evidence', slot, first: { digest, signature }, second: { digest: 'a5'.repeat(32), signature } },
  ]
}

/** Bytes of all buffers that these look into, each counted once. */
function pinned(views: Iterable<Uint8Array>): number {
  const buffers = new Set<ArrayBufferLike>()
  let bytes = 0
  for (const { buffer } of views) {
    if (buffers.has(buffer)) continue
    buffers.add(buffer)
    bytes += buffer.byteLength
  }
  return bytes
}

/** Allocates as everything else in a process does between two messages: sockets, ciphers, texts. */
const passing = (bytes: number) => void Buffer.from('x'.repeat(bytes))

const STEPS = 2000

test('messages that a link keeps pin at most twice the memory that it counts for them', t => {
  const kept: Encoded[] = []
  const link = createLink({
    incarnation: 1,
    limits: defaultLinkLimits,
    ahead: 4,
    step: () => 1,
    nowMs: () => 0,
    hooks: {
      send: () => false,
      take() {},
      ackSoon() {},
      waits() {},
      pumpIn() {},
      restarted() {},
      ahead() {},
      missed() {},
      fault() {},
    },
  })
  const enqueue = (message: Encoded) => {
    kept.push(message)
    link.enqueue(message)
  }
  const sender = createSender({
    journal: createJournal({ storage: null, sign: () => signature, limits, compactEverySteps: 16 }),
    links: [{ ...link, enqueue }, null],
    broadcasts: true,
    inTurn: work => work(),
    clock: manualClock(),
    failed: error => t.fail(error.message),
  })
  for (let step = 1; step <= STEPS; step++)
    for (const message of small(step)) {
      passing(3000)
      sender.send([{ to: 'others', message }])
    }
  const { keptBytes, keptMessages } = link.status()
  t.is(keptMessages, 6 * STEPS)
  const bytes = pinned(kept.flatMap(({ chunks }) => chunks))
  t.true(bytes <= 2 * keptBytes, `${bytes} bytes for ${keptBytes} counted`)
})

test('messages that a peer keeps do not pin the chunk that they came in', t => {
  const kept: Uint8Array[] = []
  let came = 0
  for (let step = 1; step <= STEPS; step++) {
    const frame = encodeLinkFrame({ kind: 'data', sequence: 1 }, small(step).map(encodeMessage))
    const chunk = Buffer.concat([...frame, Buffer.alloc(60_000)])
    const bytes = frame.reduce((sum, each) => sum + each.length, 0)
    const decoded = decodeLinkFrame([chunk.subarray(0, bytes)], limits)
    if (!('kind' in decoded) || decoded.kind !== 'data') return t.fail('the frame was not read')
    came += bytes
    for (const received of decoded.messages) kept.push(...viewsIn(received))
  }
  t.true(kept.length >= 4 * STEPS)
  const bytes = pinned(kept)
  t.true(bytes <= came, `${bytes} bytes of ${came} that came`)
})

/** Every view of bytes in a value. */
function viewsIn(value: unknown): Uint8Array[] {
  if (value instanceof Uint8Array) return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(viewsIn) : []
}
