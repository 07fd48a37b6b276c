/** How many are dialled at once: as many as processors bear, and first those that answer. */
import test from 'ava'
import {
  ADDRESS_DIAL_TIMEOUT_MS,
  BACKOFF_LAST_MS,
  DIAL_TIMEOUT_MS,
  DIALS_AT_ONCE_FIRST,
  DIALS_AT_ONCE_MAX,
  QUICK_DIAL_MS,
  STEADY_AFTER_MS,
} from '../../../node/network/constants.ts'
import { createDialWindow } from '../../../node/network/dial-window.ts'
import { createRedial, type Redial } from '../../../node/network/redial.ts'
import { manualClock } from './support.ts'

const settled = () => new Promise(resolve => setImmediate(resolve))

/** The most dials that it lets run. */
function widthOf(window: ReturnType<typeof createDialWindow>): number {
  let dials = 0
  while (dials < 1000 && window.hasRoomBeside(dials)) dials++
  return dials
}

const FAULTS = 2
const SILENT: readonly number[] = Array.from({ length: 12 }, (_, i) => i + 1)

test('the window halves once for all dials that timed out together, and grows by one for each window that is there soon', t => {
  const window = createDialWindow(FAULTS)
  t.is(widthOf(window), DIALS_AT_ONCE_FIRST)
  const timedOut = (peer: number, begunMs: number) =>
    window.failed({ peer, begunMs, endedMs: begunMs + ADDRESS_DIAL_TIMEOUT_MS })
  for (let peer = 0; peer < DIALS_AT_ONCE_FIRST; peer++) timedOut(peer, 0)
  t.is(widthOf(window), DIALS_AT_ONCE_FIRST / 2)
  for (let round = 1; round < 9; round++) timedOut(round, round * ADDRESS_DIAL_TIMEOUT_MS)
  t.is(widthOf(window), 1, 'never none')
  for (let peer = 0; peer < 10; peer++) window.failed({ peer, begunMs: 0, endedMs: 5 })
  t.is(widthOf(window), 1, 'who is not there refuses at once, and says nothing of the load')
  const there = (peer: number, tookMs: number) => window.settled({ peer, begunMs: 1e6, nowMs: 1e6 + tookMs })
  there(100, QUICK_DIAL_MS + 1)
  window.settled({ peer: 101, begunMs: Number.NEGATIVE_INFINITY, nowMs: 1e6 })
  t.is(widthOf(window), 1, 'nor does one that comes late or by itself')
  let peer = 0
  for (const width of [1, 2, 3]) {
    for (let i = 1; i < width; i++) there(peer++, QUICK_DIAL_MS)
    t.is(widthOf(window), width)
    there(peer++, QUICK_DIAL_MS)
  }
  const before = widthOf(window)
  for (let i = 0; i < 100; i++) there(0, 5)
  t.is(widthOf(window), before, 'one that comes and goes widens it once')
  while (peer < 10_000) there(peer++, 5)
  t.is(widthOf(window), DIALS_AT_ONCE_MAX)
})

test('f members that let every dial time out narrow nothing, also where others were once away for as long; one more does', t => {
  const window = createDialWindow(FAULTS)
  const timedOut = (peer: number, begunMs: number) =>
    window.failed({ peer, begunMs, endedMs: begunMs + DIAL_TIMEOUT_MS })
  for (let round = 0; round < 20; round++) {
    const begunMs = round * DIAL_TIMEOUT_MS
    for (let liar = 0; liar < FAULTS - 1; liar++) timedOut(liar, begunMs)
    const honest = FAULTS + round
    timedOut(honest, begunMs)
    window.settled({ peer: honest, begunMs: Number.NEGATIVE_INFINITY, nowMs: begunMs + DIAL_TIMEOUT_MS })
    t.is(widthOf(window), DIALS_AT_ONCE_FIRST)
  }
  for (let peer = 0; peer <= FAULTS; peer++) timedOut(peer, 1e6)
  t.is(widthOf(window), DIALS_AT_ONCE_FIRST / 2)
})

test('a dial of a peer that has come by itself meanwhile narrows nothing; a stopped redial dials nobody that waited', async t => {
  const clock = manualClock()
  const dials: { readonly peer: number; end(isConnected: boolean): void }[] = []
  const redial = createRedial({
    self: 0,
    faults: 0,
    clock,
    random: () => 0.5,
    dial: peer => new Promise(resolve => dials.push({ peer, end: resolve })),
  })
  const peers = Array.from({ length: 3 * DIALS_AT_ONCE_FIRST }, (_, i) => i + 1)
  for (const peer of peers) redial.want(peer)
  clock.advance(0)
  const first = dials.slice()
  for (const { peer } of first) redial.settle(peer)
  clock.advance(DIAL_TIMEOUT_MS)
  for (const { end } of first) end(false)
  await settled()
  t.is(dials.length, 2 * DIALS_AT_ONCE_FIRST)
  redial.stop()
  const stopped = dials.length
  for (const { end } of dials) end(false)
  await settled()
  clock.advance(10 * BACKOFF_LAST_MS)
  t.is(dials.length, stopped)
})

