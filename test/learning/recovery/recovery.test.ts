/** Recovery: which step a peer joins, with which parameters, and what lies about it can and cannot do. */
import test from 'ava'
import type { Message, Seen, Slot } from '../../../agreement/message.ts'
import type { Recovery, RecoveryOptions } from '../../../learning/recovery/contract.ts'
import { createRecovery } from '../../../learning/recovery/recovery.ts'
import { seal, slotAt } from '../../agreement/harness.ts'
import {
  answerAll,
  askAll,
  at,
  D,
  everyone,
  makeAsk,
  optionsOf,
  position,
  stateSlot,
  theta,
} from './support.ts'

test('a peer that was left behind joins a step that the others hold, with the aggregate of their parameters', t => {
  const asker = at(0, 3)
  const { begun, targets } = askAll(asker, everyone([50, 50, 51, 51, 52, 50]), 'left-behind')
  t.deepEqual(targets, [50])
  t.is(begun.length, 1)
  t.is(begun[0]!.step, 50)
  t.is(begun[0]!.parameters![0], 50, 'all answers belong to one step')
  t.true(begun[0]!.parameters![1]! >= 0.01 && begun[0]!.parameters![1]! <= 0.06)
  t.is(asker.state(), 'joined')
})

test('a new cohort begins at step 1 and asks nobody for parameters', t => {
  const { begun, targets, hasFound } = askAll(at(0, 0), everyone([1, 1, 1, 1, 1, 1]), 'memory-lost')
  t.deepEqual(begun, [{ kind: 'begin', step: 1, parameters: null }])
  t.deepEqual(targets, [])
  t.true(hasFound, 'its links are told')
})

test('a peer begins at once if it remembers, or needs nobody’s answer', t => {
  const begin = { kind: 'begin', step: 1, parameters: null } as const
  t.deepEqual(at(0, 0).start('whole'), { messages: [], outputs: [begin], faults: [] })
  t.deepEqual(at(0, 0, { peers: 1, maxFaulty: 0 }).start('lost').outputs, [begin])
  t.deepEqual(at(0, 0, { peers: 2, maxFaulty: 1 }).start('lost').outputs, [begin])
})

/** What another shows of peer 0. */
const seenAt = (step: number, phase: 'gradient' | 'parameters' = 'gradient'): Seen => ({
  slot: { step, phase, iteration: 0, sender: 0 },
  digest: 'aa',
  signature: new Uint8Array(64),
})

/** Peer 0 starts at step 25: its storage holds what it signed since step 9, up to its gradient of step 25. */
function restored(changes: Partial<RecoveryOptions> = {}): Recovery {
  const history = new Map([[25, theta(25, 0)]])
  const remembers = ({ step, phase }: Slot) => step < 25 || (step === 25 && phase === 'gradient')
  return createRecovery(optionsOf(0, { step: 25, completeFrom: 9, history, remembers, ...changes }))
}

const startOf = (asker: Recovery, others: ReadonlyMap<number, Recovery>) =>
  answerAll(asker, others, asker.start('unconfirmed'))

test('a peer that starts with a memory asks first, and begins where it stands once n - f - 1 have seen no more of it', t => {
  const others = everyone([25, 25, 26, 25, 26])
  others.get(1)!.saw(0, seenAt(25))
  others.get(2)!.saw(0, seenAt(3))
  const asker = restored()
  const { begun, targets, hasFound } = startOf(asker, others)
  t.deepEqual([begun, targets, hasFound], [[{ kind: 'begin', step: 25, parameters: null }], [], true])
  t.is(asker.state(), 'joined')
  const few = restored()
  const unheard = startOf(few, everyone([25, 25, 26, 25]))
  t.deepEqual([unheard.begun, few.state()], [[], 'locating'], 'four of six are one too few')
  t.deepEqual(few.receive(5, position(5, 25)).outputs.at(-1), { kind: 'begin', step: 25, parameters: null })
})

