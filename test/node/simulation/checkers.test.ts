/** Every checker can fail: each is given a run that it must not let pass. */
import test from 'ava'
import type { AveragingOutput } from '../../../agreement/averaging/averaging.ts'
import type { Message } from '../../../agreement/message.ts'
import { type CheckedRun, createCheckers, type RunEnd } from '../../../node/checkers/index.ts'
import { digestOf } from '../../../node/signatures/index.ts'
import { seal, slotAt } from '../../agreement/harness.ts'

const v = (...values: number[]) => Float32Array.from(values)

function checked(changes: Partial<CheckedRun['settings']> = {}, more: Partial<CheckedRun> = {}) {
  const settings = {
    protocol: 'rb-tm',
    synchrony: 'asynchronous',
    peers: 4,
    maxFaulty: 1,
    dimension: 1,
    iterations: 1,
    graceMs: 0,
    timeoutMs: 100,
    payloadMs: 250,
    unsafe: false,
    ...changes,
  } as CheckedRun['settings']
  const run: CheckedRun = {
    settings,
    honest: [0, 1, 2],
    inputs: [v(0), v(0), v(1), v(9)],
    target: null,
    guaranteed: true,
    undisturbed: true,
    ...more,
  }
  const found: string[] = []
  return { found, checkers: createCheckers(run, (checker, detail) => found.push(`${checker}: ${detail}`)) }
}

const end: RunEnd = {
  finished: true,
  settled: true,
  stuck: [],
  statuses: [],
  bytesTaken: [],
}

/** All honest peers go from their inputs to these outputs. */
function conclude(
  checkers: ReturnType<typeof checked>['checkers'],
  inputs: number[],
  outputs: number[],
  used?: number[][],
) {
  for (const [peer, x] of inputs.entries())
    checkers.output(peer, { kind: 'sealed', slot: slotAt(peer), vector: v(x), digest: digestOf(v(x)) })
  for (const [peer, x] of outputs.entries()) {
    const exchange = { step: 1, phase: 'gradient', iteration: 0 } as const
    const vector = v(x)
    checkers.output(peer, { kind: 'iterated', exchange, used: used?.[peer] ?? [0, 1, 2], vector })
    checkers.output(peer, { kind: 'agreed', vector })
  }
}

test('a run within every bound passes, and is measured', t => {
  const { found, checkers } = checked()
  conclude(checkers, [0, 0, 1], [0.25, 0.25, 0.5])
  t.deepEqual(found, [])
  const [measure] = checkers.averaging.measures()
  t.is(measure?.contraction, 0.25)
  t.is(measure?.contractionBound, 0.5)
  t.is(measure?.shared, 3)
})

test('too little contraction', t => {
  const { found, checkers } = checked()
  conclude(checkers, [0, 0, 1], [0, 0, 0.75])
  t.regex(found[0]!, /^averaging agreement: agreement: iteration 1 left 0\.75 of 1/)
})

test('a mean that moves too far', t => {
  const { found, checkers } = checked({ protocol: 'mda', peers: 7 }, { inputs: [v(0), v(0), v(1)] })
  conclude(checkers, [0, 0, 1], [50, 50, 50])
  t.regex(found[0]!, /averaging: after iteration 1 the honest mean had moved by 49\.6/)
})

test('a vector outside the honest range', t => {
  const { found, checkers } = checked()
  conclude(checkers, [0, 0, 1], [-0.1, -0.1, -0.1])
  t.regex(found.join(), /range: coordinate 0 .* is -0\.1/)
})

test('two honest peers with too little in common', t => {
  const { found, checkers } = checked()
  conclude(
    checkers,
    [0, 0, 1],
    [0.25, 0.25, 0.25],
    [
      [0, 1, 2],
      [0, 1, 3],
      [0, 1, 2],
    ],
  )
  t.regex(found[0]!, /witnesses: in iteration 1 two honest peers used only 2 vectors in common, not 3/)
})

test('too few iterations for the promise', t => {
  const { found, checkers } = checked({ protocol: 'mda', peers: 7, iterations: 1 }, { target: 1 })
  checkers.end(end)
  t.regex(found[0]!, /iterations: 1 of them leave at most 0\.8/)
})

const deliver = (sender: number, x: number): AveragingOutput => ({
  kind: 'delivered',
  slot: slotAt(sender),
  digest: digestOf(v(x)),
})

