/** The states of recovery: only the valid transitions occur, whatever happens to a peer and whatever others tell it. */
import test from 'ava'
import fc from 'fast-check'
import type { TimerKey } from '../../../agreement/averaging/averaging.ts'
import type { Message } from '../../../agreement/message.ts'
import type { LinkSignal } from '../../../agreement/protocol.ts'
import type { Recovery } from '../../../learning/recovery/contract.ts'
import { createRecovery } from '../../../learning/recovery/recovery.ts'
import {
  follow,
  type Memory,
  openQuestion,
  type Question,
  type RecoveryState,
  type StateName,
  transitions,
} from '../../../learning/recovery/state.ts'
import { seal } from '../../agreement/harness.ts'
import { D, optionsOf, position, type RecoveryEffects, stateSlot, theta, timersIn } from './support.ts'

const STEPS_END = 12
const question: Question = {
  step: 3,
  memory: 'whole',
  isBehind: true,
  positions: new Map(),
  settled: false,
}
const states: Readonly<Record<StateName, RecoveryState>> = {
  joined: { name: 'joined' },
  suspecting: { name: 'suspecting', question: null },
  locating: { name: 'locating', question },
  fetching: { name: 'fetching', question, target: 5, choices: 1, answers: new Map() },
  listening: { name: 'listening', step: 4 },
}

test('a transition throws exactly where the table does not name it', t => {
  for (const from of Object.values(states))
    for (const to of Object.values(states))
      if (transitions[from.name].includes(to.name)) t.is(follow(from, to), to)
      else t.throws(() => follow(from, to), { message: `recovery cannot go from ${from.name} to ${to.name}` })
})

test('no peer fetches or listens without a question, and a peer that takes part does not begin to do so again', t => {
  const into = (to: StateName) => Object.values(states).filter(({ name }) => transitions[name].includes(to))
  t.deepEqual(
    into('fetching').map(({ name }) => name),
    ['suspecting', 'locating', 'fetching'],
  )
  t.deepEqual(
    into('listening').map(({ name }) => name),
    ['suspecting', 'locating'],
  )
  t.false(transitions.joined.includes('joined'))
})

test('a question is open until it is answered or settled', t => {
  t.is(openQuestion(states.joined), null)
  t.is(openQuestion(states.suspecting), null)
  t.is(openQuestion(states.fetching), question)
  t.is(openQuestion({ name: 'suspecting', question: { ...question, settled: true } }), null)
})

type Event =
  | { readonly kind: 'signal'; readonly signal: LinkSignal }
  | { readonly kind: 'message'; readonly from: number; readonly message: Message }
  /** A wait runs out: the one that was asked for this many waits before the last. */
  | { readonly kind: 'timer'; readonly back: number; readonly isWaiting: boolean }
  /** The peer's step ends, if it takes part. */
  | { readonly kind: 'reached' }

const other = fc.integer({ min: 1, max: 6 })
const step = fc.integer({ min: -1, max: STEPS_END + 2 })
const vector = fc.array(
  fc.oneof({ weight: 20, arbitrary: fc.integer({ min: -9, max: 9 }) }, fc.constant(NaN)),
  {
    minLength: D,
    maxLength: D,
  },
)
const near = fc.integer({ min: 7, max: 9 })
const spoken = fc.oneof(
  fc
    .record({ from: other, step, oldest: step, completeFrom: step, seen: fc.option(step, { nil: null }) })
    .map(({ from, step: at, oldest, completeFrom, seen }): Event => {
      const proof =
        seen === null ? null : { slot: stateSlot(0, seen), digest: 'aa', signature: Uint8Array.of(1) }
      const slot = stateSlot(from, at)
      return { kind: 'message', from, message: { kind: 'position', slot, oldest, completeFrom, seen: proof } }
    }),
  // What honest peers near the end would answer: all hold the same steps.
  {
    weight: 5,
    arbitrary: fc
      .record({ from: other, step: near })
      .map(({ from, step: at }): Event => ({ kind: 'message', from, message: position(from, at, 3) })),
  },
  fc
    .record({ from: other, step: fc.oneof(near, step), vector })
    .map(({ from, step: at, vector: values }): Event => {
      const sealed = seal(Float32Array.from(values))
      return { kind: 'message', from, message: { kind: 'vector', slot: stateSlot(from, at), sealed } }
    }),
  fc.record({ from: other, step, kind: fc.constantFrom('query' as const, 'fetch' as const) }).map(
    ({ from, step: at, kind }): Event => ({
      kind: 'message',
      from,
      message: { kind, slot: stateSlot(from, at) },
    }),
  ),
  fc.record({ from: other, sender: other, step }).map(({ from, sender, step: at }): Event => {
    return { kind: 'message', from, message: { kind: 'ready', slot: stateSlot(sender, at), digest: 'aa' } }
  }),
)
const memory = fc.constantFrom<Memory>('whole', 'unconfirmed', 'lost')
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 6, arbitrary: spoken },
  fc
    .record({ kind: fc.constantFrom('missed' as const, 'restarted' as const), peer: other })
    .map((signal): Event => ({ kind: 'signal', signal })),
  fc
    .record({ kind: fc.constant('ahead' as const), peer: other, ahead: fc.boolean() })
    .map((signal): Event => ({ kind: 'signal', signal })),
  fc.record({ kind: fc.constant('timer' as const), back: fc.nat(2), isWaiting: fc.boolean() }),
  fc.constant({ kind: 'reached' as const }),
)

