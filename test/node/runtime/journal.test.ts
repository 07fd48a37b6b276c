/** The journal: one commitment per slot across restarts, and it keeps everything that a peer may still ask for. */
import test from 'ava'
import type { Message } from '../../../agreement/message.ts'
import { roundedTo } from '../../../agreement/precision.ts'
import { encodeMessage } from '../../../node/codec/index.ts'
import { NO_WATERMARK, type Storage, type Watermark } from '../../../node/ports.ts'
import { createJournal } from '../../../node/runtime/journal.ts'
import type { Journal } from '../../../node/runtime/journal-contract.ts'
import { digestOf } from '../../../node/signatures/index.ts'

const limits = { peers: 4, dimension: 2, stepsMax: 100, iterationsMax: 3 }

/** Records as the real log reads them: parts of one buffer, at any offset. */
function asRead(records: readonly Uint8Array[]): readonly Uint8Array[] {
  const file = Buffer.concat([Uint8Array.of(1, 2, 3), ...records])
  let at = 3
  return records.map(({ length }) => {
    at += length
    return file.subarray(at - length, at)
  })
}

/** Storage that keeps synced records and the watermark; opening it again loses the rest. */
function disk() {
  let durable: Uint8Array[] = []
  let written: Uint8Array[] = []
  let watermark: Watermark | null = NO_WATERMARK
  const open = (): Storage => {
    written = [...durable]
    return {
      recovered: asRead(durable),
      watermark,
      append: record => void written.push(record),
      rewrite: (first, rest) => {
        written = [first, ...rest]
      },
      sync: (mark, done) => {
        durable = [...written]
        watermark = mark
        done()
      },
    }
  }
  const put = (records: readonly Uint8Array[]) => {
    durable = [...records]
  }
  const mark = (value: Watermark | null) => {
    watermark = value
  }
  return { open, size: () => durable.length, records: () => durable, put, mark }
}

function journal(storage: Storage | null): Journal {
  return createJournal({ storage, sign: () => Uint8Array.of(7), limits, compactEverySteps: 3 })
}

const slot = (step: number, sender = 0) => ({ step, phase: 'gradient', iteration: 0, sender }) as const

function send(log: Journal, step: number, x: number): Message {
  const sealed = log.seal(slot(step), Float32Array.of(x, x))
  const message = { kind: 'vector', slot: slot(step), sealed } as const
  log.record(message)
  return message
}

test('it knows from which step on its peer has spoken without a gap', t => {
  const { open } = disk()
  const log = journal(open())
  t.is(log.completeFrom(1), 1, 'at the beginning')
  for (const step of [1, 2, 5, 6, 7]) send(log, step, step)
  log.sync(() => {})
  const after = journal(open())
  t.is(after.completeFrom(8), 5, 'it joined at step 5')
  t.is(after.completeFrom(7), 5)
  t.is(after.completeFrom(3), 1)
  t.is(after.completeFrom(20), 20, 'it has just joined at 20')
})

test('a slot holds the first vector, also after a restart', t => {
  const { open } = disk()
  const before = journal(open())
  send(before, 1, 5)
  t.is(before.seal(slot(1), Float32Array.of(6, 6)).vector[0], 5)
  before.sync(() => {})
  const after = journal(open())
  const again = after.seal(slot(1), Float32Array.of(6, 6))
  t.deepEqual([...again.vector], [5, 5])
  t.deepEqual(
    after.messages().map(({ kind }) => kind),
    ['vector'],
  )
})

test('what it seals is rounded to the precision of the phase, and comes back as the same bytes', t => {
  const { open } = disk()
  const narrow = (storage: Storage) =>
    createJournal({
      storage,
      sign: () => Uint8Array.of(7),
      limits: { ...limits, precision: 'bf16' },
      compactEverySteps: 3,
    })
  const log = narrow(open())
  const given = Float32Array.of(1 / 3, 2 / 3)
  const sealed = log.seal(slot(1), given)
  t.deepEqual(sealed.vector, roundedTo(given, 'bf16'))
  t.notDeepEqual(sealed.vector, given)
  t.is(sealed.digest, digestOf(sealed.vector.slice(), 'bf16'))
  log.record({ kind: 'vector', slot: slot(1), sealed })
  const parameters = log.seal({ ...slot(1), phase: 'parameters' }, given)
  t.is(parameters.vector, given)
  log.sync(() => {})
  const again = narrow(open())
  t.deepEqual(again.seal(slot(1), Float32Array.of(9, 9)), sealed)
  t.deepEqual(encodeMessage(again.messages()[0]!), encodeMessage({ kind: 'vector', slot: slot(1), sealed }))
})

