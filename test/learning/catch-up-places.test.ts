/** Catching up: who still has a part in a step, and where RB-TM at its bound goes on. */
import test from 'ava'
import type { Seen } from '../../agreement/message.ts'
import { createCatchUp } from '../../learning/recovery/catch-up.ts'
import type { CatchUp, CatchUpReason } from '../../learning/recovery/contract.ts'
import { slotAt, testLedger } from '../agreement/harness.ts'
import { answerAll, askAll, at, D, everyone, member, optionsOf, theta } from './catch-up-support.ts'

test('who was not there in a step, or will not be, cannot help with it: then it is left', t => {
  const others = everyone([40, 41, 41, 41, 41, 41])
  const joined = (index: number, since: number) => {
    const other = createCatchUp({ ...optionsOf(index, 'mda'), since })
    other.reached(41, theta(41, index))
    others.set(index, other)
  }
  const wonder = () => askAll(at(0, 40), others, 40, 'unsure')
  joined(2, 41)
  t.deepEqual(wonder().targets, [], 'one may lie')
  joined(3, 40)
  t.deepEqual(wonder().targets, [], 'this one was there')
  joined(3, 41)
  const { found, targets } = wonder()
  t.deepEqual(targets, [41])
  t.is(found[0]?.step, 41)
})

test('a peer says since when it speaks: since it caught up, and before, without memory, not until it has', t => {
  const sinceOf = (peer: CatchUp) => {
    const { message } = peer.receive(1, {
      kind: 'query',
      slot: { step: 1, phase: 'state', iteration: 0, sender: 1 },
    }).messages[0]!
    return message.kind === 'position' ? message.since : null
  }
  const asker = at(0, 3)
  t.is(sinceOf(asker), 1)
  askAll(asker, everyone([50, 50, 51, 51, 52, 50]), 3, 'left-behind')
  t.is(sinceOf(asker), 50)
  t.is(asker.since(), 50)
  const forgetful = member(0)
  const others = everyone([50, 50, 50, 50, 50, 50])
  const seen: Seen = { slot: { ...slotAt(0), step: 50 }, digest: 'aa', signature: new Uint8Array(64) }
  others.get(3)!.saw(0, seen)
  askAll(forgetful, others, 1, 'amnesiac')
  t.true(forgetful.asking(), 'it waits for the others to come to step 52')
  t.is(sinceOf(forgetful), 52)
})

/** Peer 0 of an RB-TM cohort of four, at step 3, asks; the others say where they stand and what they hold, in this order. */
function listener(reason: CatchUpReason) {
  const asker = createCatchUp({
    protocol: 'rb-tm',
    self: 0,
    peers: 4,
    faults: 1,
    dimension: D,
    stepsEnd: 101,
    kept: 16,
    past: 16,
    since: 1,
    forgotten: 0,
    listens: true,
    history: new Map(),
    ledger: testLedger(),
  })
  asker.reached(3, theta(3, 0))
  asker.ask(3, reason)
  const hear = (from: number, step: number, oldest: number) => {
    const slot = { step, phase: 'state', iteration: 0, sender: from } as const
    const { messages, outputs } = asker.receive(from, {
      kind: 'position',
      slot,
      oldest,
      since: 1,
      seen: null,
    })
    return [...messages, ...outputs.map(({ kind, step: at }) => `${kind} ${at}`)]
  }
  return {
    asker,
    hear: (...said: [number, number][]) => said.map(([at, oldest], i) => hear(i + 1, at, oldest)),
  }
}

test('where somebody cannot come to the step, as it waits for this very peer, the next attempt is at its own', t => {
  const asker = at(0, 2)
  const others = everyone([40, 41, 41, 41, 41, 41])
  const absent = createCatchUp({ ...optionsOf(6, 'mda'), since: 50 })
  absent.reached(2, theta(2, 6))
  others.set(6, absent) // without memory, it waits for step 50
  const first = askAll(asker, others, 2, 'left-behind')
  t.deepEqual(first.targets, [41])
  t.deepEqual(first.found, [])
  t.deepEqual([...asker.waitingFor()], [1, 6])
  const again = answerAll(asker, others, asker.retry(2))
  t.deepEqual(again.targets, [40])
  t.is(again.found[0]?.step, 40)
})

test('who has restarted still gives the parameters that its log holds', t => {
  const peer = createCatchUp({ ...optionsOf(1, 'mda'), history: new Map([[40, theta(40, 1)]]) })
  peer.reached(41, theta(41, 1))
  const slot = { step: 40, phase: 'state', iteration: 0, sender: 0 } as const
  const [query] = peer.receive(0, { kind: 'query', slot }).messages
  t.like(query?.message, { kind: 'position', oldest: 40 })
  const [answer] = peer.receive(0, { kind: 'fetch', slot }).messages
  t.deepEqual(answer?.message.kind === 'vector' && answer.message.sealed.vector, theta(40, 1))
})

test('RB-TM at its bound: a peer left behind joins the last agreement that an honest peer has ended', t => {
  for (const reason of ['left-behind', 'unsure'] as const) {
    const { asker, hear } = listener(reason)
    t.deepEqual(hear([50, 34], [51, 35]), [[], ['listen 49']], reason)
    t.false(asker.asking())
  }
})

test('RB-TM at its bound: a liar that answers first delays a peer, and no more', t => {
  for (const reason of ['left-behind', 'unsure'] as const) {
    const back = listener(reason)
    t.deepEqual(back.hear([3, 1], [50, 34], [51, 35]), [[], ['found 3'], ['listen 49']], reason)
    const ahead = listener(reason)
    t.deepEqual(ahead.hear([90, 80], [50, 34], [51, 35]), [[], ['found 3'], ['listen 50']], reason)
  }
})

test('RB-TM at its bound: who is not behind stays, as does who has got on by itself', t => {
  const near = listener('unsure')
  t.deepEqual(near.hear([3, 1], [19, 3], [19, 3]), [[], ['found 3'], []], 'they still take part in step 3')
  const going = listener('unsure')
  t.deepEqual(going.hear([3, 1], [50, 34]), [[], ['found 3']])
  going.asker.reached(4, theta(4, 0))
  const late = { step: 51, phase: 'state', iteration: 0, sender: 3 } as const
  t.deepEqual(
    going.asker.receive(3, { kind: 'position', slot: late, oldest: 35, since: 1, seen: null }).outputs,
    [],
  )
})
