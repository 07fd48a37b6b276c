/** On a terminal of its own: colours and a moving bar, and plain text where somebody asks for it or the terminal can no more. */
import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import test from 'ava'
import { columnsOf } from '../../../node/cli/view/wrap.ts'
import { main } from './concord.ts'

const command = promisify(execFile)
const SIMULATE = 'simulate --peers 4 --faults 0 --protocol mean --steps 3 --model softmax'
const ESCAPE = '\u001b'

/** What a terminal of this width is sent. */
async function onTerminal(columns: number, env: Readonly<Record<string, string>>, line: string) {
  const { NO_COLOR: _, FORCE_COLOR: __, NODE_OPTIONS: ___, ...inherited } = process.env
  const inner = `stty cols ${columns}; "${process.execPath}" "${main}" ${line}`
  const { stdout } = await command('script', ['-qec', inner, '/dev/null'], {
    env: { ...inherited, ...env },
    shell: false,
  })
  return stdout.replaceAll('\r\n', '\n')
}

if (spawnSync('script', ['-qec', 'true', '/dev/null']).status !== 0)
  test('there is no `script` (util-linux) to make a terminal, so what is written to one is not tested', t =>
    t.pass())
else {
  test('a terminal gets colours, and a bar that goes to its last state', async t => {
    const text = await onTerminal(80, { TERM: 'xterm' }, SIMULATE)
    t.true(text.includes(`${ESCAPE}[32mhonest${ESCAPE}[39m`), text)
    t.regex(text, /step 3\/3 .*█/u)
  })

  for (const env of [{ TERM: 'xterm', NO_COLOR: '1' }, { TERM: 'dumb' }] as const)
    test(`with ${Object.entries(env).join(' and ').replaceAll(',', '=')} all is plain text`, async t => {
      const text = await onTerminal(80, env, SIMULATE)
      t.false(text.includes(ESCAPE), JSON.stringify(text))
      t.regex(text, /^step 3\/3 · loss/m)
      t.regex(text, /honest/)
    })

  for (const columns of [80, 60])
    test(`at ${columns} columns tables and the bar fit`, async t => {
      const text = await onTerminal(columns, { TERM: 'xterm' }, SIMULATE)
      const lines = text.split('\n').flatMap(line => line.split(/\r|(?=step \d)/u))
      const set = lines.filter(line => /[│┌└█░]/u.test(line))
      t.true(set.length > 8)
      for (const line of set) t.true(columnsOf(line) <= columns, line)
    })
  const PROSE = [
    'bounds learn --peers 13 --faults 1',
    'bounds redundancy',
    'bounds linear-regression',
    'reproduce --list',
    'agree --iterations 1',
    'status --identity nobody.pem',
    SIMULATE,
  ]
  for (const line of PROSE)
    test(`concord ${line}: no line is wider than a terminal of 60 columns`, async t => {
      const text = await onTerminal(60, { TERM: 'dumb' }, `${line} || true`)
      const lines = text.split('\n')
      t.true(lines.length > 1, text)
      // A hash or a path is not broken: it has a line of its own.
      for (const each of lines) t.true(columnsOf(each) <= 60 || !each.trim().includes(' '), each)
    })
}
