/** Catching up: which step is joined, with what parameters, and what lies about it can and cannot do. */
import test from 'ava'
import type { Message, Seen } from '../../../agreement/message.ts'
import { createCatchUp } from '../../../learning/recovery/catch-up.ts'
import type { CatchUp } from '../../../learning/recovery/contract.ts'
import { seal, slotAt } from '../../agreement/harness.ts'
import { askAll, at, D, everyone, member, optionsOf, theta } from '../catch-up-support.ts'

test('a peer that is left behind joins at a step that the others hold, with their parameters aggregated', t => {
  const { found, targets } = askAll(at(0, 3), everyone([50, 50, 51, 51, 52, 50]), 3, 'left-behind')
  t.deepEqual(targets, [50])
  t.is(found.length, 1)
  t.is(found[0]!.step, 50)
  t.is(found[0]!.parameters![0], 50, 'all answers are of one step')
  t.true(found[0]!.parameters![1]! >= 0.01 && found[0]!.parameters![1]! <= 0.06)
})

test('a new cohort begins at step 1, with nobody asked for parameters', t => {
  const { found, targets } = askAll(at(0, 1), everyone([1, 1, 1, 1, 1, 1]), 1, 'amnesiac')
  t.deepEqual(found, [{ kind: 'found', step: 1, parameters: null } as never])
  t.deepEqual(targets, [])
})

test('a cohort that waits for this very peer is met where it waits', t => {
  // Two have gone a step further with the help of a faulty peer; that one claims to be anywhere.
  for (const lie of [1, 9, 100]) {
    const { found } = askAll(at(0, 2), everyone([40, 40, 40, 41, 41, lie]), 2, 'left-behind')
    t.is(found[0]?.step, 40)
  }
})

test('one liar cannot draw a peer back to where others no longer can serve it', t => {
  const { found } = askAll(at(0, 2), everyone([3, 50, 50, 50, 50, 50]), 2, 'left-behind')
  t.true(found.length === 0 || found[0]!.step >= 34, 'the oldest step that five hold')
  const slow = askAll(at(0, 2), everyone([30, 50, 50, 50, 50, 50]), 2, 'left-behind')
  t.deepEqual(slow.targets, [50])
  t.is(slow.found[0]?.step, 50, 'five of six have answered: enough')
})

test('parameters come from enough peers, and a step in the future is answered when it is reached', t => {
  const asker = at(0, 2)
  const others = everyone([50, 50, 50, 50, 48, 48])
  const { found } = askAll(asker, others, 2, 'left-behind')
  t.is(found.length, 0, 'four hold step 50, five are needed')
  t.deepEqual([...asker.waitingFor()], [5, 6])
  const late = others.get(5)!
  t.is(late.reached(49, theta(49, 5)).messages.length, 0)
  const [answer] = late.reached(50, theta(50, 5)).messages
  t.is(asker.receive(5, answer!.message).outputs[0]?.step, 50)
})

test('a peer without memory speaks again only two steps after what others have seen of it', t => {
  const others = everyone([50, 50, 50, 50, 50, 50])
  const seen: Seen = { slot: { ...slotAt(0), step: 60 }, digest: 'aa', signature: new Uint8Array(64) }
  others.get(3)!.saw(0, seen)
  const { targets, found } = askAll(at(0, 1), others, 1, 'amnesiac')
  t.deepEqual(targets, [62])
  t.is(found.length, 0, 'it waits until the others come there')
  const heard = everyone([50, 50, 50, 52, 52, 50])
  heard.get(3)!.saw(0, { ...seen, slot: { ...slotAt(0), step: 20 } })
  t.deepEqual(askAll(at(0, 1), heard, 1, 'amnesiac').targets, [54], 'nor where it may have been unheard')
  const remembering = askAll(at(0, 1), others, 1, 'left-behind')
  t.deepEqual(remembering.targets, [50], 'a peer with its journal needs no such care')
})

test('a peer that knows how far it came, though not what it said, speaks behind that, whatever others have seen', t => {
  const knowing = (forgotten: number) => createCatchUp({ ...optionsOf(0, 'mda'), forgotten })
  t.deepEqual(askAll(knowing(60), everyone([50, 50, 50, 50, 50, 50]), 1, 'amnesiac').targets, [61])
  t.deepEqual(askAll(knowing(20), everyone([50, 50, 50, 50, 50, 50]), 1, 'amnesiac').targets, [50])
  const start = askAll(knowing(1), everyone([1, 1, 1, 1, 1, 1]), 1, 'amnesiac')
  t.deepEqual(
    start.targets,
    [2],
    'one that has spoken in the first step is not new, though nobody has heard it',
  )
  t.deepEqual(start.found, [])
  t.deepEqual(askAll(knowing(101), everyone([101, 101, 101, 101, 101, 101]), 1, 'amnesiac').targets, [101])
  const remembering = askAll(knowing(60), everyone([50, 50, 50, 50, 50, 50]), 1, 'left-behind')
  t.deepEqual(remembering.targets, [50], 'with a memory since, it keeps its silence by its journal')
})

test('who asks for a step long gone is told where to ask', t => {
  const peer = at(1, 50)
  const fetch = (step: number): Message => ({
    kind: 'fetch',
    slot: { step, phase: 'state', iteration: 0, sender: 0 },
  })
  const [answer] = peer.receive(0, fetch(20)).messages
  t.is(answer?.message.kind, 'position')
  t.is(peer.receive(0, fetch(40)).messages[0]?.message.kind, 'vector')
})

