/** The table of message traits: every kind of message, against what those who sign, keep, send and log messages do. */
import test from 'ava'
import {
  commitmentsIn,
  contentOf,
  type Message,
  type MessageKind,
  messageTraits,
  type Slot,
  traitsOf,
} from '../../agreement/message.ts'
import { encodeMessage } from '../../node/codec/index.ts'
import { defaultLinkLimits } from '../../node/link/limits.ts'
import { createOutbox, type Encoded } from '../../node/link/outbox.ts'
import { NO_WATERMARK, type Storage } from '../../node/ports.ts'
import { createJournal } from '../../node/runtime/journal.ts'
import { createSender } from '../../node/runtime/send.ts'
import { createSigner, createVerifier, digestOf, ed25519 } from '../../node/signatures/index.ts'
import { createTableAuthority } from '../../node/simulation/authority.ts'
import { createTrace } from '../../node/simulation/trace.ts'
import { manualClock } from '../node/network/support.ts'

const COHORT = 'ab'.repeat(32)
const seeds = [1, 2, 3].map(i => new Uint8Array(32).fill(i))
const slot: Slot = { step: 3, phase: 'gradient', iteration: 0, sender: 1 }
const stateSlot: Slot = { ...slot, phase: 'state' }
const vector = Float32Array.of(1, 2)
const digest = digestOf(vector)
const limits = { peers: 3, dimension: 2, stepsMax: 9, iterationsMax: 2 }

/** One message of each kind, signed where it has to be. */
function messages(sign: (slot: Slot, digest: string) => Uint8Array): Record<MessageKind, Message> {
  const commit = (of: Slot, value: string) => ({ digest: value, signature: sign(of, value) })
  const sealed = { vector, ...commit(slot, digest) }
  return {
    vector: { kind: 'vector', slot, sealed },
    digest: { kind: 'digest', slot, ...commit(slot, digest) },
    echo: { kind: 'echo', slot, ...commit(slot, digest) },
    ready: { kind: 'ready', slot, digest },
    request: { kind: 'request', slot, digest },
    payload: { kind: 'payload', slot, sealed },
    report: { kind: 'report', slot, peers: [0, 2] },
    pulse: { kind: 'pulse', slot },
    query: { kind: 'query', slot: stateSlot },
    position: {
      kind: 'position',
      slot: stateSlot,
      oldest: 1,
      completeFrom: 2,
      seen: { slot, ...commit(slot, digest) },
    },
    fetch: { kind: 'fetch', slot: stateSlot },
    evidence: { kind: 'evidence', slot, first: commit(slot, digest), second: commit(slot, '00'.repeat(32)) },
  }
}

const { sign } = createSigner(COHORT, seeds[1]!)
const all = messages(sign)
const kinds = Object.keys(messageTraits) as MessageKind[]
/** The parameters given to a peer that catches up: what a vector of phase `state` is. */
const parameters: Message = { ...(all.vector as Extract<Message, { kind: 'vector' }>), slot: stateSlot }

const signed: readonly MessageKind[] = ['vector', 'digest', 'echo', 'payload', 'position', 'evidence']
const recorded: readonly MessageKind[] = ['vector', 'digest', 'echo', 'ready', 'report', 'evidence']

