/** When a peer wonders whether the others have gone on without it. */
import test from 'ava'
import { createSuspicion, SUSPICION_MS } from '../../../node/runtime/suspicion.ts'
import { createWorld } from '../../../node/simulation/world.ts'

function watched(faults = 1) {
  const world = createWorld()
  const peer = { step: 5, waits: true, seeks: false }
  const asked: number[] = []
  const suspicion = createSuspicion({
    clock: { nowMs: world.nowMs, after: world.after },
    faults,
    step: () => peer.step,
    waits: () => peer.waits,
    seeks: () => peer.seeks,
    ask: () => void asked.push(world.nowMs()),
  })
  const pass = (ms: number) => {
    const untilMs = world.nowMs() + ms
    world.at(untilMs, () => {})
    world.runSync({ maxTimeMs: untilMs, maxEvents: 1000 })
  }
  return { peer, asked, suspicion, pass }
}

test('one who misses something is enough, of those who are ahead more than f', t => {
  const { asked, suspicion, pass } = watched(2)
  suspicion.ahead(0)
  suspicion.ahead(1)
  suspicion.ahead(1)
  pass(10 * SUSPICION_MS)
  t.deepEqual(asked, [])
  suspicion.ahead(2)
  pass(SUSPICION_MS)
  t.is(asked.length, 1)
  const one = watched(2)
  one.suspicion.missed(0)
  one.pass(SUSPICION_MS)
  t.is(one.asked.length, 1)
})

test('a step that ends in time, or a peer that still computes, asks nobody', t => {
  const { peer, asked, suspicion, pass } = watched()
  suspicion.missed(0)
  pass(SUSPICION_MS - 1)
  peer.step = 6
  pass(10 * SUSPICION_MS)
  t.deepEqual(asked, [])
  peer.waits = false
  suspicion.missed(0)
  pass(10 * SUSPICION_MS)
  t.deepEqual(asked, [])
  peer.waits = true
  pass(SUSPICION_MS)
  t.is(asked.length, 1)
})

test('a sign of a later step has its own time', t => {
  const { peer, asked, suspicion, pass } = watched()
  suspicion.missed(0)
  pass(SUSPICION_MS - 1)
  peer.step = 6
  suspicion.missed(0)
  pass(SUSPICION_MS - 1)
  t.deepEqual(asked, [])
  pass(1)
  t.is(asked.length, 1)
})

test('who is told to stay asks half as often each time, but soon where somebody else gives a sign', t => {
  const { asked, suspicion, pass } = watched()
  for (let i = 0; i < 4; i++) {
    suspicion.missed(0)
    pass(2 ** i * SUSPICION_MS)
    t.is(asked.length, i + 1)
  }
  suspicion.missed(0)
  pass(SUSPICION_MS)
  suspicion.missed(1)
  pass(SUSPICION_MS)
  t.is(asked.length, 5, 'though it had meant to wait much longer')
  const soon = watched()
  for (let i = 0; i < 3; i++) {
    soon.suspicion.missed(0)
    soon.pass(2 ** i * SUSPICION_MS)
  }
  soon.suspicion.missed(1)
  soon.pass(SUSPICION_MS)
  t.is(soon.asked.length, 4)
  soon.suspicion.restarted(0)
  soon.suspicion.missed(0)
  soon.pass(SUSPICION_MS)
  t.is(soon.asked.length, 5, 'another life is somebody else')
})

test('it asks again where nothing has come of it, until it has found a place; as does who asks from the start', t => {
  for (const begin of [
    (of: ReturnType<typeof watched>) => of.suspicion.missed(0),
    (of: ReturnType<typeof watched>) => of.suspicion.asking(),
  ]) {
    const each = watched()
    each.peer.seeks = true
    begin(each)
    for (let i = 0; i < 4; i++) {
      each.pass(2 ** i * SUSPICION_MS)
      t.is(each.asked.length, i + 1)
    }
    each.peer.seeks = false
    each.pass(100 * SUSPICION_MS)
    t.is(each.asked.length, 4)
  }
  const stays = watched()
  stays.suspicion.missed(0)
  stays.pass(100 * SUSPICION_MS)
  t.is(stays.asked.length, 1, 'one sign, and it stays')
})
