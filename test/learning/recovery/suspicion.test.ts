/** When a peer asks whether the others have gone on without it, and how long it waits before it asks again. */
import test from 'ava'
import { createRecovery } from '../../../learning/recovery/recovery.ts'
import { createSuspicion } from '../../../learning/recovery/suspicion.ts'
import { seal } from '../../agreement/harness.ts'
import { optionsOf, position, type RecoveryEffects, stateSlot, theta, timersIn } from './support.ts'

/** The shortest wait in these tests. */
const WAIT_MS = 1000
const LONG_MS = 1_000_000

/** A peer at step 5 whose waits run out; the others answer that they are at that step too, or not at all. */
function watched({ faults: maxFaulty = 1, answered = false } = {}) {
  const recovery = createRecovery(optionsOf(0, { peers: 6 * maxFaulty + 1, maxFaulty, step: 5 }))
  const peer = { waits: true }
  const asked: number[] = []
  const pending: { dueMs: number; timer: ReturnType<typeof timersIn>[number] }[] = []
  let nowMs = 0
  const carry = (effects: RecoveryEffects): void => {
    for (const timer of timersIn(effects)) pending.push({ dueMs: nowMs + WAIT_MS * timer.times!, timer })
    for (const { message } of effects.messages) {
      if (message.kind !== 'query') continue
      asked.push(nowMs)
      if (!answered) continue
      for (let other = 1; other <= 6 * maxFaulty; other++)
        carry(recovery.receive(other, position(other, message.slot.step)))
    }
  }
  const pass = (ms: number) => {
    const untilMs = nowMs + ms
    for (;;) {
      const next = pending.toSorted((a, b) => a.dueMs - b.dueMs)[0]
      if (next === undefined || next.dueMs > untilMs) break
      pending.splice(pending.indexOf(next), 1)
      nowMs = next.dueMs
      carry(recovery.timeout(next.timer, peer.waits))
    }
    nowMs = untilMs
  }
  return {
    recovery,
    peer,
    asked,
    pass,
    missed: (other: number) => carry(recovery.signal({ kind: 'missed', peer: other })),
    ahead: (other: number, is = true) => carry(recovery.signal({ kind: 'ahead', peer: other, ahead: is })),
    restarted: (other: number) => carry(recovery.signal({ kind: 'restarted', peer: other })),
    reached: (step: number) => carry(recovery.reached(step, theta(step, 0))),
    start: () => carry(recovery.start('lost')),
  }
}

test('one peer that cannot serve this one is a reason to ask; of peers that are ahead it takes more than f', t => {
  const { asked, ahead, pass, recovery } = watched({ faults: 2 })
  ahead(1)
  ahead(2)
  ahead(2)
  t.is(recovery.state(), 'joined')
  pass(10 * WAIT_MS)
  t.deepEqual(asked, [])
  ahead(3)
  t.is(recovery.state(), 'suspecting')
  pass(WAIT_MS)
  t.is(asked.length, 1)
  const one = watched({ faults: 2 })
  one.missed(1)
  t.deepEqual(one.recovery.waitingFor(), [], 'it only waits')
  one.pass(WAIT_MS)
  t.is(one.asked.length, 1)
  t.not(one.recovery.waitingFor().length, 0)
})

test('if more than f cannot serve a peer, one of them is honest: it asks at once, and once a step', t => {
  const { asked, missed, recovery, reached, pass } = watched({ faults: 2, answered: false })
  for (const other of [1, 2]) missed(other)
  t.deepEqual(asked, [])
  missed(3)
  t.deepEqual(asked, [0])
  t.is(recovery.state(), 'locating')
  for (const other of [1, 2, 3, 4, 5]) missed(other)
  t.deepEqual(asked, [0])
  reached(6)
  pass(LONG_MS)
  t.deepEqual(asked, [0], 'it got on by itself')
})

test('a peer asks nobody if its step ends in time, or while it still computes', t => {
  const { peer, asked, missed, reached, pass, recovery } = watched()
  missed(1)
  pass(WAIT_MS - 1)
  reached(6)
  t.is(recovery.state(), 'joined')
  pass(10 * WAIT_MS)
  t.deepEqual(asked, [])
  peer.waits = false
  missed(1)
  pass(10 * WAIT_MS)
  t.deepEqual(asked, [])
  peer.waits = true
  pass(WAIT_MS)
  t.is(asked.length, 1)
})

test('a sign in a later step starts a wait of its own', t => {
  const { asked, missed, reached, pass } = watched()
  missed(1)
  pass(WAIT_MS - 1)
  reached(6)
  missed(1)
  pass(WAIT_MS - 1)
  t.deepEqual(asked, [])
  pass(1)
  t.is(asked.length, 1)
})

test('a peer counts as ahead until it says otherwise, and in the next step too', t => {
  const gone = watched()
  for (const other of [1, 2]) gone.ahead(other)
  gone.ahead(1, false)
  gone.pass(LONG_MS)
  t.deepEqual(gone.asked, [])
  t.is(gone.recovery.state(), 'joined')
  const still = watched()
  for (const other of [1, 2]) still.ahead(other)
  still.reached(6)
  t.is(still.recovery.state(), 'suspecting')
  still.pass(WAIT_MS)
  t.is(still.asked.length, 1)
})

