/** `simulate --oracle`: the user's program, a process for each simulated peer. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { commandOf } from '../oracle/support.ts'
import { run } from './concord.ts'

const few = ['simulate', '--peers', '4', '--faults', '1', '--protocol', 'rb-tm', '--json', '--momentum', '0']

test('each peer has its process; the same seed gives the same trace, and the loss falls', async t => {
  const path = await mkdtemp(join(tmpdir(), 'concord-'))
  t.teardown(() => rm(path, { recursive: true }))
  const save = join(path, 'learnt.safetensors')
  const args = [...few, '--steps', '6', '--oracle', commandOf('good'), '--save', save]
  const [first, second] = [await run(...args), await run(...args)]
  t.is(first.code, 0, first.stderr)
  const [report, again] = [JSON.parse(first.stdout), JSON.parse(second.stdout)]
  t.is(report.trace, again.trace)
  t.is(report.cohort.model, 'external')
  t.is(report.honest.length, 3)
  t.true(
    report.honest.every(({ loss }: { loss: number }) => loss < 2),
    JSON.stringify(report.honest),
  )
  t.regex((await readFile(save)).toString('latin1', 8, 400), /point/)
})

test('a program that fails ends the run, with what it said last', async t => {
  const { code, stderr } = await run(...few, '--steps', '2', '--oracle', commandOf('no-start'))
  t.is(code, 1)
  t.regex(stderr, /No module named torch/)
})

for (const [mode, message] of [
  ['other-model', /the program of peer 1 has 6 parameters, that of peer 0 5; expected the same model at all/],
  [
    'other-start',
    /the program of peer 1 starts from other parameters than that of peer 0; expected .* or --init/,
  ],
] as const)
  test(`programs that are not alike are refused: ${mode}`, async t => {
    const { code, stderr } = await run(...few, '--steps', '2', '--oracle', commandOf(mode))
    t.is(code, 1)
    t.regex(stderr, message)
  })
