/** Tables written in any of the usual ways are read back. */
import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { openData } from '../../../learning/data/open.ts'
import { parseCsv } from '../../../learning/data/table.ts'
import { directoryOf } from './support.ts'

test('a table is read back whatever its separator, line ends, quotes and pieces', async t => {
  const cell = fc.oneof(
    fc.integer({ min: -999, max: 999 }),
    fc.float({ noNaN: true, noDefaultInfinity: true }).map(value => value + 0), // a table's text has no −0
  )
  const property = fc.asyncProperty(
    fc
      .integer({ min: 1, max: 4 })
      .chain(width =>
        fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 5, maxLength: 300 }),
      ),
    fc.constantFrom(',', ';', '\t'),
    fc.constantFrom('\n', '\r\n'),
    fc.boolean(),
    async (rows, separator, end, quotes) => {
      const shown = (value: number | string) => (quotes ? `"${value}"` : String(value))
      const lines = rows.map((row, i) => [...row, `c${i % 2}`].map(shown).join(separator))
      const header = [...rows[0]!.map((_, i) => `col${i}`), 'label'].join(separator)
      const text = [header, ...lines, ''].join(end)
      const { examples, targets } = parseCsv(text, 'f')
      t.deepEqual([...examples], rows.flat().map(Math.fround))
      t.deepEqual(
        [...Array.from(targets.values)],
        rows.map((_, i) => i % 2),
      )
      const { trainLabels } = await openData(join(await directoryOf(t, { 'data.csv': text }), 'data.csv'))
      t.is(trainLabels.length, rows.length - Math.floor(rows.length / 5))
    },
  )
  await t.notThrowsAsync(fc.assert(property, { numRuns: 30 }))
})