test('a digest is recorded behind its vector, which is there after a crash and is not sent unasked', t => {
  const { open, records } = disk()
  const before = journal(open())
  const { digest, signature } = before.seal(slot(1), Float32Array.of(5, 5))
  const message = { kind: 'digest', slot: slot(1), digest, signature } as const
  t.true(before.record(message))
  t.true(before.record(message))
  before.sync(() => {})
  t.is(records().length, 2)
  const after = journal(open())
  t.deepEqual([...after.sealedFor(slot(1))!.vector], [5, 5])
  t.is(after.sealedFor(slot(1))!.digest, digest)
  t.is(after.sealedFor(slot(2)), null)
  t.deepEqual(
    after.messages().map(({ kind }) => kind),
    ['digest'],
  )
  t.deepEqual([...after.seal(slot(1), Float32Array.of(6, 6)).vector], [5, 5])
  t.true(after.remembers(slot(1)))
  t.is(after.completeFrom(2), 1)
  // Compaction keeps both.
  for (const step of [2, 3, 4])
    after.checkpoint({ step, parameters: Float32Array.of(0, 0), momentum: null }, 1)
  after.sync(() => {})
  t.is(journal(open()).sealedFor(slot(1))?.digest, digest)
  t.deepEqual(
    journal(open())
      .messages()
      .map(({ kind }) => kind),
    ['digest'],
  )
})

test('of a log that ends between a vector and its digest the vector stands, and goes out whole', t => {
  const { open, records, put, mark } = disk()
  const before = journal(open())
  const { digest, signature } = before.seal(slot(1), Float32Array.of(5, 5))
  before.record({ kind: 'digest', slot: slot(1), digest, signature })
  before.sync(() => {})
  put(records().slice(0, 1))
  mark({ entries: 1, step: 1 })
  const after = journal(open())
  t.is(after.seal(slot(1), Float32Array.of(6, 6)).digest, digest)
  t.deepEqual(
    after.messages().map(({ kind }) => kind),
    ['vector'],
  )
})

test('a message that was not synced was never sent, and binds nobody after a crash', t => {
  const { open } = disk()
  send(journal(open()), 1, 5)
  t.is(journal(open()).seal(slot(1), Float32Array.of(6, 6)).vector[0], 6)
})

test('votes and reports are bound in the same way, and come back as the same messages', t => {
  const { open } = disk()
  const before = journal(open())
  const digest = 'ab'.repeat(32)
  const messages: Message[] = [
    { kind: 'echo', slot: slot(1, 2), digest, signature: new Uint8Array(64) },
    { kind: 'ready', slot: slot(1, 2), digest },
    { kind: 'report', slot: slot(1, 0), peers: [0, 1, 3] },
  ]
  for (const message of messages) before.record(message)
  before.sync(() => {})
  const after = journal(open())
  t.is(after.bind('echo', slot(1, 2), 'other'), digest)
  t.is(after.bind('ready', slot(1, 2), 'other'), digest)
  t.is(after.bind('report', slot(1, 0), '0 1 2'), '0 1 3')
  t.deepEqual(after.messages(), messages)
})

test('a checkpoint says where to go on, and the log does not grow without limit', t => {
  const { open, size } = disk()
  const log = journal(open())
  for (let step = 1; step <= 30; step++) {
    send(log, step, step)
    log.checkpoint(
      { step: step + 1, parameters: Float32Array.of(step, -step), momentum: Float32Array.of(1, 2) },
      step - 2,
    )
    log.sync(() => {})
  }
  t.true(size() < 18)
  const after = journal(open())
  t.is(after.recovered?.step, 31)
  t.deepEqual([...after.recovered!.parameters], [30, -30])
  t.deepEqual([...after.recovered!.momentum!], [1, 2])
  const history = after.history()
  t.deepEqual([...history.keys()].slice(-4), [28, 29, 30, 31], 'others may ask for these')
  for (const step of history.keys()) t.deepEqual([...history.get(step)!], [step - 1, 1 - step])
  t.deepEqual(
    after.messages().map(message => message.slot.step),
    [28, 29, 30],
  )
})

