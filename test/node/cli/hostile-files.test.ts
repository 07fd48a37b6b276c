/** The command line on files that are none: it says which, and neither waits nor fills the memory. */

import { execFile, execFileSync } from 'node:child_process'
import { lstat, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { FLOAT32 } from '../../../learning/data/number-type.ts'
import { parseNpyVectors, writeNpy } from '../../../node/files/npy.ts'
import { run, start } from './concord.ts'

const folder = await mkdtemp(join(tmpdir(), 'concord-hostile-cli-'))
test.after.always(() => rm(folder, { recursive: true }))
const at = (name: string) => join(folder, name)
const pipe = at('pipe')
execFileSync('mkfifo', [pipe])

test('devices and pipes that are named as inputs are told', async t => {
  const calls = [
    ['aggregate', '/dev/zero'],
    ['aggregate', pipe],
    ['agree', '--vectors', pipe],
    ['evidence', 'verify', pipe],
    ['cohort', 'check', pipe],
    ['export', pipe, at('out.safetensors')],
    ['agree', '--attack', `${pipe}.ts`],
  ]
  execFileSync('mkfifo', [`${pipe}.ts`])
  for (const args of calls) {
    const { code, stderr } = await run(...args)
    t.not(code, 0, args.join(' '))
    t.regex(stderr, /(zero|pipe).*it is a (device|named pipe); expected a/s, args.join(' '))
    t.notRegex(stderr, /^ {4}at /m, args.join(' '))
  }
})

test('a result goes to a pipe, to what the shell hands over, and to /dev/null, which stays one', async t => {
  const vectors = at('rows.npy')
  const row = Float32Array.of(1, 2, 3)
  await writeFile(vectors, writeNpy(row, FLOAT32))
  const aggregate = ['aggregate', '--rule', 'mean', vectors, '-o']
  const out = at('out')
  execFileSync('mkfifo', [out])
  const reading = promisify(execFile)('cat', [out], { encoding: 'buffer' })
  t.is((await run(...aggregate, out)).code, 0)
  t.deepEqual(parseNpyVectors((await reading).stdout, 'x').rows, [row])
  t.is((await run(...aggregate, '/dev/null')).code, 0)
  t.true((await lstat('/dev/null')).isCharacterDevice())
  const agree = ['agree', '--peers', '4', '--faults', '1', '--protocol', 'rb-tm', '--report']
  const { code, stdout } = await run(...agree, '/dev/stdout')
  t.is(code, 0)
  t.regex(stdout, /\{\n {2}"command": "agree".*\n\}\n/s)
  const report = at('report.json')
  await writeFile(report, 'old')
  t.is((await run(...agree, report)).code, 0)
  t.is(JSON.parse(await readFile(report, 'utf8')).command, 'agree')
})

test('the report of a run goes to a named pipe', async t => {
  const report = at('report')
  execFileSync('mkfifo', [report])
  const reading = promisify(execFile)('cat', [report])
  const run = start([
    ...['simulate', '--peers', '4', '--faults', '1', '--protocol', 'rb-tm', '--steps', '1'],
    ...['--model', 'softmax', '--batch', '4', '--report', report],
  ])
  t.is(JSON.parse((await reading).stdout).command, 'simulate')
  t.is((await run.ended).code, 0)
  t.true((await lstat(report)).isFIFO())
})