test('lies are faults: for another, out of range, of the wrong length, not finite', t => {
  const asker = at(0, 2)
  asker.ask(2, 'left-behind')
  const kinds = (message: Message, from = 1) => asker.receive(from, message).faults.map(({ kind }) => kind)
  const slot = (sender: number, step = 50, iteration = 0) =>
    ({ step, phase: 'state', iteration, sender }) as const
  t.deepEqual(kinds({ kind: 'position', slot: slot(2), oldest: 40, since: 1, seen: null }), ['wrong-author'])
  t.deepEqual(kinds({ kind: 'position', slot: slot(1), oldest: 51, since: 1, seen: null }), ['out-of-range'])
  t.deepEqual(kinds({ kind: 'position', slot: slot(1, 102), oldest: 1, since: 1, seen: null }), [
    'out-of-range',
  ])
  t.deepEqual(kinds({ kind: 'query', slot: slot(1, 1, 3) }), ['out-of-range'])
  const other: Seen = { slot: { ...slotAt(2), step: 60 }, digest: 'aa', signature: new Uint8Array(64) }
  t.deepEqual(kinds({ kind: 'position', slot: slot(1), oldest: 40, since: 1, seen: other }), ['out-of-range'])
  t.deepEqual(kinds({ kind: 'vector', slot: slot(1), sealed: seal(new Float32Array(D + 1)) }), [
    'wrong-dimension',
  ])
  t.deepEqual(kinds({ kind: 'vector', slot: slot(1), sealed: seal(Float32Array.of(1, NaN)) }), ['not-finite'])
  t.deepEqual(kinds({ kind: 'ready', slot: slot(1), digest: 'aa' }), ['unexpected-kind'])
})

test('a faulty answer moves the result no further than the rule lets it', t => {
  const others = everyone([50, 50, 50, 50, 50, 50])
  const liar = {
    ...others.get(6)!,
    receive: (_: number, message: Message) => {
      const slot = { step: 50, phase: 'state', iteration: 0, sender: 1 } as const
      const reply: Message =
        message.kind === 'query'
          ? { kind: 'position', slot, oldest: 34, since: 1, seen: null }
          : { kind: 'vector', slot, sealed: seal(Float32Array.of(1e6, 1e6)) }
      return { messages: [{ to: 0, message: reply }], outputs: [], faults: [] }
    },
  } as unknown as CatchUp
  const asked = new Map([...[...others].filter(([index]) => index !== 1), [1, liar] as const])
  for (const protocol of ['mda', 'cva'] as const) {
    const asker = member(0, protocol)
    const { found } = askAll(asker, asked, 2, 'left-behind')
    t.is(found[0]!.parameters![0], 50, protocol)
    t.true(found[0]!.parameters![1]! < 0.07)
  }
})

test('who asks all the time is answered so often, and then it is a fault, until this peer is a step further', t => {
  const peer = at(1, 50)
  const ask = (kind: 'query' | 'fetch', from: number) =>
    peer.receive(from, { kind, slot: { step: 40, phase: 'state', iteration: 0, sender: from } })
  for (const [kind, most] of [
    ['query', 64],
    ['fetch', 8],
  ] as const) {
    for (let i = 0; i < most; i++) t.is(ask(kind, 0).messages.length, 1)
    t.deepEqual(ask(kind, 0).messages, [])
    t.like(ask(kind, 0).faults[0], { peer: 0, kind: 'excessive-requests' })
    t.is(ask(kind, 2).messages.length, 1, 'another is still answered')
  }
  peer.reached(51, theta(51, 1))
  t.is(ask('fetch', 0).messages.length, 1)
})

test('a peer that only wonders stays where it is unless more than f have gone on, and is told again what it let pass', t => {
  const wonder = (steps: readonly number[]) => askAll(at(0, 40), everyone(steps), 40, 'unsure')
  const stays = { found: [{ kind: 'found', step: 40, parameters: null }] as never, targets: [] as number[] }
  t.deepEqual(wonder([40, 40, 41, 44, 44, 44]), stays, 'they still take part in step 40')
  t.deepEqual(wonder([40, 40, 41, 44, 44, 99]), stays, 'one may lie')
  t.deepEqual(wonder([40, 45, 45, 45, 45, 45]).targets, [45])
})

test('a peer that gets on by itself stops asking, and never goes back', t => {
  const wondering = at(0, 40)
  wondering.ask(40, 'unsure')
  t.true(wondering.suspected())
  t.like(wondering.reached(41, theta(41, 0)).outputs[0], { step: 41, parameters: null })
  t.false(wondering.asking())
  const leaving = at(0, 40)
  leaving.ask(40, 'left-behind')
  for (const [index, other] of everyone([46, 46, 46, 46, 46, 46]))
    for (const { message } of other.receive(0, {
      kind: 'query',
      slot: { ...slotAt(0), step: 40, phase: 'state' },
    }).messages)
      leaving.receive(index, message)
  for (let step = 41; step < 46; step++) t.is(leaving.reached(step, theta(step, 0)).outputs.length, 0)
  t.like(leaving.reached(46, theta(46, 0)).outputs[0], { step: 46, parameters: null })
})

test('a new life may ask as often as the one before', t => {
  const peer = at(1, 50)
  const fetch = () =>
    peer.receive(0, { kind: 'fetch', slot: { step: 40, phase: 'state', iteration: 0, sender: 0 } })
  while (fetch().faults.length === 0) t.pass()
  t.is(fetch().messages.length, 0)
  peer.restarted(0)
  t.is(fetch().messages.length, 1)
})
