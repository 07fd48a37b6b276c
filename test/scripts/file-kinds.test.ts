/** Each kind of file that people bring along, by the commands and in this process: what `npm run kinds` shows. */
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { aggregate } from '../../node/cli/commands/aggregate.ts'
import { data } from '../../node/cli/commands/data.ts'
import { runProgram } from '../../node/cli/program.ts'
import { judge } from '../../scripts/file-kinds/judge.ts'
import { madeKinds as kinds, type Said } from '../../scripts/file-kinds/kinds.ts'
import { makeFiles } from '../../scripts/file-kinds/make.ts'
import { recordedTerminal } from '../node/cli/terminals.ts'

let folder: string
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'concord-kinds-'))
  await makeFiles(folder)
})
test.after.always(() => rm(folder, { recursive: true, force: true }))

async function run(argv: readonly string[]): Promise<Said> {
  const terminal = recordedTerminal()
  const commands = [aggregate, data]
  const code = await runProgram(
    { name: 'concord', version: '0', summary: '', commands, terminal, debug: false },
    argv,
  )
  return { code, text: [...terminal.printed, ...terminal.written, ...terminal.warned].join('\n') }
}

for (const [place, kind] of kinds.entries())
  test(kind.name, async t => {
    t.is((await judge(folder, join(folder, `out${place}`), kind, run)).wrong, null)
  })

test('what is wrong is told: the exit code, the words, the numbers', async t => {
  const [wordy] = kinds
  const said = { code: 0, text: 'nothing' }
  const out = join(folder, 'wrong')
  t.regex(
    (await judge(folder, out, wordy!, async () => ({ ...said, code: 1 }))).wrong ?? '',
    /ended with 1, expected 0/,
  )
  t.regex((await judge(folder, out, wordy!, async () => said)).wrong ?? '', /did not say .*48 training/)
  const mean = kinds.find(({ name }) => name === 'halves are widened to 32 bits')!
  const copied = async () => {
    await copyFile(join(folder, 'f16-0.safetensors'), out)
    return { code: 0, text: 'mean of 3 vectors' }
  }
  t.regex((await judge(folder, out, mean, copied)).wrong ?? '', /w is not of F32/)
})