/** A peer whose step ends now and then, and that goes where recovery sends it. */
function hosted(recovery: Recovery) {
  const host = { step: 1, listening: false, begun: false, seen: [] as StateName[] }
  const timers: TimerKey[] = []
  const carry = (effects: RecoveryEffects): RecoveryEffects => {
    timers.push(...timersIn(effects))
    host.seen.push(recovery.state())
    for (const output of effects.outputs)
      if (output.kind === 'begin') {
        if (output.step < host.step) throw new Error(`it went back from ${host.step} to ${output.step}`)
        host.step = output.step
        host.begun = true
        carry(recovery.reached(host.step, theta(host.step, 0)))
      } else if (output.kind === 'listen') {
        if (output.step < host.step) throw new Error(`it went back from ${host.step} to ${output.step}`)
        host.step = output.step
      }
    return effects
  }
  const happen = (what: Event): RecoveryEffects | null => {
    switch (what.kind) {
      case 'signal':
        return carry(recovery.signal(what.signal))
      case 'message':
        return carry(recovery.receive(what.from, what.message))
      case 'timer': {
        const timer = timers.at(-1 - what.back)
        return timer === undefined ? null : carry(recovery.timeout(timer, what.isWaiting))
      }
      case 'reached':
        if (!host.begun || host.step >= STEPS_END) return null
        host.step++
        return carry(recovery.reached(host.step, theta(host.step, 0)))
    }
  }
  return { host, timers, carry, happen }
}

const cohorts = [
  { protocol: 'mda', peers: 7, maxFaulty: 1, past: 4 },
  { protocol: 'rb-tm', peers: 4, maxFaulty: 1, past: 2 },
  { protocol: 'rb-tm', peers: 7, maxFaulty: 2, past: 2 },
] as const

for (const cohort of cohorts)
  test(`${cohort.protocol} among ${cohort.peers}: only the table’s transitions occur, and a peer that is away asks again`, t => {
    const reachedStates = new Set<StateName>()
    fc.assert(
      fc.property(memory, fc.array(event, { maxLength: 80, size: 'max' }), (known, events) => {
        const recovery = createRecovery(optionsOf(0, { ...cohort, stepsEnd: STEPS_END }))
        const { host, timers, carry, happen } = hosted(recovery)
        carry(recovery.start(known))
        for (const each of events) {
          const effects = happen(each)
          if (effects === null) continue
          t.true(effects.messages.length <= cohort.peers + 2, 'it sends few messages')
          for (const fault of effects.faults) t.is(fault.peer, each.kind === 'message' ? each.from : -1)
          t.is(recovery.isAway(), ['locating', 'fetching'].includes(recovery.state()))
          t.false(recovery.waitingFor().includes(0))
        }
        for (const name of host.seen) reachedStates.add(name)
        // Nothing more happens: it asks again, at intervals that double.
        let before = 0
        for (let i = 0; recovery.isAway() && i < 5; i++) {
          const asked = timers.splice(0).map(timer => carry(recovery.timeout(timer, false)))
          const queries = asked
            .flatMap(({ messages }) => messages)
            .filter(({ message }) => message.kind === 'query')
          t.is(queries.length, 1, 'one wait is under way')
          const { times } = timers.at(-1)!
          t.true(i === 0 || times === 2 * before)
          before = times!
        }
      }),
      { numRuns: 2000 },
    )
    const possible = Object.keys(transitions).filter(
      name => name !== 'listening' || cohort.protocol === 'rb-tm',
    )
    for (const name of possible) {
      const isLeft = name === 'fetching' && cohort.protocol === 'rb-tm'
      if (!isLeft) t.true(reachedStates.has(name as StateName), `never ${name}`)
    }
  })

/** Liars claim that they can no longer serve a peer, that they are ahead, and that they are at any step. */
for (const cohort of cohorts)
  test(`${cohort.protocol} among ${cohort.peers}: a peer that f liars deceive never leaves its step`, t => {
    const { peers, maxFaulty, past } = cohort
    const isLiar = (peer: number) => peer <= maxFaulty
    const lies = event.filter(each => {
      if (each.kind === 'signal') return isLiar(each.signal.peer) || each.signal.kind === 'ahead'
      return each.kind === 'message' ? isLiar(each.from) : each.kind === 'timer'
    })
    const honest = fc
      .record({
        from: fc.integer({ min: maxFaulty + 1, max: peers - 1 }),
        ahead: fc.integer({ min: -2, max: past }),
      })
      .map(({ from, ahead }): Event => ({ kind: 'message', from, message: position(from, 4 + ahead, 1) }))
    let asked = 0
    fc.assert(
      fc.property(fc.array(fc.oneof(lies, honest), { maxLength: 80, size: 'max' }), events => {
        const recovery = createRecovery(optionsOf(0, { ...cohort, step: 4, stepsEnd: STEPS_END }))
        const { happen } = hosted(recovery)
        for (const each of events) {
          const effects = happen(each)
          for (const { kind } of effects?.outputs ?? [])
            t.true(kind === 'timer' || kind === 'caught-up', kind)
          t.true(['joined', 'suspecting'].includes(recovery.state()))
          if (effects?.messages.some(({ message }) => message.kind === 'query')) asked++
        }
      }),
      { numRuns: 2000 },
    )
    t.true(asked > 100, `it was made to ask ${asked} times`)
  })