test('one that shows a vector which it signed and does not know of is believed: it goes the way of a lost memory', t => {
  for (const [seen, target] of [
    [seenAt(40), 42],
    [seenAt(25, 'parameters'), 28],
  ] as const) {
    const others = everyone([26, 26, 26, 26, 26, 26])
    others.get(3)!.saw(0, seen)
    const asker = restored()
    const { begun, targets, outputs } = startOf(asker, others)
    t.deepEqual(
      outputs.find(({ kind }) => kind === 'outdated'),
      { kind: 'outdated', slot: seen.slot, by: 3, completeFrom: seen.slot.step + 2 },
    )
    t.deepEqual([begun, targets], [[], [target]])
  }
})

test('the proof is heeded however late it comes, and whatever the peer does meanwhile', t => {
  const asker = restored()
  startOf(asker, everyone([25, 25, 25, 25, 25]))
  t.deepEqual(asker.receive(6, { ...position(6, 40), seen: seenAt(24) } as Message).outputs, [])
  const { outputs, messages } = asker.receive(6, { ...position(6, 40), seen: seenAt(40) } as Message)
  t.like(outputs[0], { kind: 'outdated', by: 6, completeFrom: 42 })
  t.deepEqual(
    messages.map(({ message }) => message.kind),
    ['query'],
  )
  t.is(asker.state(), 'locating')
  t.deepEqual(asker.reached(26, theta(26, 0)).outputs, [])
  t.is(asker.state(), 'locating', 'a step that ends does not make it speak again')
})

test('at the end there is nothing more to sign; a peer that is far behind goes on from its log, while it can be served', t => {
  const atEnd = restored({ step: 101 })
  t.deepEqual(atEnd.start('unconfirmed').outputs, [{ kind: 'begin', step: 101, parameters: null }])
  const others = everyone([60, 60, 60, 60, 60, 60])
  const begin = { kind: 'begin', step: 25, parameters: null } as const
  t.deepEqual(startOf(restored(), others).begun, [begin])
  const missed = restored()
  const asked = missed.start('unconfirmed')
  for (const peer of [1, 2]) missed.signal({ kind: 'missed', peer })
  t.deepEqual(answerAll(missed, others, asked).targets, [60], 'more than f cannot serve it')
})

test('of what another signed the newest is kept, whatever comes after it', t => {
  const other = at(1, 30)
  for (const seen of [seenAt(25, 'parameters'), seenAt(25), seenAt(24, 'parameters')]) other.saw(0, seen)
  const [answer] = other.receive(0, { kind: 'query', slot: stateSlot(0, 25) }).messages
  t.like(answer?.message, { kind: 'position', seen: { slot: seenAt(25, 'parameters').slot } })
})

test('a cohort that waits for this very peer is met where it waits', t => {
  // Two have gone a step further with the help of a faulty peer, which claims to be anywhere.
  for (const lie of [1, 9, 100]) {
    const { begun } = askAll(at(0, 2), everyone([40, 40, 40, 41, 41, lie]), 'left-behind')
    t.is(begun[0]?.step, 40)
  }
})

test('a peer stays in the step in which it has spoken if the others are no further, and is sent that step again', t => {
  const asker = at(0, 40)
  const stays = { begun: [], targets: [], hasFound: true }
  t.like(askAll(asker, everyone([40, 40, 41, 41, 38, 39]), 'left-behind'), stays)
  t.is(asker.state(), 'joined')
})

test('one liar cannot draw a peer back to a step in which others can no longer serve it', t => {
  const { begun } = askAll(at(0, 2), everyone([3, 50, 50, 50, 50, 50]), 'left-behind')
  t.true(begun.length === 0 || begun[0]!.step >= 34, 'the oldest step that five hold')
  const slow = askAll(at(0, 2), everyone([30, 50, 50, 50, 50, 50]), 'left-behind')
  t.deepEqual(slow.targets, [50])
  t.is(slow.begun[0]?.step, 50, 'five of six have answered: enough')
})

test('parameters come from enough peers, and a step in the future is answered when it is reached', t => {
  const asker = at(0, 2)
  const others = everyone([50, 50, 50, 50, 48, 48])
  const { begun } = askAll(asker, others, 'left-behind')
  t.is(begun.length, 0, 'four hold step 50, five are needed')
  t.is(asker.state(), 'fetching')
  t.deepEqual([...asker.waitingFor()], [5, 6])
  const late = others.get(5)!
  t.is(late.reached(49, theta(49, 5)).messages.length, 0)
  const [answer] = late.reached(50, theta(50, 5)).messages
  t.like(asker.receive(5, answer!.message).outputs.at(-1), { kind: 'begin', step: 50 })
})

