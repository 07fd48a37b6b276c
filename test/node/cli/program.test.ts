/** The frame around the commands: options become typed values, errors become exit codes. */
import test from 'ava'
import {
  type Command,
  defineCommand,
  flag,
  JobError,
  maybe,
  option,
  UsageError,
} from '../../../node/cli/command.ts'
import { commandsFor } from '../../../node/cli/commands/index.ts'
import { decimal, integer, orNone, text } from '../../../node/cli/parse.ts'
import { runProgram } from '../../../node/cli/program.ts'
import { CohortError } from '../../../node/cohort/errors.ts'
import { NetworkError } from '../../../node/network/errors.ts'
import { recordedTerminal } from './terminals.ts'

const commands = await commandsFor(undefined)

/** Runs a command `try` with these arguments. */
async function attempt(command: Command, args: readonly string[], debug = false) {
  const terminal = recordedTerminal()
  const commands = [command, { name: 'group', summary: 'a group', commands: [command] }]
  const options = { name: 'prog', version: '1.2.3', summary: 'a program', commands, terminal, debug }
  const code = await runProgram(options, args)
  return { code, terminal, said: [...terminal.printed, ...terminal.warned].join('\n') }
}

const noOptions = (handler: () => Promise<number | undefined>) =>
  defineCommand({ name: 'try', summary: 'tries', options: {}, examples: [''], handler })

test('values arrive parsed, with defaults and under their own names', async t => {
  const seen: unknown[] = []
  const command = defineCommand({
    name: 'try',
    summary: 'tries',
    arguments: [{ name: '[file]', about: 'a file' }],
    options: {
      count: option('-c, --count <n>', 'how many', integer({ min: 1 }), 3),
      weight: maybe('--some-weight <w>', 'how heavy', integer()),
      loud: flag('--loud', 'loudly'),
      safe: flag('--no-safe', 'unsafely'),
    },
    examples: [''],
    async handler(values, positional) {
      seen.push({ ...values }, [...positional])
      return undefined
    },
  })
  t.is((await attempt(command, ['try'])).code, 0)
  t.deepEqual(seen.splice(0), [{ count: 3, weight: null, loud: false, safe: true }, []])
  const args = ['try', 'f', '-c', '5', '--some-weight', '-2', '--loud', '--no-safe']
  t.is((await attempt(command, args)).code, 0)
  t.deepEqual(seen.splice(0), [{ count: 5, weight: -2, loud: true, safe: false }, ['f']])
  t.is((await attempt(command, ['group', 'try', 'g'])).code, 0)
  t.deepEqual(seen[1], ['g'])
})

test('"none" is a value like any other, and what a parser sees of an option that is given twice', async t => {
  const seen: unknown[] = []
  const all = (value: string, _: string, before: unknown) => [...((before ?? []) as string[]), value]
  const command = defineCommand({
    name: 'try',
    summary: 'tries',
    options: {
      clip: option('--clip <c>', 'a limit', orNone(decimal()), 2),
      box: maybe('--box <b>', 'a box', orNone(decimal())),
      each: option('--each <e>', 'many', all, null),
    },
    examples: [''],
    async handler(values) {
      seen.push({ ...values })
      return undefined
    },
  })
  t.is(
    (await attempt(command, ['try', '--clip', 'none', '--box', 'none', '--each', 'a', '--each', 'b'])).code,
    0,
  )
  t.is((await attempt(command, ['try', '--clip', '3'])).code, 0)
  t.deepEqual(seen, [
    { clip: null, box: null, each: ['a', 'b'] },
    { clip: 3, box: null, each: null },
  ])
})

test('every option that says "none" takes it, and gives its command null, or of a list an empty one', async t => {
  const leaves = commands.flatMap(each => ('commands' in each ? each.commands : [each]))
  let tried = 0
  for (const command of leaves)
    for (const [key, { flags, about, parse }] of Object.entries(command.options)) {
      if (parse === null || !/\bnone\b/.test(`${flags} ${about}`)) continue
      const long = /--[\w-]+/.exec(flags)![0]
      if (parse('none', long) === 'none') continue
      tried++
      const seen: unknown[] = []
      const handler = async (values: Readonly<Record<string, unknown>>) => {
        seen.push(values[key])
        return undefined
      }
      const positional = (command.arguments ?? []).filter(({ name }) => name.startsWith('<'))
      const given = positional.map(({ name }) => name.replace(/\W/g, ''))
      const { code, said } = await attempt({ ...command, name: 'try', handler }, [
        'try',
        ...given,
        long,
        'none',
      ])
      t.is(code, 0, said)
      const isList = long === '--liars'
      t.deepEqual(seen, [isList ? [] : null], `${command.name} ${long} none`)
    }
  t.true(tried >= 5, `${tried} options`)
})

test('the handler decides the exit code; 0 where it says nothing', async t => {
  t.is(
    (
      await attempt(
        noOptions(async () => undefined),
        ['try'],
      )
    ).code,
    0,
  )
  t.is(
    (
      await attempt(
        noOptions(async () => 1),
        ['try'],
      )
    ).code,
    1,
  )
})

test('wrong usage is 2, a failed job 1, with one line and no stack', async t => {
  const failing = (error: Error) =>
    noOptions(async () => {
      throw error
    })
  for (const [error, code] of [
    [new NetworkError('runs-already', 'no such thing'), 78],
    [new UsageError('no such thing'), 2],
    [new CohortError('cohort-syntax', 'no such thing'), 2],
    [new JobError('no such thing'), 1],
  ] as const) {
    const { code: got, terminal } = await attempt(failing(error), ['try'])
    t.is(got, code)
    t.deepEqual(terminal.warned, ['prog: no such thing'])
  }
  const defect = await attempt(failing(new TypeError('x is not a function')), ['try'])
  t.is(defect.code, 1)
  t.deepEqual(defect.terminal.warned, [
    'prog: x is not a function',
    'DEBUG=1 in the environment shows where.',
  ])
  const debugged = await attempt(failing(new TypeError('x is not a function')), ['try'], true)
  t.regex(debugged.said, /program\.test\.ts/)
})

test('flags, commands and arguments that do not exist are wrong usage', async t => {
  const command = noOptions(async () => 0)
  t.is((await attempt(command, ['tyr'])).code, 2)
  t.is((await attempt(command, ['try', '--loud'])).code, 2)
  t.is((await attempt(command, ['try', 'extra'])).code, 2)
  t.is((await attempt(command, ['group'])).code, 2)
  t.deepEqual((await attempt(command, ['group', 'try', '--loud'])).terminal.warned, [
    "prog: unknown option '--loud'",
    'Try "prog group try --help".',
  ])
  t.is((await attempt(command, [])).code, 2)
})

test('help shows the example with the whole path, and hides what is between our own processes', async t => {
  const command = defineCommand({
    name: 'try',
    summary: 'tries hard',
    options: {
      file: maybe('--file <f>', 'a file', text, 'none at all'),
      inner: { ...maybe('--inner <x>', 'secret', text), hidden: true },
    },
    examples: ['--file x'],
    handler: async () => 0,
  })
  const { code, said } = await attempt(command, ['group', 'try', '--help'])
  t.is(code, 0)
  t.regex(said, /Example:\n {2}prog group try --file x/)
  t.regex(said, /a file \(default: none at all\)/)
  t.notRegex(said, /secret|inner/)
  t.is((await attempt(command, ['--version'])).said, '1.2.3')
})
