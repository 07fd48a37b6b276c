/** The control socket of a running peer: it sends the status to its own user, and replaces a leftover socket. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { askStatus, controlPath, openControlSocket } from '../../../node/daemon/control.ts'

async function folder(t: ExecutionContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'concord-'))
  t.teardown(() => rm(path, { recursive: true, force: true }))
  return path
}

test('a client that connects gets the status of this moment', async t => {
  const path = controlPath(await folder(t))
  let step = 1
  const socket = await openControlSocket(path, () => ({ step }))
  t.deepEqual(await askStatus(path), { step: 1 })
  step = 2
  const answers = await Promise.all(Array.from({ length: 5 }, () => askStatus(path)))
  t.true(answers.every(answer => JSON.stringify(answer) === '{"step":2}'))
  t.is((await stat(path)).mode & 0o777, 0o600)
  await t.throwsAsync(
    openControlSocket(path, () => ({})),
    { code: 'control-taken' },
  )
  await socket.close()
  await t.throwsAsync(askStatus(path), { code: 'control-unreachable', message: /no peer runs there/ })
})

test('a socket left behind by a killed process is replaced, and a client that asks before learns of it', async t => {
  const path = controlPath(await folder(t))
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
  await t.throwsAsync(askStatus(path), { code: 'control-unreachable', message: /killed/ })
  const socket = await openControlSocket(path, () => 'mine')
  t.is(await askStatus(path), 'mine')
  await socket.close()
})

test('a path that is too long and an answer that is not a status are clear errors', async t => {
  await t.throwsAsync(
    openControlSocket(`/tmp/${'x'.repeat(200)}`, () => ({})),
    {
      code: 'control-path',
      message: /too long.*--control/,
    },
  )
  const path = controlPath(await folder(t))
  const server = createServer(socket => socket.end('{"half":')).listen(path)
  await once(server, 'listening')
  await t.throwsAsync(askStatus(path), { code: 'control-unreachable' })
  server.close()
})

test('a file that is not a socket, and the socket of another program, stay where they are', async t => {
  const directory = await folder(t)
  const refused = (path: string, code: string, message: RegExp) =>
    t.throwsAsync(
      openControlSocket(path, () => ({})),
      { code, message },
    )
  const key = join(directory, 'alice.pem')
  await writeFile(key, 'a key')
  await refused(key, 'control-path', /alice\.pem is a file, and stays.*--control/)
  t.is(await readFile(key, 'utf8'), 'a key')
  const inner = join(directory, 'inner')
  await mkdir(inner)
  await refused(inner, 'control-path', /is a folder, and stays/)
  const link = join(directory, 'link')
  await symlink(key, link)
  await refused(link, 'control-path', /is a symbolic link, and stays/)
  t.is(await readlink(link), key)
  const path = controlPath(directory)
  const server = createServer(socket => socket.on('error', () => {}).end('not JSON')).listen(path)
  await once(server, 'listening')
  await refused(path, 'control-taken', /belongs to a running process/)
  t.true((await stat(path)).isSocket())
  server.close()
})