test('a checkpoint keeps each vector in its place, whichever vectors it has', t => {
  const [parameters, one, two] = [Float32Array.of(1, 2), Float32Array.of(3, 4), Float32Array.of(5, 6)]
  const three = Float32Array.of(7, 8)
  for (const momentum of [null, one])
    for (const more of [{}, { drawn: two }, { residual: two }, { residual: two, drawn: three }]) {
      const { open } = disk()
      const log = journal(open())
      log.checkpoint({ step: 7, parameters, momentum, ...more }, 0)
      log.sync(() => {})
      t.deepEqual(journal(open()).recovered, { step: 7, parameters, momentum, ...more })
    }
})

test('a log of another cohort is refused with a clear error', t => {
  const { open } = disk()
  const log = journal(open())
  log.checkpoint({ step: 2, parameters: new Float32Array(5), momentum: null }, 0)
  log.sync(() => {})
  t.throws(() => journal(open()), { code: 'JOURNAL_UNREADABLE', message: /d = 2/ })
})

test('without storage a journal binds in memory and has nothing to sync', t => {
  const log = journal(null)
  send(log, 1, 5)
  t.false(log.dirty())
  t.is(log.seal(slot(1), Float32Array.of(6, 6)).vector[0], 5)
})

test('one proof for each accused peer outlives restarts and compactions', t => {
  const { open } = disk()
  const proof = (step: number, sender: number): Message => ({
    kind: 'evidence',
    slot: slot(step, sender),
    first: { digest: 'aa'.repeat(32), signature: new Uint8Array(64).fill(1) },
    second: { digest: 'bb'.repeat(32), signature: new Uint8Array(64).fill(2) },
  })
  const log = journal(open())
  t.deepEqual(log.proofs(), [])
  for (const message of [proof(1, 2), proof(2, 2), proof(1, 3)]) log.record(message)
  t.true(log.dirty(), 'on the disk before it is shown')
  for (let step = 1; step <= 8; step++) {
    send(log, step, step)
    log.checkpoint({ step: step + 1, parameters: Float32Array.of(1, 2), momentum: null }, step - 1)
  }
  log.sync(() => {})
  const after = journal(open())
  t.deepEqual(after.proofs(), [proof(1, 2), proof(1, 3)])
  after.record(proof(5, 3))
  t.false(after.dirty(), 'nothing new')
  t.false(
    after.messages().some(({ kind }) => kind === 'evidence'),
    'it binds nobody',
  )
})

test('a peer does not go on from a log behind its watermark, and is silent where it may have spoken', t => {
  const { open, records, put, mark } = disk()
  const before = journal(open())
  send(before, 1, 5)
  before.sync(() => {})
  const old = [...records()]
  send(before, 2, 5)
  before.checkpoint({ step: 3, parameters: Float32Array.of(1, 1), momentum: null }, 0)
  before.record({ kind: 'ready', slot: slot(4, 2), digest: 'ab'.repeat(32) })
  before.sync(() => {})
  put(old)
  const lost = journal(open())
  t.regex(lost.lost!, /lacks 3 of the 4 records/)
  t.is(lost.completeFrom(1), 5, 'a vote on a step ahead binds as well')
  t.is(lost.recovered, null)
  t.deepEqual(lost.messages(), [])
  const digest = 'cd'.repeat(32)
  const sealed = lost.seal(slot(4), Float32Array.of(6, 6))
  for (const message of [
    { kind: 'vector', slot: slot(4), sealed },
    { kind: 'payload', slot: slot(4), sealed },
    { kind: 'vector', slot: { ...slot(4), phase: 'state' }, sealed },
    { kind: 'echo', slot: slot(4, 2), digest, signature: new Uint8Array(64) },
    { kind: 'ready', slot: slot(4, 2), digest },
    { kind: 'report', slot: slot(1), peers: [0, 1, 2] },
  ] as const)
    t.false(lost.record(message), message.kind)
  t.true(
    lost.record({ kind: 'query', slot: { ...slot(1), phase: 'state' } }),
    'what binds nobody may be said',
  )
  t.false(lost.dirty())
  lost.sync(() => {})
  t.not(journal(open()).lost, null, 'it is lost until something new is written')
  mark(null)
  t.regex(journal(open()).lost!, /watermark .* missing or cannot be read/)
})