test('many peers that share two processors connect, although all their handshakes at once would time out', async t => {
  const [peers, workMs, processors, tickMs] = [24, 200, 2, 50]
  const clock = manualClock()
  type Handshake = { readonly begunMs: number; leftMs: number; end(isConnected: boolean): void }
  const handshakes = new Set<Handshake>()
  const connected = new Set<string>()
  const redials: Redial[] = Array.from({ length: peers }, (_, self) =>
    createRedial({
      self,
      faults: FAULTS,
      clock,
      random: () => ((self * 7) % 13) / 13,
      dial: peer =>
        new Promise(resolve => {
          const handshake: Handshake = {
            begunMs: clock.nowMs(),
            leftMs: workMs,
            end(isConnected) {
              handshakes.delete(handshake)
              if (isConnected) {
                connected.add([self, peer].sort().join())
                redials[self]!.settle(peer)
                redials[peer]!.settle(self)
              }
              resolve(isConnected)
            },
          }
          handshakes.add(handshake)
        }),
    }),
  )
  for (const [self, redial] of redials.entries())
    for (let peer = 0; peer < peers; peer++) if (peer !== self) redial.want(peer)
  const pairs = (peers * (peers - 1)) / 2
  const leastMs = (pairs * workMs) / processors
  while (connected.size < pairs && clock.nowMs() < 4 * leastMs) {
    clock.advance(tickMs)
    const shareMs = (tickMs * processors) / handshakes.size
    for (const handshake of [...handshakes]) {
      handshake.leftMs -= shareMs
      if (handshake.leftMs <= 0) handshake.end(true)
      else if (clock.nowMs() - handshake.begunMs >= ADDRESS_DIAL_TIMEOUT_MS) handshake.end(false)
    }
    await settled()
  }
  for (const redial of redials) redial.stop()
  t.is(
    connected.size,
    pairs,
    `${connected.size} of ${pairs} after ${clock.nowMs()} ms; at least ${leastMs} are needed`,
  )
})

/** A redial of one dial at a time, beside peers that never answer, of which one is being dialled and the rest wait. */
async function narrowed() {
  const clock = manualClock()
  const dials: { readonly peer: number; fail(): void }[] = []
  const redial = createRedial({
    self: 0,
    faults: FAULTS,
    clock,
    random: () => 0.5,
    dial: peer => new Promise(resolve => dials.push({ peer, fail: () => resolve(false) })),
  })
  for (const peer of SILENT) redial.want(peer)
  clock.advance(0)
  for (let begun = 0; begun < dials.length && dials.length < 60; ) {
    clock.advance(DIAL_TIMEOUT_MS)
    const round = dials.slice(begun)
    begun = dials.length
    for (const { fail } of round) fail()
    await settled()
  }
  clock.advance(BACKOFF_LAST_MS * 2)
  const nextFails = async (): Promise<number> => {
    const before = dials.length
    clock.advance(DIAL_TIMEOUT_MS)
    dials.at(-1)!.fail()
    await settled()
    return dials.length === before + 1 ? dials.at(-1)!.peer : -1
  }
  return { redial, dials, clock, nextFails }
}

test('who never answers holds up nobody for long: every second dial is of one that has failed least', async t => {
  const { redial, dials, clock, nextFails } = await narrowed()
  const before = dials.length
  redial.want(13)
  clock.advance(0)
  t.is(dials.length, before, 'there is no room')
  t.true([await nextFails(), await nextFails()].includes(13))
})

test('liars that come and go as if they never failed hold up nobody for ever: every second dial is of one that waits longest', async t => {
  const { redial, clock, nextFails } = await narrowed()
  const [first, second, ...others] = SILENT
  const dialled = new Set<number>()
  for (let i = 0; i < 2 * SILENT.length; i++) {
    dialled.add(await nextFails())
    clock.advance(QUICK_DIAL_MS + 1)
    for (const liar of [first!, second!]) redial.settle(liar)
    clock.advance(STEADY_AFTER_MS)
    for (const liar of [first!, second!]) redial.want(liar)
    clock.advance(0)
  }
  t.deepEqual(
    others.filter(peer => !dialled.has(peer)),
    [],
  )
})
