/** The help: headings, the common options first, and a width that it keeps to. */
import test from 'ava'
import { commandsFor } from '../../../node/cli/commands/index.ts'
import { OTHER_OPTIONS } from '../../../node/cli/help-groups.ts'
import { runProgram } from '../../../node/cli/program.ts'
import { columnsOf } from '../../../node/cli/view/wrap.ts'
import { recordedTerminal } from './terminals.ts'

const commands = await commandsFor(undefined)
const all = commands.flatMap(each =>
  'commands' in each
    ? each.commands.map(command => ({ path: `${each.name} ${command.name}`, command }))
    : [{ path: each.name, command: each }],
)

async function helpOf(path: string, columns: number): Promise<readonly string[]> {
  const terminal = recordedTerminal(columns)
  const options = { name: 'concord', version: '1', summary: '', commands, terminal, debug: false }
  await runProgram(
    options,
    [...path.split(' '), '--help'].filter(word => word !== ''),
  )
  return terminal.printed.join('\n').split('\n')
}

const headings = (lines: readonly string[]) => lines.filter(line => /^[A-Z][\w ]{4,24}:$/u.test(line))

test('the help of every command fits 80 and 60 columns', async t => {
  for (const path of ['', ...all.map(({ path }) => path)])
    for (const columns of [80, 60])
      for (const line of await helpOf(path, columns))
        t.true(columnsOf(line) <= columns || !line.includes(' ', 6), `${path} at ${columns}: ${line}`)
})

test('long lists of options have headings, the common ones first and the help last; short ones have none', async t => {
  for (const { path, command } of all) {
    const found = headings(await helpOf(path, 80)).filter(line => !/^(Arguments|Examples?):$/.test(line))
    const count = Object.keys(command.options).length
    if (count < 10) t.deepEqual(found, ['Options:'], path)
    else {
      t.is(found.at(-1), 'Output and help:', path)
      t.true(found.length >= 3, `${path}: ${found.join(' ')}`)
      // A new option belongs to one of the headings of node/cli/help-groups.ts.
      t.false(found.includes(OTHER_OPTIONS), path)
      if (path !== 'bounds') t.is(found[0], 'Common options:', path)
    }
  }
})

test('every option is in the help once, and an option without a default shows none', async t => {
  for (const { path, command } of all) {
    const help = await helpOf(path, 80)
    t.false(help.join('\n').includes('null'), path)
    for (const { flags, hidden } of Object.values(command.options))
      t.is(
        help.filter(line => line.startsWith(`  ${flags} `) || line === `  ${flags}`).length,
        hidden ? 0 : 1,
        `${path} ${flags}`,
      )
  }
})

test('the commands stand under headings', async t => {
  t.deepEqual(headings(await helpOf('', 80)), [
    'Options:',
    'On this machine:',
    'On real machines:',
    'Data and models:',
    'This program:',
  ])
})

test('an example that is too long goes on on the next line, as a shell reads it', async t => {
  const help = (await helpOf('cohort create', 60)).join('\n')
  t.regex(help, /\n {2}concord cohort create .* \\\n {4}/)
  const whole = (await helpOf('demo', 60)).join('\n').replaceAll(/ \\\n +/g, ' ')
  for (const example of all.find(({ path }) => path === 'demo')!.command.examples)
    t.true(whole.includes(`concord demo ${example}`.trimEnd()), example)
})
