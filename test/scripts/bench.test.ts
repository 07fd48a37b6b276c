/** The bench command's own parts: arguments, medians, the table. */
import test from 'ava'
import { compared, median } from '../../scripts/bench/bench.ts'
import { parseBenchArguments, renderRows } from '../../scripts/bench/main.ts'

const names = ['rules', 'exchange']

test('the name and the file are taken out, the rest goes to the benchmark', t => {
  t.deepEqual(parseBenchArguments(['rules'], names), { name: 'rules', json: null, rest: [] })
  t.deepEqual(parseBenchArguments(['rules', '--json', 'a.json', '--quick'], names), {
    name: 'rules',
    json: 'a.json',
    rest: ['--quick'],
  })
  t.deepEqual(parseBenchArguments(['--json=a.json', 'exchange', 'x'], names), {
    name: 'exchange',
    json: 'a.json',
    rest: ['x'],
  })
})

test('a missing or unknown name says which there are', t => {
  t.throws(() => parseBenchArguments([], names), { message: /no benchmark is named.*rules, exchange/ })
  t.throws(() => parseBenchArguments(['rule'], names), { message: /no benchmark "rule".*rules, exchange/ })
  t.throws(() => parseBenchArguments(['rules', '--json'], names), { message: /--json needs/ })
})

test('medians', t => {
  t.is(median([3, 1, 2]), 2)
  t.is(median([4, 1, 3, 2]), 2.5)
  t.is(median([7]), 7)
  t.deepEqual(median([]), Number.NaN)
})

test('the table shows the ratio, and a column for each further figure', t => {
  const rows = [
    compared('a', 3, { name: 'mean', ms: 2 }, { numpy: 24 }),
    { case: 'b', ours_ms: 0.1234, baseline: null, ratio: null, others: {} },
  ]
  const table = renderRows(rows)
  t.regex(table, /a +│ 3\.00 +│ mean +│ 2\.00 +│ 1\.50 +│ 24\.0/)
  t.regex(table, /b +│ 0\.123/)
  t.regex(table, /numpy/)
})