test('a peer that is told to stay asks half as often each time, but soon after another peer gives a sign', t => {
  const { asked, missed, pass } = watched({ answered: true })
  for (let i = 0; i < 4; i++) {
    missed(1)
    pass(2 ** i * WAIT_MS)
    t.is(asked.length, i + 1)
  }
  missed(1)
  pass(WAIT_MS)
  missed(2)
  t.is(asked.length, 5, 'one of the two is honest: it asks at once')
  const soon = watched({ answered: true })
  for (let i = 0; i < 3; i++) {
    soon.missed(1)
    soon.pass(2 ** i * WAIT_MS)
  }
  soon.missed(2)
  soon.pass(WAIT_MS)
  t.is(soon.asked.length, 4, 'although its wait was much longer')
  soon.restarted(1)
  soon.missed(1)
  soon.pass(WAIT_MS)
  t.is(soon.asked.length, 5, 'another incarnation counts as another peer')
  const stays = watched({ answered: true })
  stays.missed(1)
  stays.pass(LONG_MS)
  t.is(stays.asked.length, 1, 'one sign, and it stays')
})

test('a peer whose question came to nothing asks again, half as often each time', t => {
  const begins = {
    suspecting: (of: ReturnType<typeof watched>) => {
      of.missed(1)
      of.pass(WAIT_MS)
    },
    'left behind': (of: ReturnType<typeof watched>) => {
      for (const other of [1, 2]) of.missed(other)
      of.pass(WAIT_MS)
    },
    'memory lost': (of: ReturnType<typeof watched>) => {
      of.start()
      of.pass(WAIT_MS)
    },
  }
  for (const [name, begin] of Object.entries(begins)) {
    const each = watched()
    begin(each)
    each.pass(30 * WAIT_MS)
    const last = each.asked.slice(-5)
    t.deepEqual(
      last.slice(1).map((ms, i) => ms - last[i]!),
      [2, 4, 8, 16].map(times => times * WAIT_MS),
      name,
    )
  }
})

test('a peer that has found its place, or is told to stay, asks no more', t => {
  const suspecting = watched()
  suspecting.missed(1)
  suspecting.pass(WAIT_MS)
  for (let other = 1; other <= 5; other++) suspecting.recovery.receive(other, position(other, 5))
  suspecting.pass(LONG_MS)
  t.is(suspecting.asked.length, 1)
  const lost = watched()
  lost.start()
  for (let other = 1; other <= 5; other++) lost.recovery.receive(other, position(other, 60))
  t.is(lost.recovery.state(), 'fetching')
  lost.pass(3 * WAIT_MS)
  t.is(lost.asked.length, 3, 'nobody has given it parameters')
  for (let other = 1; other <= 5; other++) lost.recovery.receive(other, position(other, 60))
  for (let other = 1; other <= 5; other++) {
    const sealed = seal(theta(60, other))
    lost.recovery.receive(other, { kind: 'vector', slot: stateSlot(other, 60), sealed })
  }
  t.is(lost.recovery.state(), 'joined')
  lost.reached(60)
  lost.pass(LONG_MS)
  t.is(lost.asked.length, 3)
})

test('a peer that reaches another step by itself while it fetches parameters asks anew whether it has to go', t => {
  const { recovery, missed, reached, pass, asked } = watched()
  for (const other of [1, 2]) missed(other)
  for (const other of [1, 2, 3, 4, 5]) recovery.receive(other, position(other, 60))
  for (const other of [3, 4]) missed(other)
  reached(6)
  missed(5)
  t.is(recovery.state(), 'fetching')
  pass(WAIT_MS)
  t.is(asked.length, 2)
  t.is(recovery.state(), 'suspecting')
})

test('a finished peer needs nothing more, and suspects nobody', t => {
  const { recovery, missed, ahead, reached, pass, asked } = watched()
  ahead(3)
  reached(101)
  for (const other of [1, 2, 3]) missed(other)
  for (const other of [1, 2, 3]) ahead(other)
  pass(LONG_MS)
  t.deepEqual(asked, [])
  t.is(recovery.state(), 'joined')
})

test('a wait that was replaced is ignored when it runs out, and waits have a longest length', t => {
  const suspicion = createSuspicion(1)
  suspicion.missed(1)
  suspicion.lengthen()
  const long = suspicion.wait()!
  t.is(long.times, 2)
  t.is(suspicion.wait(), null, 'one is under way')
  suspicion.missed(2)
  const short = suspicion.wait()!
  t.is(short.times, 1)
  t.false(suspicion.isOver(long.number))
  t.true(suspicion.isOver(short.number))
  t.false(suspicion.isOver(short.number), 'it is over once')
  for (let i = 0; i < 100; i++) suspicion.lengthen()
  t.is(suspicion.wait()!.times, 2 ** 16)
})
