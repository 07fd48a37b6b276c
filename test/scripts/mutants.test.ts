/** The list of mutants follows the code: each line is there, exactly once. */
import { readFileSync } from 'node:fs'
import test from 'ava'
import { mutants } from '../../scripts/mutants/list.ts'
import { mutate } from '../../scripts/mutants.ts'

test('every mutant can be made, and changes its line', t => {
  for (const mutant of mutants) {
    const source = readFileSync(mutant.file, 'utf8')
    t.not(mutate(source, mutant), source, mutant.name)
  }
  t.is(new Set(mutants.map(({ name }) => name)).size, mutants.length)
})

test('a line that is gone, or there twice, is an error', t => {
  const mutant = { name: 'x', file: 'a.ts', line: 'let a', becomes: 'let b', within: 1 }
  t.throws(() => mutate('const a', mutant), { message: /a\.ts: the line occurs 0 times/ })
  t.throws(() => mutate('let a\nlet a', mutant), { message: /2 times/ })
})
