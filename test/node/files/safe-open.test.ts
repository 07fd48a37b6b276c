/** Files are written where they are named, and nowhere else: whatever somebody has put there before. */

import { execFileSync } from 'node:child_process'
import { constants } from 'node:fs'
import { link, lstat, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { createNew, openExisting, writeNew, writeWhole } from '../../../node/files/safe-open.ts'

async function folderOf(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'concord-safe-open-'))
  t.teardown(() => rm(folder, { recursive: true }))
  return folder
}

const fifo = (path: string) => execFileSync('mkfifo', [path])
const modeOf = async (path: string) => (await stat(path)).mode & 0o777

test('a new file is not made through a link, be its target there or not', async t => {
  const folder = await folderOf(t)
  const [victim, planted, dangling] = ['victim', 'planted', 'dangling'].map(name => join(folder, name))
  await writeFile(victim!, 'mine')
  await symlink(victim!, planted!)
  await symlink(join(folder, 'nowhere'), dangling!)
  for (const path of [victim!, planted!, dangling!]) {
    await t.throwsAsync(createNew(path), { code: 'EEXIST' })
    await t.throwsAsync(writeNew(path, 'x'), { code: 'EEXIST' })
  }
  t.is(await readFile(victim!, 'utf8'), 'mine')
  t.deepEqual((await readdir(folder)).sort(), ['dangling', 'planted', 'victim'])
})

test('what is there is opened only where its own name stands for a file', async t => {
  const folder = await folderOf(t)
  const [file, planted, pipe] = ['file', 'planted', 'pipe'].map(name => join(folder, name))
  await writeFile(file!, 'mine')
  await symlink(file!, planted!)
  fifo(pipe!)
  const opened = await openExisting(file!)
  t.is(await opened.readFile('utf8'), 'mine')
  await opened.close()
  await t.throwsAsync(openExisting(planted!), { code: 'not-a-file', message: /planted is a symbolic link/ })
  for (const flags of [constants.O_RDONLY, constants.O_WRONLY, constants.O_RDWR])
    await t.throwsAsync(openExisting(pipe!, flags), { code: 'not-a-file', message: /a named pipe/ })
  await t.throwsAsync(openExisting(folder), { code: 'not-a-file', message: /a folder/ })
  await t.throwsAsync(openExisting('/dev/null'), { code: 'not-a-file', message: /a device/ })
  await t.throwsAsync(openExisting(join(folder, 'none')), { code: 'ENOENT' })
})

test('a file is replaced whole; a link, a second name or a pipe in its place is left alone', async t => {
  const folder = await folderOf(t)
  const victim = join(folder, 'victim')
  await writeFile(victim, 'mine')
  for (const plant of [symlink, link, async (_: string, path: string) => fifo(path)]) {
    const path = join(folder, 'out.json')
    await plant(victim, path)
    await writeWhole(path, 'ours')
    t.true((await lstat(path)).isFile())
    t.is(await readFile(path, 'utf8'), 'ours')
    t.is(await readFile(victim, 'utf8'), 'mine')
    await rm(path)
  }
  t.deepEqual(await readdir(folder), ['victim'], 'no draft is left')
})

test('what cannot be put in its place leaves neither a draft nor half a file', async t => {
  const folder = await folderOf(t)
  await t.throwsAsync(writeWhole(folder, 'x'))
  const broken = function* (): Generator<Uint8Array> {
    yield new Uint8Array(10)
    throw new Error('no more')
  }
  await t.throwsAsync(writeNew(join(folder, 'new'), broken()), { message: 'no more' })
  await t.throwsAsync(writeWhole(join(folder, 'old'), broken()), { message: 'no more' })
  t.deepEqual(await readdir(folder), [])
})

test('content is text, bytes or pieces; a name of 255 bytes has room for its draft', async t => {
  const folder = await folderOf(t)
  const pieces = [Uint8Array.of(1, 2), Uint8Array.of(3)]
  const path = join(folder, `${'ü'.repeat(127)}x`)
  await writeWhole(path, pieces)
  t.deepEqual([...(await readFile(path))], [1, 2, 3])
  await writeWhole(path, Uint8Array.of(4))
  t.deepEqual([...(await readFile(path))], [4])
})

test('permissions that are asked for are exact; others follow the umask', async t => {
  const folder = await folderOf(t)
  const module = new URL('../../../node/files/safe-open.ts', import.meta.url)
  // A thread cannot set its process's umask.
  const write = (umask: string, options: string) => {
    const code = `import { writeWhole } from '${module}'; await writeWhole('file', 'x', ${options})`
    execFileSync(
      'sh',
      ['-c', `umask ${umask}; exec "$0" --input-type=module -e "$1"`, process.execPath, code],
      {
        cwd: folder,
      },
    )
    return modeOf(join(folder, 'file'))
  }
  t.is(await write('0277', '{ mode: 0o600 }'), 0o600)
  t.is(await write('0027', '{}'), 0o640)
})
