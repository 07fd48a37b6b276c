/** Asking for a vector that was agreed on and is not in hand: each holder once, however long it takes. */
import test from 'ava'
import { createBroadcast } from '../../agreement/broadcast.ts'
import type { Message } from '../../agreement/message.ts'
import { seal, slotAt, testLedger } from './harness.ts'

const slot = slotAt(3)
const sealed = seal(Float32Array.of(1, 2))

/** Peer 0 of four has seen everyone's votes for the vector of peer 3, and not the vector. */
function withoutVector() {
  const broadcast = createBroadcast({
    slot,
    self: 0,
    peers: 4,
    maxFaulty: 1,
    dimension: 2,
    ledger: testLedger(),
  })
  const { digest, signature } = sealed
  const steps = [1, 2, 3].flatMap(from => [
    broadcast.receive(from, { kind: 'echo', slot, digest, signature }),
    broadcast.receive(from, { kind: 'ready', slot, digest }),
  ])
  return { broadcast, outputs: steps.flatMap(effects => effects.outputs) }
}

test('it waits a moment, then asks one holder after the other, and nobody twice', t => {
  const { broadcast, outputs } = withoutVector()
  t.deepEqual(
    outputs.map(({ kind }) => kind),
    ['timer'],
  )
  const asked: (number | string)[] = []
  for (let i = 0; i < 10; i++)
    for (const { to, message } of broadcast.input({ kind: 'timer' }).messages) {
      t.is(message.kind, 'request')
      asked.push(to)
    }
  t.deepEqual(asked, [1, 2, 3])
})

test('any of those asked may answer, however late; nobody else may', t => {
  const { broadcast } = withoutVector()
  const payload: Message = { kind: 'payload', slot, sealed }
  broadcast.input({ kind: 'timer' })
  t.deepEqual(
    broadcast.receive(2, payload).faults.map(({ kind }) => kind),
    ['unrequested-payload'],
  )
  for (let i = 0; i < 5; i++) broadcast.input({ kind: 'timer' })
  const { outputs, faults } = broadcast.receive(1, payload)
  t.deepEqual(faults, [])
  t.deepEqual(
    outputs.map(({ kind }) => kind),
    ['delivered'],
  )
  t.deepEqual(broadcast.input({ kind: 'timer' }), { messages: [], outputs: [], faults: [] })
})

test('a vector that comes twice is held once: the first copy stays', t => {
  const { broadcast } = withoutVector()
  broadcast.input({ kind: 'timer' })
  const [first, second] = [{ ...sealed }, { ...sealed }]
  broadcast.receive(1, { kind: 'payload', slot, sealed: first })
  broadcast.receive(2, { kind: 'payload', slot, sealed: second })
  broadcast.receive(0, { kind: 'vector', slot, sealed: second })
  const [answer] = broadcast.receive(3, { kind: 'request', slot, digest: sealed.digest }).messages
  t.is(answer?.message.kind === 'payload' && answer.message.sealed, first)
})

test('one life is answered so often, and then it is a fault; the next one is answered again', t => {
  const { broadcast } = withoutVector()
  broadcast.receive(3, { kind: 'vector', slot, sealed })
  const ask = (from: number) => broadcast.receive(from, { kind: 'request', slot, digest: sealed.digest })
  for (let i = 0; i < 3; i++) t.is(ask(1).messages.length, 1)
  t.like(ask(1).faults[0], { peer: 1, kind: 'excessive-requests' })
  t.is(ask(2).messages.length, 1, 'another peer has its own count')
  broadcast.input({ kind: 'restarted', peer: 1 })
  t.is(ask(1).messages.length, 1)
})

test('asking for what is not there is no cheaper: it counts, and has no answer', t => {
  const { broadcast } = withoutVector()
  const ask = () => broadcast.receive(1, { kind: 'request', slot, digest: sealed.digest })
  for (let i = 0; i < 3; i++) t.deepEqual(ask(), { messages: [], outputs: [], faults: [] })
  t.like(ask(), { messages: [], faults: [{ peer: 1, kind: 'excessive-requests' }] })
  broadcast.input({ kind: 'restarted', peer: 1 })
  t.deepEqual(ask().faults, [])
})
