/** `npm run concord` looks for files where it was called: in a folder of one's own, and in one of the clone. */
import { spawn } from 'node:child_process'
import { copyFile, mkdtemp, readdir, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import test from 'ava'
import type { Ended } from './concord.ts'

const clone = resolve(import.meta.dirname, '../../..')

function npm(cwd: string, args: readonly string[]): Promise<Ended> {
  const { NODE_OPTIONS: _, FORCE_COLOR: __, ...inherited } = process.env
  const child = spawn('npm', args, { cwd, env: inherited })
  const said = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', text => {
      said[stream] += text
    })
  return new Promise(done => child.on('close', code => done({ code, ...said })))
}

test('from a folder of one’s own by --prefix', async t => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'concord-')))
  t.teardown(() => rm(folder, { recursive: true }))
  await copyFile(join(clone, 'docs/examples/vectors.npy'), join(folder, 'mine.npy'))
  const aggregate = ['run', '-s', 'concord', '--', 'aggregate', '--rule', 'cwtm', 'mine.npy', '-o', 'out.npy']
  const { code, stderr } = await npm(folder, ['--prefix', clone, ...aggregate])
  t.is(code, 0, stderr)
  t.deepEqual((await readdir(folder)).sort(), ['mine.npy', 'out.npy'])
})

test('in a folder of the clone, as the shell completes it', async t => {
  const { code, stderr } = await npm(join(clone, 'docs/examples'), [
    ...['run', '-s', 'concord', '--', 'aggregate', '--rule', 'cwtm', 'vectors.npy', '-o', '-'],
  ])
  t.is(code, 0, stderr)
})

test('what another script of npm begins stays where it is begun', async t => {
  const main = join(clone, 'node/cli/main.ts')
  const command = [main, 'aggregate', '--rule', 'cwtm', 'docs/examples/vectors.npy', '-o', '-']
  const env = { npm_lifecycle_event: 'bench', INIT_CWD: tmpdir() }
  const child = spawn(process.execPath, command, {
    cwd: clone,
    env: { ...process.env, ...env },
    stdio: 'ignore',
  })
  t.is(await new Promise(done => child.on('close', done)), 0)
})
