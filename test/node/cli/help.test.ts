/** What --help offers is what there is. */
import { readFile } from 'node:fs/promises'
import test from 'ava'
import { parsePartition } from '../../../learning/data/partition.ts'
import type { Command } from '../../../node/cli/command.ts'
import { commandsFor } from '../../../node/cli/commands/index.ts'
import { runProgram } from '../../../node/cli/program.ts'
import { agreedPartition } from '../../../node/cohort/cohort.ts'
import { testCohort } from '../cohorts.ts'
import { recordedTerminal } from './terminals.ts'

const commands = await commandsFor(undefined)

const all: readonly (readonly [string, Command])[] = commands.flatMap(each =>
  'commands' in each
    ? each.commands.map(command => [`${each.name} ${command.name}`, command] as const)
    : [[each.name, each] as const],
)

async function helpOf(path: string): Promise<string> {
  const terminal = recordedTerminal()
  const options = { name: 'concord', version: '1', summary: '', commands, terminal, debug: false }
  await runProgram(options, [...path.split(' '), '--help'])
  return [...terminal.printed, ...terminal.warned].join('\n').replace(/\s+/gu, ' ')
}

const having = (name: string) => all.filter(([, { options }]) => name in options)

test('a process loads the command that it runs, and all of them where none is named', async t => {
  const named = async (first?: string) => (await commandsFor(first)).map(({ name }) => name)
  for (const { name } of commands) t.deepEqual(await named(name), [name])
  for (const none of ['jion', '--help', 'toString']) t.deepEqual(await named(none), await named())
})

test('--partition names every kind, and each one is accepted', async t => {
  t.true(having('partition').length >= 4)
  for (const [path] of having('partition')) {
    const help = await helpOf(path)
    for (const kind of ['iid', 'label', 'dirichlet:0.5', 'quantity:0.5']) {
      t.true(help.includes(kind), `${path}: ${kind}`)
      t.notThrows(() => parsePartition(kind))
    }
  }
})

test('--data names every kind of file', async t => {
  const own = having('data').filter(([path]) => path !== 'reproduce')
  t.true(own.length >= 4)
  for (const [path] of own)
    for (const kind of ['digits', '.csv', '.tsv', 'IDX', 'CIFAR-10', '.npy', '?missing=mean'])
      t.true((await helpOf(path)).includes(kind), `${path}: ${kind}`)
})

test('the external model is offered where an oracle may stand beside it', async t => {
  for (const command of ['simulate', 'demo'])
    t.regex(await helpOf(command), /external if every member brings an --oracle/)
})

test('what cohort create says of own data holds', async t => {
  t.regex(await helpOf('cohort create'), /own: [^;]*, which takes --schema or --model external;/)
  const own = (model: string) => () => testCohort({ model, partition: 'own' })
  t.throws(own('softmax'), { message: /partition is "own", and there is no schema/ })
  t.is(agreedPartition(own('external')()), 'own')
  t.is(agreedPartition(testCohort({ model: 'external' })), null, 'it is up to each member')
})

test('--measure-every says when it is of use', async t => {
  t.regex(await helpOf('simulate'), /Of use with large models or many peers/)
})

test('README names every kind of partition', async t => {
  const page = await readFile('README.md', 'utf8')
  for (const kind of ['iid', 'label', 'dirichlet:', 'quantity:']) t.true(page.includes(kind), kind)
})

test('the help of a group whose usual command needs no name has its options, and the other commands', async t => {
  for (const group of commands) {
    if (!('commands' in group) || group.usual === undefined) continue
    const usual = group.commands.find(({ name }) => name === group.usual)!
    const help = await helpOf(group.name)
    t.regex(help, new RegExp(`Usage: concord ${group.name} \\[options\\] <`))
    for (const { flags } of Object.values(usual.options)) t.true(help.includes(flags.split(' ')[0]!), flags)
    for (const { name } of group.commands) t.true(help.includes(` ${name} `), name)
    t.true(help.includes(`concord ${group.name} ${usual.examples[0]}`))
  }
})
