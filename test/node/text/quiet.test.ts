/** The limit of lines that others cause: by peer and kind, counted, and of bounded size. */
import test from 'ava'
import { createQuiet, QUIET_INTERVAL_MS } from '../../../node/text/quiet.ts'

function quiet() {
  const clock = { nowMs: 0 }
  const own = createQuiet<'a' | 'b'>({ nowMs: () => clock.nowMs, lines: { b: 3 } })
  return { clock, own }
}

test('so many a minute of each peer and kind, and the next one knows how many were left out', t => {
  const { clock, own } = quiet()
  const admitted = (peer: number | null, kind: 'a' | 'b') =>
    Array.from({ length: 1000 }, () => own.admit(peer, kind)).filter(leftOut => leftOut !== null)
  t.deepEqual(admitted(0, 'a'), [0])
  t.deepEqual(admitted(1, 'a'), [0], 'another peer')
  t.deepEqual(admitted(0, 'b'), [0, 0, 0], 'another kind, of which there may be more')
  clock.nowMs += QUIET_INTERVAL_MS - 1
  t.deepEqual(admitted(0, 'a'), [])
  clock.nowMs++
  t.deepEqual(admitted(0, 'a'), [1999])
  t.deepEqual(admitted(0, 'b'), [997, 0, 0])
})

test('what was left out and never told is told in the end, once', t => {
  const { own } = quiet()
  for (let i = 0; i < 5; i++) own.admit(2, 'a')
  own.admit(null, 'a')
  t.deepEqual(own.leftOut(), [{ peer: 2, kind: 'a', count: 4 }])
  t.deepEqual(own.leftOut(), [])
})

test('it remembers as much as there are peers and kinds', t => {
  const { clock, own } = quiet()
  for (let i = 0; i < 1000; i++, clock.nowMs += 1000)
    for (const peer of [null, 0, 1, 2]) for (const kind of ['a', 'b'] as const) own.admit(peer, kind)
  t.is(own.size(), 8)
})
