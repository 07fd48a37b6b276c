/** Folders are made, or it is said in words why not. */
import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { makeFolder, whyNotWritten } from '../../../node/files/make-folder.ts'

async function folder(t: ExecutionContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'concord-make-folder-'))
  t.teardown(() => rm(path, { recursive: true }))
  return path
}

test('a folder and those above it are made, with the mode that was asked for; making it again changes nothing', async t => {
  const path = join(await folder(t), 'a', 'b', 'c')
  await Promise.all([
    makeFolder(path, 0o700),
    makeFolder(path, 0o700),
    makeFolder(join(path, '..', 'd'), 0o700),
  ])
  await makeFolder(path)
  for (const each of [path, join(path, '..'), join(path, '..', '..')])
    t.is((await stat(each)).mode & 0o777, 0o700)
})

test('many that make folders at once under one that is missing do not stand in each other’s way', async t => {
  const place = await folder(t)
  for (let round = 0; round < 60; round++)
    await t.notThrowsAsync(
      Promise.all(
        Array.from({ length: 12 }, (_, i) =>
          makeFolder(join(place, `${round}`, `${i % 2}`, `${i % 3}`, `${i}`)),
        ),
      ),
    )
})

test('a link to a folder is one; a file, and a link to nothing, are none', async t => {
  const place = await folder(t)
  await symlink(place, join(place, 'link'))
  await makeFolder(join(place, 'link'))
  await makeFolder(join(place, 'link', 'in'))
  await writeFile(join(place, 'file'), '')
  await symlink(join(place, 'nothing'), join(place, 'dangling'))
  for (const name of ['file', 'dangling']) {
    const error = await t.throwsAsync(makeFolder(join(place, name)))
    t.is(whyNotWritten(error), 'a file is where a folder must be (EEXIST)')
  }
  const below = await t.throwsAsync(makeFolder(join(place, 'file', 'x', 'y')))
  t.is(whyNotWritten(below), 'a file is where a folder must be (ENOTDIR)')
})

test('a folder in which none can be made: the first that is refused ends it', async t => {
  // Node's own `recursive` goes round in circles here until its memory is used up.
  const error: NodeJS.ErrnoException = await t.throwsAsync(makeFolder('/proc/concord/state'))
  t.regex(whyNotWritten(error), /\(E\w+\)$/)
})

test('read-only, forbidden and full are told apart; the system has the last word', t => {
  const say = (code: string) =>
    whyNotWritten(Object.assign(new Error(`${code}: as the system says`), { code }))
  t.is(say('EROFS'), 'the file system is read-only (EROFS)')
  t.is(say('EACCES'), 'this user may not write there (EACCES)')
  t.is(say('ENOSPC'), 'the disk is full (ENOSPC)')
  t.is(say('EIO'), 'EIO: as the system says')
})