test('reliable broadcast: integrity, agreement, totality, validity', t => {
  const broken: [string, (checkers: ReturnType<typeof checked>['checkers']) => void][] = [
    ['integrity', c => [1, 1].map(x => c.output(0, deliver(3, x)))],
    ['agreement', c => [0, 1].map(peer => c.output(peer, deliver(3, peer)))],
    ['totality', c => c.output(0, deliver(3, 1))],
    ['validity', c => c.output(0, { kind: 'sealed', slot: slotAt(0), vector: v(1), digest: digestOf(v(1)) })],
  ]
  for (const [name, act] of broken) {
    const { found, checkers } = checked()
    act(checkers)
    checkers.end(end)
    t.true(found[0]?.startsWith(`reliable broadcast: ${name}`), `${name}: ${found}`)
  }
  const { found, checkers } = checked()
  for (const peer of [0, 1, 2]) checkers.output(peer, deliver(3, 1))
  checkers.restarted(1)
  checkers.output(1, deliver(3, 1))
  checkers.end(end)
  t.deepEqual(found, [], 'a peer may deliver again after a restart')
})

const say = (sender: number, x: number): Message => ({
  kind: 'vector',
  slot: slotAt(sender),
  sealed: seal(v(x)),
})

test('two vectors of an honest author in one slot; a faulty author may', t => {
  const { found, checkers } = checked()
  checkers.received(0, 3, say(3, 1))
  checkers.received(1, 3, say(3, 2))
  t.deepEqual(found, [])
  checkers.received(0, 1, say(1, 1))
  checkers.received(2, 1, say(1, 2))
  t.regex(found[0]!, /^one vector a slot: peer 1 signed/)
})

test('an honest peer accused by an honest one', t => {
  const { found, checkers } = checked()
  checkers.accused(0, 3, 'equivocation')
  checkers.accused(0, null, 'stranger')
  t.deepEqual(found, [])
  checkers.accused(0, 1, 'equivocation')
  t.is(found.length, 1)
})

test('a queue beyond its limit, and messages held back', t => {
  const { found, checkers } = checked()
  const link = {
    unacknowledged: 0,
    keptMessages: 0,
    keptBytes: 0,
    resentBytes: 0,
    withheld: 0,
    finished: false,
  }
  checkers.links(0, [null, link])
  t.deepEqual(found, [])
  checkers.links(0, [null, { ...link, keptBytes: 2 ** 40 }])
  checkers.links(0, [null, { ...link, withheld: 1 }])
  t.is(found.length, 2)
})

test('a vector that comes twice in an undisturbed world, and bytes that do not add up', t => {
  const { found, checkers } = checked()
  checkers.received(0, 1, say(1, 1))
  checkers.received(0, 1, say(1, 1))
  t.regex(found[0]!, /^traffic: peer 0 received the vector of honest peer 1 in iteration 0 2 times/)
  const status = {
    connected: [],
    convicted: [],
    links: [],
    messagesSent: 0,
    bytesSent: 10,
    bytesReceived: 0,
    arriving: [],
  }
  const other = checked()
  other.checkers.end({ ...end, statuses: [status], bytesTaken: [11] })
  t.true(other.found.some(line => /accounts for 10 bytes sent, the network took 11/.test(line)))
})

test('bytes that a peer holds already, where answers come in time', t => {
  const give = (sender: number, x: number): Message => ({ ...say(sender, x), kind: 'payload' }) as Message
  for (const prompt of [true, false]) {
    const { found, checkers } = checked({}, { prompt })
    checkers.output(0, { kind: 'sealed', slot: slotAt(0), vector: v(1), digest: digestOf(v(1)) })
    checkers.received(0, 1, give(1, 2))
    t.deepEqual(found, [])
    checkers.received(0, 2, give(2, 2))
    t.is(found.length, prompt ? 1 : 0)
  }
  const { found, checkers } = checked({}, { prompt: true })
  checkers.output(0, { kind: 'sealed', slot: slotAt(0), vector: v(1), digest: digestOf(v(1)) })
  checkers.received(0, 1, give(1, 1))
  t.regex(found.join(), /^traffic: peer 0 was given bytes by peer 1 in iteration 0 that it held already/)
})

test('a peer without an output', t => {
  const { found, checkers } = checked()
  checkers.end({ ...end, finished: false, stuck: [{ peer: 2, waitingFor: [0, 3] }] })
  t.regex(found.join(), /termination: peer 2 has no output in a good network; it waits for 0, 3/)
})