test('a peer that lost its memory remembers the loss for as long as another may ask', t => {
  const { open, put } = disk()
  const before = journal(open())
  for (const step of [1, 2, 3]) send(before, step, step)
  before.sync(() => {})
  put([])
  const lost = journal(open())
  t.is(lost.completeFrom(1), 4)
  for (let step = 4; step <= 12; step++) {
    lost.checkpoint({ step, parameters: Float32Array.of(step, 0), momentum: null }, step - 6)
    lost.sync(() => {})
    const after = journal(open())
    t.is(after.lost, null)
    t.is(after.recovered?.step, step)
    t.is(after.completeFrom(1), 3 >= step - 6 || step < 12 ? 4 : 1, `step ${step}`)
    const steps = [...after.history().keys()]
    t.deepEqual(
      steps,
      steps.toSorted((a, b) => a - b),
      'ascending',
    )
  }
})

test('of what others sign the newest of each is remembered with the checkpoint, through compactions', t => {
  const { open } = disk()
  const first = journal(open())
  const commitment = (step: number) => ({ digest: 'aa'.repeat(32), signature: new Uint8Array(64).fill(step) })
  const newest = (of: Journal) => of.seen().map(({ slot: { sender, step } }) => [sender, step])
  const checkpoint = (of: Journal, step: number) => {
    of.checkpoint({ step, parameters: Float32Array.of(step, 0), momentum: null }, step - 6)
    of.sync(() => {})
  }
  for (const step of [4, 3]) first.saw(slot(step, 1), commitment(step))
  t.deepEqual(newest(journal(open())), [], 'it is not worth a sync of its own')
  checkpoint(first, 5)
  first.saw(slot(5, 2), commitment(5))
  t.deepEqual(newest(journal(open())), [[1, 4]])
  for (let step = 6; step <= 20; step++) checkpoint(first, step)
  t.deepEqual(newest(journal(open())), [
    [1, 4],
    [2, 5],
  ])
  t.deepEqual(journal(open()).seen()[0]!.signature, new Uint8Array(64).fill(4))
})

test('it knows what it signed, and not what only an older copy of it lacks', t => {
  const { open } = disk()
  const first = journal(open())
  for (const step of [1, 2]) send(first, step, step)
  first.sync(() => {})
  const copy = journal(open())
  t.true(copy.remembers(slot(2)))
  t.false(copy.remembers(slot(3)))
  copy.checkpoint({ step: 20, parameters: Float32Array.of(1, 2), momentum: null }, 4)
  t.true(copy.remembers(slot(3)), 'what is long past is forgotten, and may have been signed')
})

test('an older copy is forgotten for good once it is shown to be one', t => {
  const { open } = disk()
  const copy = journal(open())
  for (const step of [1, 2]) send(copy, step, step)
  copy.saw(slot(2, 1), { digest: 'aa'.repeat(32), signature: new Uint8Array(64) })
  copy.outdated(9)
  t.true(copy.dirty())
  copy.sync(() => {})
  t.true(copy.remembers(slot(8)), 'it may have signed that, and signs nothing there')
  t.false(copy.record({ kind: 'ready', slot: slot(8, 1), digest: 'aa'.repeat(32) }))
  t.true(copy.record({ kind: 'ready', slot: slot(9, 1), digest: 'aa'.repeat(32) }))
  const after = journal(open())
  t.deepEqual([after.recovered, after.messages(), after.completeFrom(1)], [null, [], 9])
  t.is(after.lost, null, 'its log is whole')
  t.is(after.seen().length, 1, 'what others signed it still knows')
})
