/** What is noticed about the files of the data is said before a run, by every command that opens them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { data } from '../../../node/cli/commands/data.ts'
import { simulate } from '../../../node/cli/commands/simulate.ts'
import { runProgram } from '../../../node/cli/program.ts'
import { recordedTerminal } from './terminals.ts'

let folder: string
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'concord-notes-'))
  const rows = Array.from({ length: 40 }, (_, row) => `${row};${row % 7}.5;${-row}.25;${1 + (row % 3)}`)
  await writeFile(join(folder, 'ours.csv'), [';a;b;label', ...rows].join('\n'))
})
test.after.always(() => rm(folder, { recursive: true, force: true }))

const runs = {
  'data show': ['data', 'show', '--peers', '2'],
  simulate: ['simulate', '--peers', '4', '--faults', '0', '--steps', '1', '--model', 'softmax'],
  'simulate, with a server': [
    ...['simulate', '--architecture', 'server', '--peers', '4', '--faults', '0', '--steps', '1'],
    ...['--model', 'softmax', '--rule', 'mean', '--attack', 'zero'],
  ],
}

test('data show counts the values of a row', async t => {
  const terminal = recordedTerminal()
  const program = { name: 'concord', version: '0', summary: '', commands: [data], terminal, debug: true }
  t.is(await runProgram(program, [...runs['data show'], '--data', join(folder, 'ours.csv')]), 0)
  t.regex(terminal.printed.join('\n'), /32 training and 8 test examples of 2 values, 3 classes/)
})

for (const [name, argv] of Object.entries(runs))
  test(`${name}: labels that start at 1, an index column and semicolons are said`, async t => {
    const terminal = recordedTerminal()
    const commands = [data, simulate]
    const program = { name: 'concord', version: '0', summary: '', commands, terminal, debug: true }
    const code = await runProgram(program, [...argv, '--data', join(folder, 'ours.csv')])
    t.is(code, 0, terminal.warned.join('\n'))
    const said = terminal.printed.join('\n')
    t.regex(said, /the columns are separated by semicolons/)
    t.regex(said, /left out the first column: it numbers the rows/)
    t.regex(said, /labels 1 to 3 are classes 0 to 2/)
  })
