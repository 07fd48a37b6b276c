/** Numbers and lists as people read them. */
import test from 'ava'
import {
  counted,
  duration,
  listed,
  megabytes,
  peerList,
  percent,
  significant,
} from '../../../../node/cli/view/format.ts'

test('durations', t => {
  const cases: readonly [number, string][] = [
    [0, '0.0 s'],
    [-1, '0.0 s'],
    [1.25, '1.3 s'],
    [9.94, '9.9 s'],
    [9.96, '10 s'],
    [59.4, '59 s'],
    [59.7, '1 min 0 s'],
    [125, '2 min 5 s'],
    [3720, '1 h 2 min'],
  ]
  for (const [seconds, expected] of cases) t.is(duration(seconds), expected)
})

test('amounts', t => {
  t.is(megabytes(318_040), '0.32 MB')
  t.is(megabytes(76_400_000), '76.4 MB')
  t.is(megabytes(1_161_000_000), '1.16 GB')
  t.is(megabytes(0), '0 MB')
  t.is(significant(0.123456), '0.123')
  t.is(significant(123_456), '123000')
  t.is(significant(0.0000123), '1.23e-5')
  t.is(significant(0), '0')
  t.is(significant(null), '–')
  t.is(significant(Number.POSITIVE_INFINITY), '∞')
  t.is(percent(0.9521), '95.2 %')
  t.is(percent(null), '–')
})

test('lists', t => {
  t.is(peerList([3]), 'peer 3')
  t.is(peerList([3, 5]), 'peers 3 and 5')
  t.is(peerList([1, 2, 3]), 'peers 1, 2 and 3')
  t.is(peerList([]), 'nobody')
  t.is(listed(['a', 'b', 'c'], 'or'), 'a, b or c')
  t.is(counted(1, 'peer'), '1 peer')
  t.is(counted(0, 'peer'), '0 peers')
})