for (const kind of kinds) {
  const message = all[kind]

  test(`${kind}: both authorities check its signatures, and nothing else`, t => {
    const table = createTableAuthority()
    const ed25519Verifier = createVerifier(
      COHORT,
      seeds.map(seed => ed25519.publicKey(seed)),
    )
    const unsigned = messages(() => new Uint8Array(64))[kind]
    t.is(commitmentsIn(message).length > 0, signed.includes(kind))
    t.true(ed25519Verifier.accepts(message))
    t.is(ed25519Verifier.accepts(unsigned), !signed.includes(kind))
    t.true(table.verifier.accepts(messages(table.signer(1).sign)[kind]))
    t.is(table.verifier.accepts(unsigned), !signed.includes(kind))
  })

  test(`${kind}: the journal records it once, and says nothing of a forgotten step`, t => {
    const { storage, records } = memory()
    const journal = createJournal({ storage, sign, limits, compactEverySteps: 9 })
    t.true(journal.record(message))
    t.true(journal.record(message))
    t.is(records.length, recorded.includes(kind) ? 1 : 0)
    t.is(journal.dirty(), recorded.includes(kind))
    const forgetful = createJournal({ storage: memory(5).storage, sign, limits, compactEverySteps: 9 })
    t.is(
      forgetful.record(message),
      !['vector', 'digest', 'echo', 'ready', 'report', 'payload'].includes(kind),
    )
  })

  test(`${kind}: its sender waits for others like it, or does not`, t => {
    const { enqueued, pumps, clock } = send(message)
    t.is(enqueued.length, 1)
    t.is(pumps(), kind === 'echo' || kind === 'ready' ? 0 : 1)
    clock.advance(1)
    t.is(pumps(), 1)
  })

  test(`${kind}: it is sent again to a later incarnation, or is not`, t => {
    t.is(isRepeated(message), !['request', 'payload', 'position', 'evidence'].includes(kind))
  })

  test(`${kind}: a trace shows what it says`, t => {
    const line = (each: Message) => {
      const trace = createTrace()
      trace.add(1, 0, 2, each)
      return trace.digest()
    }
    const others = kinds.filter(other => other !== kind)
    for (const other of others) t.not(line(all[other]), line(message))
    t.is(contentOf(message) === '', ['query', 'fetch', 'pulse'].includes(kind))
  })
}

test('parameters of phase state answer a question: they are bound, and never repeated', t => {
  t.is(traitsOf(parameters).durable, 'bound')
  t.false(isRepeated(parameters))
  t.true(isRepeated(all.vector))
  const journal = createJournal({ storage: null, sign, limits, compactEverySteps: 9 })
  for (const message of [parameters, all.vector]) journal.record(message)
  t.deepEqual(journal.messages(), [all.vector])
})

test('a bound message is encoded once: the journal and the wire have the same bytes', t => {
  const { storage, records } = memory()
  const { enqueued } = send(all.echo, storage)
  const wire = Buffer.concat(enqueued[0]!.chunks)
  t.deepEqual(wire, Buffer.concat(encodeMessage(all.echo)))
  t.true(Buffer.from(records[0]!).includes(wire))
})

/** Storage that remembers what is appended. @param lostUpTo the step up to which an earlier log is lost; 0: none is */
function memory(lostUpTo = 0) {
  const records: Uint8Array[] = []
  const storage: Storage = {
    recovered: [],
    watermark: lostUpTo === 0 ? NO_WATERMARK : { entries: 4, step: lostUpTo },
    append: record => void records.push(record),
    rewrite: (first, rest) => void records.push(first, ...rest),
    sync: (_, done) => done(),
  }
  return { storage, records }
}

/** Sends one message over one link. */
function send(message: Message, storage: Storage | null = null, broadcasts = true) {
  const clock = manualClock()
  const enqueued: Encoded[] = []
  let pumps = 0
  const link = { enqueue: (each: Encoded) => void enqueued.push(each), pump: () => void pumps++ }
  const sender = createSender({
    journal: createJournal({ storage, sign, limits, compactEverySteps: 9 }),
    clock,
    links: [link as never],
    broadcasts,
    inTurn: work => work(),
    failed() {},
  })
  sender.send([{ to: 'others', message }])
  sender.flush()
  return { clock, enqueued, pumps: () => pumps }
}

test('in the standard form a vector is of no use to a peer that is past its step, except one of metrics; a vote may be', t => {
  const onlyInStep = (message: Message, broadcasts: boolean) =>
    send(message, null, broadcasts).enqueued[0]!.onlyInStep
  const { ready, vector: one } = messages(sign)
  const vector = (phase: Slot['phase']) => ({ ...one, slot: { ...slot, phase } }) as Message
  t.true(onlyInStep(vector('gradient'), false))
  t.true(onlyInStep(vector('parameters'), false))
  t.false(onlyInStep(vector('metrics'), false))
  t.false(onlyInStep(vector('gradient'), true))
  t.false(onlyInStep(ready, false))
})

/** Whether a link sends it again, though it was acknowledged, to a later incarnation of its peer. */
function isRepeated(message: Message): boolean {
  const outbox = createOutbox(defaultLinkLimits, 4, () => 0)
  outbox.add(send(message).enqueued[0]!)
  outbox.sent(outbox.nextBundle()!)
  outbox.acknowledgedUpTo(1)
  outbox.resumeAt(1, true)
  return outbox.nextBundle() !== null
}
