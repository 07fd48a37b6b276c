/** What a person names for a result: files are replaced whole, links never followed, pipes and devices written to. */

import { execFile, execFileSync } from 'node:child_process'
import { lstat, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { whyNoOutput, writeOutput } from '../../../node/files/output.ts'

async function folderOf(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'concord-output-'))
  t.teardown(() => rm(folder, { recursive: true }))
  return folder
}

test('a file is replaced; of a link only the link', async t => {
  const folder = await folderOf(t)
  const [path, target] = [join(folder, 'out.json'), join(folder, 'target')]
  await writeOutput(path, 'one')
  await writeOutput(path, 'two')
  t.is(await readFile(path, 'utf8'), 'two')
  await rm(path)
  await writeFile(target, 'mine')
  await symlink(target, path)
  t.is(await whyNoOutput(path), null)
  await writeOutput(path, 'three')
  t.true((await lstat(path)).isFile())
  t.is(await readFile(target, 'utf8'), 'mine')
  t.deepEqual((await readdir(folder)).sort(), ['out.json', 'target'])
})

test('a named pipe gives it to its reader, and stays a pipe', async t => {
  const path = join(await folderOf(t), 'pipe')
  execFileSync('mkfifo', [path])
  const content = 'x'.repeat(200_000)
  const reading = promisify(execFile)('cat', [path], { maxBuffer: 2 ** 20 })
  t.is(await whyNoOutput(path), null, 'and its reader is not sent away by the question')
  await writeOutput(path, [Buffer.from(content), Buffer.from('end')])
  t.is((await reading).stdout, `${content}end`)
  t.true((await lstat(path)).isFIFO())
})

test('a named pipe that nobody reads is told before and after, and holds up no thread', async t => {
  const path = join(await folderOf(t), 'pipe')
  execFileSync('mkfifo', [path])
  t.regex((await whyNoOutput(path))!, /^it is a named pipe that nobody reads; expected one with a reader/)
  await t.throwsAsync(writeOutput(path, 'x'), { code: 'no-reader', message: /named pipe that nobody reads/ })
  t.true((await lstat(path)).isFIFO())
})

test('a reader that goes before the end is told as the system tells it', async t => {
  const path = join(await folderOf(t), 'pipe')
  execFileSync('mkfifo', [path])
  const reading = promisify(execFile)('head', ['-c', '5', path])
  await t.throwsAsync(writeOutput(path, 'x'.repeat(1_000_000)), { code: 'EPIPE' })
  t.is((await reading).stdout, 'xxxxx')
})

test('a device such as /dev/null is written to, never replaced', async t => {
  for (const path of ['/dev/null', '/dev/zero']) {
    t.is(await whyNoOutput(path), null)
    await writeOutput(path, 'x')
    t.true((await lstat(path)).isCharacterDevice())
  }
  await t.throwsAsync(writeOutput('/dev/full', 'x'), { code: 'ENOSPC' })
})

test('what this process was given is written to: a pipe, a socket, a file that goes on', async t => {
  const folder = await folderOf(t)
  const module = new URL('../../../node/files/output.ts', import.meta.url).href
  const code = `import { whyNoOutput, writeOutput } from '${module}'
    console.log('before'); console.error(await whyNoOutput(process.argv[1]))
    await writeOutput(process.argv[1], 'content')`
  const args = ['--input-type=module', '-e', code]
  // From here its output is a socket, whose name cannot be opened again.
  for (const path of ['/dev/stdout', '/dev/fd/1', '/proc/self/fd/1']) {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [...args, path])
    t.is(stdout, 'before\ncontent')
    t.is(stderr, 'null\n')
  }
  const shell = (line: string) =>
    promisify(execFile)('bash', ['-c', line, process.execPath, code], { cwd: folder })
  const node = '"$0" --input-type=module -e "$1"'
  await shell(`echo first > file; ${node} /dev/stdout >> file`)
  t.is(await readFile(join(folder, 'file'), 'utf8'), 'first\nbefore\ncontent')
  await shell(`echo first > file; ${node} /dev/fd/3 3>> file`)
  t.is(await readFile(join(folder, 'file'), 'utf8'), 'first\ncontent')
  t.is((await shell(`${node} >(cat >&2) | cat`)).stdout, 'before\n')
})

test('a folder, a socket and a place that is not there are told before and after', async t => {
  const folder = await folderOf(t)
  const socket = join(folder, 'socket')
  const server = createServer().listen(socket)
  t.teardown(() => server.close())
  await new Promise(resolve => {
    server.once('listening', resolve)
  })
  t.regex((await whyNoOutput(folder))!, /^it is a folder; expected a file/)
  t.regex((await whyNoOutput(socket))!, /^it is a socket; expected a file/)
  t.regex((await whyNoOutput(join(folder, 'none', 'x')))!, /^there is no folder .*none; expected a file/)
  await t.throwsAsync(writeOutput(socket, 'x'), { code: 'not-a-file', message: /is a socket/ })
  await t.throwsAsync(writeOutput(folder, 'x'), { code: 'not-a-file', message: /is a folder/ })
})