test('a peer without memory speaks again only two steps after what others have seen of it', t => {
  const others = everyone([50, 50, 50, 50, 50, 50])
  const seen: Seen = { slot: { ...slotAt(0), step: 60 }, digest: 'aa', signature: new Uint8Array(64) }
  others.get(3)!.saw(0, seen)
  const { targets, begun } = askAll(at(0, 1), others, 'memory-lost')
  t.deepEqual(targets, [62])
  t.is(begun.length, 0, 'it waits until the others get there')
  const heard = everyone([50, 50, 50, 52, 52, 50])
  heard.get(3)!.saw(0, { ...seen, slot: { ...slotAt(0), step: 20 } })
  t.deepEqual(
    askAll(at(0, 1), heard, 'memory-lost').targets,
    [54],
    'nor in a step in which it may have spoken unheard',
  )
  const remembering = askAll(at(0, 1), others, 'left-behind')
  t.deepEqual(remembering.targets, [50], 'a peer with its journal needs no such care')
})

test('a peer that knows how far it came, but not what it said, speaks only beyond that, whatever others saw', t => {
  const knowing = (completeFrom: number) => createRecovery(optionsOf(0, { completeFrom }))
  t.deepEqual(askAll(knowing(61), everyone([50, 50, 50, 50, 50, 50]), 'memory-lost').targets, [61])
  t.deepEqual(askAll(knowing(21), everyone([50, 50, 50, 50, 50, 50]), 'memory-lost').targets, [50])
  const start = askAll(knowing(2), everyone([1, 1, 1, 1, 1, 1]), 'memory-lost')
  t.deepEqual(
    start.targets,
    [2],
    'a peer that has spoken in the first step is not new, even if nobody has heard it',
  )
  t.deepEqual(start.begun, [])
  t.deepEqual(askAll(knowing(101), everyone([101, 101, 101, 101, 101, 101]), 'memory-lost').targets, [101])
  const remembering = askAll(knowing(61), everyone([50, 50, 50, 50, 50, 50]), 'left-behind')
  t.deepEqual(remembering.targets, [50], 'it has a memory since then, and its journal keeps it silent')
})

test('a peer that asks for a step long past is told which step to ask for', t => {
  const peer = at(1, 50)
  const [answer] = peer.receive(0, { kind: 'fetch', slot: stateSlot(0, 20) }).messages
  t.is(answer?.message.kind, 'position')
  t.is(peer.receive(0, { kind: 'fetch', slot: stateSlot(0, 40) }).messages[0]?.message.kind, 'vector')
})

test('lies are faults: in another’s name, out of range, of the wrong length, not finite', t => {
  const asker = at(0, 2)
  makeAsk(asker, 'left-behind')
  const kinds = (message: Message, from = 1) => asker.receive(from, message).faults.map(({ kind }) => kind)
  t.deepEqual(kinds(position(2, 50)), ['wrong-author'])
  t.deepEqual(kinds(position(1, 50, 51)), ['out-of-range'])
  t.deepEqual(kinds(position(1, 102, 1)), ['out-of-range'])
  t.deepEqual(kinds(position(1, 50, 40, 0)), ['out-of-range'])
  t.deepEqual(kinds({ kind: 'query', slot: stateSlot(1, 1, 3) }), ['out-of-range'])
  const seen: Seen = { slot: { ...slotAt(2), step: 60 }, digest: 'aa', signature: new Uint8Array(64) }
  t.deepEqual(kinds({ kind: 'position', slot: stateSlot(1, 50), oldest: 40, completeFrom: 1, seen }), [
    'out-of-range',
  ])
  const vector = (values: Float32Array): Message => ({
    kind: 'vector',
    slot: stateSlot(1, 50),
    sealed: seal(values),
  })
  t.deepEqual(kinds(vector(new Float32Array(D + 1))), ['wrong-dimension'])
  t.deepEqual(kinds(vector(Float32Array.of(1, NaN))), ['not-finite'])
  t.deepEqual(kinds({ kind: 'ready', slot: stateSlot(1, 50), digest: 'aa' }), ['unexpected-kind'])
})

