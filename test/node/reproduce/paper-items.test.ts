/** Each figure and table of the five papers is in `reproduce --list` and has a whole row in docs/reproduce.md. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { paperItems } from '../../../node/reproduce/paper-items.ts'
import { experimentNamed } from '../../../node/reproduce/registry.ts'

/** How many figures and tables each paper numbers. */
const numbered = {
  'collaborative-learning': { Figure: 0, Table: 1 },
  'approximate-byzantine-fault-tolerance': { Figure: 5, Table: 1 },
  'comparative-gradient-elimination': { Figure: 16, Table: 0 },
  resam: { Figure: 5, Table: 2 },
  'byzantine-gradient-descent': { Figure: 0, Table: 0 },
}

const page = readFileSync(join(import.meta.dirname, '../../../docs/reproduce.md'), 'utf8')
const section = page.split('## Every figure and table')[1]!.split('\n## ')[0]!
const rows = section
  .split('\n')
  .filter(line => line.startsWith('| ') && !line.startsWith('| paper'))
  .map(line =>
    line
      .split('|')
      .slice(1, -1)
      .map(cell => cell.trim()),
  )

test('no figure and no table of a paper is missing, and none is there twice', t => {
  const names = paperItems.map(({ paper, item }) => `${paper} ${item}`)
  t.is(new Set(names).size, names.length)
  for (const [paper, counts] of Object.entries(numbered)) {
    t.true(paperItems.some(each => each.paper === paper), paper)
    for (const [kind, count] of Object.entries(counts))
      for (let i = 1; i <= count; i++)
        t.true(names.includes(`${paper} ${kind} ${i}`), `${paper} ${kind} ${i}`)
  }
})

test('what can be run names an experiment; what cannot says why', t => {
  for (const { paper, item, command, why } of paperItems) {
    if (command === null) t.regex(why!, /^(nothing to run|cannot be run here): /, `${paper} ${item}`)
    else t.truthy(experimentNamed(command.split(' ')[0]!), command)
  }
})

test('docs/reproduce.md has a row for each, in full, with the same command', t => {
  t.deepEqual(
    rows.map(([paper, item, command]) => [
      paper,
      item,
      command === '–' ? null : command!.replaceAll('`', ''),
    ]),
    paperItems.map(({ paper, item, command }) => [paper, item, command]),
  )
  for (const row of rows) {
    t.is(row.length, 7)
    t.true(
      row.every(cell => cell !== ''),
      row.join(' | '),
    )
    t.regex(row[6]!, /^(reproduced|not reproduced|open|nothing to run|cannot be run here)/)
  }
})
