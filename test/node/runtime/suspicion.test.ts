/** When a peer wonders whether the others have gone on without it. */
import test from 'ava'
import { createStranded, STRANDED_MS } from '../../../node/runtime/suspicion.ts'
import { createWorld } from '../../../node/simulation/world.ts'

function watched(faults = 1) {
  const world = createWorld()
  const peer = { step: 5, waits: true, seeks: false }
  const asked: number[] = []
  const stranded = createStranded({
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
  return { peer, asked, stranded, pass }
}

test('one who misses something is enough, of those who are ahead more than f', t => {
  const { asked, stranded, pass } = watched(2)
  stranded.ahead(0)
  stranded.ahead(1)
  stranded.ahead(1)
  pass(10 * STRANDED_MS)
  t.deepEqual(asked, [])
  stranded.ahead(2)
  pass(STRANDED_MS)
  t.is(asked.length, 1)
  const one = watched(2)
  one.stranded.missed(0)
  one.pass(STRANDED_MS)
  t.is(one.asked.length, 1)
})

test('a step that ends in time, or a peer that still computes, asks nobody', t => {
  const { peer, asked, stranded, pass } = watched()
  stranded.missed(0)
  pass(STRANDED_MS - 1)
  peer.step = 6
  pass(10 * STRANDED_MS)
  t.deepEqual(asked, [])
  peer.waits = false
  stranded.missed(0)
  pass(10 * STRANDED_MS)
  t.deepEqual(asked, [])
  peer.waits = true
  pass(STRANDED_MS)
  t.is(asked.length, 1)
})

test('a sign of a later step has its own time', t => {
  const { peer, asked, stranded, pass } = watched()
  stranded.missed(0)
  pass(STRANDED_MS - 1)
  peer.step = 6
  stranded.missed(0)
  pass(STRANDED_MS - 1)
  t.deepEqual(asked, [])
  pass(1)
  t.is(asked.length, 1)
})

test('who is told to stay asks half as often each time, but soon where somebody else gives a sign', t => {
  const { asked, stranded, pass } = watched()
  for (let i = 0; i < 4; i++) {
    stranded.missed(0)
    pass(2 ** i * STRANDED_MS)
    t.is(asked.length, i + 1)
  }
  stranded.missed(0)
  pass(STRANDED_MS)
  stranded.missed(1)
  pass(STRANDED_MS)
  t.is(asked.length, 5, 'though it had meant to wait much longer')
  const soon = watched()
  for (let i = 0; i < 3; i++) {
    soon.stranded.missed(0)
    soon.pass(2 ** i * STRANDED_MS)
  }
  soon.stranded.missed(1)
  soon.pass(STRANDED_MS)
  t.is(soon.asked.length, 4)
  soon.stranded.restarted(0)
  soon.stranded.missed(0)
  soon.pass(STRANDED_MS)
  t.is(soon.asked.length, 5, 'another life is somebody else')
})

test('it asks again where nothing has come of it, until it has found a place; as does who asks from the start', t => {
  for (const begin of [
    (of: ReturnType<typeof watched>) => of.stranded.missed(0),
    (of: ReturnType<typeof watched>) => of.stranded.asking(),
  ]) {
    const each = watched()
    each.peer.seeks = true
    begin(each)
    for (let i = 0; i < 4; i++) {
      each.pass(2 ** i * STRANDED_MS)
      t.is(each.asked.length, i + 1)
    }
    each.peer.seeks = false
    each.pass(100 * STRANDED_MS)
    t.is(each.asked.length, 4)
  }
  const stays = watched()
  stays.stranded.missed(0)
  stays.pass(100 * STRANDED_MS)
  t.is(stays.asked.length, 1, 'one sign, and it stays')
})
