/** The digest of a member's own data: of the content, of names and places in a folder, and of nothing else. */
import { createHash } from 'node:crypto'
import { cp, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { DataError } from '../../../learning/data/dataset.ts'
import { PIECE_BYTES } from '../../../learning/data/read-file.ts'
import { digestOfData } from '../../../node/data/data-digest.ts'
import { foldersOf } from '../../learning/data/images.ts'
import { directoryOf } from '../../learning/data/support.ts'

test('of a file: the SHA-256 of its bytes, read in pieces, whatever its name and time', async t => {
  const bytes = Buffer.alloc(PIECE_BYTES + 7, 'a,b\n')
  const folder = await directoryOf(t, { 'ours.csv': bytes })
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  t.deepEqual(await digestOfData(join(folder, 'ours.csv')), { sha256, files: 1, bytes: bytes.length })
  await rename(join(folder, 'ours.csv'), join(folder, 'theirs.csv'))
  await utimes(join(folder, 'theirs.csv'), 1, 1)
  t.is((await digestOfData(join(folder, 'theirs.csv'))).sha256, sha256)
})

test('of a folder: it changes with every image, name and class, and with nothing else', async t => {
  const files = { 'cat/1.png': 'one', 'cat/2.png': 'two', 'dog/1.jpg': 'three' }
  const folder = await foldersOf(t, files)
  const first = await digestOfData(folder)
  t.like(first, { files: 3, bytes: 11 })
  const copy = `${await foldersOf(t, {})}/copy`
  await cp(folder, copy, { recursive: true })
  t.deepEqual(await digestOfData(copy), first)
  await writeFile(join(copy, 'cat', '.DS_Store'), 'x')
  t.deepEqual(await digestOfData(copy), first)
  const digests = new Set([first.sha256])
  const changes: readonly (() => Promise<void>)[] = [
    () => writeFile(join(copy, 'cat/1.png'), 'eno'),
    () => rename(join(copy, 'cat/1.png'), join(copy, 'cat/3.png')),
    () => rename(join(copy, 'cat/2.png'), join(copy, 'dog/2.png')),
    () => rm(join(copy, 'dog/1.jpg')),
    () => writeFile(join(copy, 'cat/4.png'), ''),
  ]
  for (const [i, change] of changes.entries()) {
    await change()
    digests.add((await digestOfData(copy)).sha256)
    t.is(digests.size, i + 2)
  }
})

test('bytes that move from one image to the next are a change', async t => {
  const [one, other] = await Promise.all([
    foldersOf(t, { 'a/1.png': 'xy', 'a/2.png': 'z' }),
    foldersOf(t, { 'a/1.png': 'x', 'a/2.png': 'yz' }),
  ])
  t.not((await digestOfData(one)).sha256, (await digestOfData(other)).sha256)
})

test('data that cannot be read is named', async t => {
  await t.throwsAsync(digestOfData('/nowhere/ours.csv'), {
    instanceOf: DataError,
    message: /^\/nowhere\/ours\.csv: cannot be read \(ENOENT/,
  })
})