test('a faulty answer moves the result no further than the rule lets it', t => {
  const others = everyone([50, 50, 50, 50, 50, 50])
  const liar = {
    ...others.get(6)!,
    receive: (_: number, message: Message) => {
      const sealed = seal(Float32Array.of(1e6, 1e6))
      const lie: Message = { kind: 'vector', slot: stateSlot(1, 50), sealed }
      const reply = message.kind === 'query' ? position(1, 50, 34) : lie
      return { messages: [{ to: 0, message: reply }], outputs: [], faults: [] }
    },
  } satisfies Recovery
  const asked = new Map([...[...others].filter(([index]) => index !== 1), [1, liar] as const])
  for (const protocol of ['mda', 'cva'] as const) {
    const { begun } = askAll(at(0, 0, { protocol }), asked, 'left-behind')
    t.is(begun[0]!.parameters![0], 50, protocol)
    t.true(begun[0]!.parameters![1]! < 0.07)
  }
})

test('answers to one peer are limited; more questions are faults until this peer reaches the next step', t => {
  const peer = at(1, 50)
  const ask = (kind: 'query' | 'fetch', from: number) =>
    peer.receive(from, { kind, slot: stateSlot(from, 40) })
  for (const [kind, most] of [
    ['query', 64],
    ['fetch', 8],
  ] as const) {
    for (let i = 0; i < most; i++) t.is(ask(kind, 0).messages.length, 1)
    t.deepEqual(ask(kind, 0).messages, [])
    t.like(ask(kind, 0).faults[0], { peer: 0, kind: 'excessive-requests' })
    t.is(ask(kind, 2).messages.length, 1, 'another peer still gets an answer')
  }
  peer.reached(51, theta(51, 1))
  t.is(ask('fetch', 0).messages.length, 1)
})

test('a new incarnation may ask as often as the one before', t => {
  const peer = at(1, 50)
  const fetch = () => peer.receive(0, { kind: 'fetch', slot: stateSlot(0, 40) })
  while (fetch().faults.length === 0) t.pass()
  t.is(fetch().messages.length, 0)
  peer.signal({ kind: 'restarted', peer: 0 })
  t.is(fetch().messages.length, 1)
})

test('a peer that only suspects stays unless more than f have gone on, and hears again what it misses', t => {
  const suspect = (steps: readonly number[]) => askAll(at(0, 40), everyone(steps), 'suspicion')
  const stays = { begun: [], targets: [], hasFound: true }
  t.like(suspect([40, 40, 41, 44, 44, 44]), stays, 'they still take part in step 40')
  t.like(suspect([40, 40, 41, 44, 44, 99]), stays, 'one may lie')
  t.deepEqual(suspect([40, 45, 45, 45, 45, 45]).targets, [45])
})

test('a peer that gets on by itself stops asking, and never goes back', t => {
  const suspecting = at(0, 40)
  makeAsk(suspecting, 'suspicion')
  t.is(suspecting.state(), 'suspecting')
  t.not(suspecting.waitingFor().length, 0)
  t.false(suspecting.isAway(), 'it takes part all the while')
  t.deepEqual(suspecting.reached(41, theta(41, 0)).outputs, [])
  t.is(suspecting.state(), 'joined')
  const locating = at(0, 40)
  makeAsk(locating, 'left-behind')
  t.is(locating.state(), 'locating')
  t.deepEqual(locating.reached(41, theta(41, 0)).outputs, [])
  t.is(locating.state(), 'joined')
  const leaving = at(0, 40)
  makeAsk(leaving, 'left-behind')
  for (const index of everyone([46, 46, 46, 46, 46, 46]).keys()) leaving.receive(index, position(index, 46))
  for (let step = 41; step < 46; step++) t.deepEqual(leaving.reached(step, theta(step, 0)).outputs, [])
  t.is(leaving.state(), 'fetching')
  t.deepEqual(leaving.reached(46, theta(46, 0)).outputs, [])
  t.is(leaving.state(), 'joined')
})
