/** Who holds what: counts that add up, and a picture that shows them. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { openData } from '../../../learning/data/open.ts'
import { partitionTableText } from '../../../node/cli/view/partition-table.ts'
import { partitionTableOf, partitionTableSvg } from '../../../node/data/partition-table.ts'
import { directoryOf } from '../../learning/data/support.ts'
import { run } from '../cli/concord.ts'

test('every example is counted once, by peer and class', async t => {
  const source = await openData('digits')
  const { counts } = partitionTableOf(source, 'dirichlet:0.5', 7, 1)
  t.is(counts.length, 7)
  t.is(
    counts.flat().reduce((a, b) => a + b, 0),
    source.trainLabels.length,
  )
  const byLabel = partitionTableOf(source, 'label', 10, 1).counts
  for (const [peer, own] of byLabel.entries()) t.is(own[peer], 1000)
})

test('the picture and the table hold every number', async t => {
  const partitionTable = partitionTableOf(await openData('digits'), 'quantity:1', 3, 2)
  const svg = partitionTableSvg({ ...partitionTable, data: 'a < b & c' })
  const table = (await partitionTableText(partitionTable, 80)).join('\n')
  for (const count of partitionTable.counts.flat()) {
    t.true(svg.includes(`>${count}</text>`))
    t.true(table.includes(`${count} `))
  }
  t.true(svg.includes('a &lt; b &amp; c'))
  t.is(svg.match(/<rect /g)?.length, 31)
})

test('the most peers and classes that there can be make a picture', async t => {
  const folder = await directoryOf(t, {
    'many.csv': Array.from({ length: 1300 }, (_, row) => `${row},0.5,n${row % 256}`).join('\n'),
  })
  const svg = join(folder, 'many.svg')
  // In a process of its own: a test's thread has a larger stack.
  const { code, stderr } = await run(
    ...['data', 'show', '--peers', '1024', '--json'],
    ...['--data', join(folder, 'many.csv'), '--svg', svg],
  )
  t.is(code, 0, stderr)
  t.true((await readFile(svg, 'utf8')).includes('>peer 1023</text>'))
})
