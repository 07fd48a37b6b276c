/** docs/papers.md names a test for each statement of the five papers, or says why there is none; the tests exist. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'

const root = join(import.meta.dirname, '../..')

const numbered = (kind: string, from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `${kind} ${from + i}`)

/** All that the papers number, by heading of the page. */
const statements: Readonly<Record<string, readonly string[]>> = {
  'Collaborative Learning': [
    ...numbered('Lemma', 1, 16),
    ...numbered('Theorem', 1, 9),
    ...numbered('Corollary', 1, 2),
  ],
  RESAM: [
    ...numbered('Lemma', 1, 10),
    ...numbered('Proposition', 1, 8),
    ...numbered('Theorem', 1, 1),
    ...numbered('Corollary', 1, 1),
  ],
  'Approximate Byzantine Fault-Tolerance': [...numbered('Lemma', 1, 4), ...numbered('Theorem', 1, 6)],
  'Comparative Gradient Elimination': ['Theorem 1', 'Corollary 1', ...numbered('Lemma', 1, 2)],
  'Byzantine Gradient Descent': [
    ...numbered('Lemma', 1, 8),
    ...numbered('Theorem', 1, 6),
    ...numbered('Proposition', 1, 1),
    ...numbered('Corollary', 1, 1),
  ],
}

interface Row {
  readonly paper: string
  readonly statement: string
  readonly tests: readonly { readonly title: string; readonly path: string }[]
  readonly besides: string
}

function rowsOf(page: string): Row[] {
  const rows: Row[] = []
  let paper = ''
  for (const line of page.split('\n')) {
    if (line.startsWith('#')) paper = line.replace(/^#+ /, '')
    const cells = line.replaceAll('\\|', '\u0000').split('|').slice(1, -1)
    if (statements[paper] === undefined || !line.startsWith('|') || cells.length !== 3) continue
    const [statement, tests, besides] = cells.map(cell => cell.replaceAll('\u0000', '|').trim())
    if (statement === 'statement' || statement!.startsWith('---')) continue
    const links = [...tests!.matchAll(/\[(.+?)\]\(\.\.\/(test\/[^)]+)\)/g)]
    rows.push({
      paper,
      statement: statement!,
      tests: links.map(([, title, path]) => ({ title: title!, path: path! })),
      besides: besides!,
    })
  }
  return rows
}

/** Whether a test in this source has a title that begins with, or behind a template's name goes on with, this one. */
function hasTest(source: string, title: string): boolean {
  return [...source.matchAll(/\btest\(\s*(['"`])((?:\\.|(?!\1).)*)\1/g)].some(([, , written]) => {
    const whole = written!.replaceAll("\\'", "'")
    return whole.startsWith(title) || whole.replace(/^\$\{\w+\} /, '').startsWith(title)
  })
}

const rows = rowsOf(readFileSync(join(root, 'docs/papers.md'), 'utf8'))

test('every numbered statement of the papers has a row', t => {
  for (const [paper, names] of Object.entries(statements)) {
    const told = rows.filter(row => row.paper === paper).map(({ statement }) => statement)
    t.deepEqual(
      names.filter(name => !told.includes(name)),
      [],
      paper,
    )
    t.is(new Set(told).size, told.length, paper)
  }
})

test('no row is empty: a test, or why there is none', t => {
  for (const { paper, statement, tests, besides } of rows)
    t.true(tests.length > 0 || /^no test: .{10}/.test(besides), `${paper}, ${statement}`)
})

test('every test that the page names is there', t => {
  t.true(rows.length > 80)
  for (const { paper, statement, tests } of rows)
    for (const { title, path } of tests) {
      const file = join(root, path)
      t.true(
        existsSync(file) && hasTest(readFileSync(file, 'utf8'), title),
        `${paper}, ${statement}: ${title}`,
      )
    }
})

test('a test that is gone is missed', t => {
  t.true(hasTest("test('Lemma 1: it holds', t => {", 'Lemma 1: it'))
  t.true(hasTest('test(`$\u007bname} is as resilient as its λ`, t => {', 'is as resilient as'))
  t.false(hasTest("test('Lemma 2: it holds', t => {", 'Lemma 1: it'))
  t.false(hasTest("// test of 'Lemma 1: it holds'", 'Lemma 1: it'))
})
