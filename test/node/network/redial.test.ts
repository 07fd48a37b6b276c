/** How many are dialled at once: as many as processors bear, and first those that answer. */
import test from 'ava'
import {
  ADDRESS_DIAL_TIMEOUT_MS,
  DIAL_TIMEOUT_MS,
  DIALS_AT_ONCE_FIRST,
  DIALS_AT_ONCE_MAX,
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

test('the window halves once for all dials that timed out together, and grows by one for each window that connects', t => {
  const window = createDialWindow(FAULTS)
  t.is(widthOf(window), DIALS_AT_ONCE_FIRST)
  const timedOut = (peer: number, begunMs: number) =>
    window.ended({ peer, begunMs, endedMs: begunMs + ADDRESS_DIAL_TIMEOUT_MS, isConnected: false })
  for (let peer = 0; peer < DIALS_AT_ONCE_FIRST; peer++) timedOut(peer, 0)
  t.is(widthOf(window), DIALS_AT_ONCE_FIRST / 2)
  for (let round = 1; round < 9; round++) timedOut(round, round * ADDRESS_DIAL_TIMEOUT_MS)
  t.is(widthOf(window), 1, 'never none')
  const quick = (isConnected: boolean) => window.ended({ peer: 0, begunMs: 0, endedMs: 5, isConnected })
  for (let i = 0; i < 10; i++) quick(false)
  t.is(widthOf(window), 1, 'who is not there refuses at once, and says nothing of the load')
  for (const width of [2, 3, 4]) {
    for (let i = 0; i < width; i++) quick(true)
    t.true(widthOf(window) >= width)
  }
  for (let i = 0; i < 10_000; i++) quick(true)
  t.is(widthOf(window), DIALS_AT_ONCE_MAX)
})

test('f members that let every dial time out narrow nothing, nor do addresses that are found late', t => {
  const window = createDialWindow(FAULTS)
  for (let round = 0; round < 20; round++) {
    const begunMs = round * DIAL_TIMEOUT_MS
    for (let peer = 0; peer < FAULTS; peer++)
      window.ended({ peer, begunMs, endedMs: begunMs + DIAL_TIMEOUT_MS, isConnected: false })
    window.ended({
      peer: 5 + round,
      begunMs,
      endedMs: begunMs + 2 * ADDRESS_DIAL_TIMEOUT_MS,
      isConnected: true,
    })
    t.is(widthOf(window), DIALS_AT_ONCE_FIRST)
  }
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

test('who never answers holds up nobody that does: the next dial is of one that has failed least', async t => {
  const clock = manualClock()
  const dials: { readonly peer: number; fail(): void }[] = []
  const redial = createRedial({
    self: 0,
    faults: FAULTS,
    clock,
    random: () => 0.5,
    dial: peer => new Promise(resolve => dials.push({ peer, fail: () => resolve(false) })),
  })
  const silent = Array.from({ length: 12 }, (_, i) => i + 1)
  for (const peer of silent) redial.want(peer)
  clock.advance(0)
  t.is(dials.length, DIALS_AT_ONCE_FIRST)
  // Until one dial is under way, and eleven others are due.
  for (let begun = 0; begun < dials.length && dials.length < 60; ) {
    clock.advance(DIAL_TIMEOUT_MS)
    const round = dials.slice(begun)
    begun = dials.length
    for (const { fail } of round) fail()
    await settled()
  }
  const before = dials.length
  redial.want(13)
  clock.advance(0)
  t.is(dials.length, before, 'there is no room')
  dials.at(-1)!.fail()
  await settled()
  t.deepEqual(
    dials.slice(before).map(({ peer }) => peer),
    [13],
  )
})
