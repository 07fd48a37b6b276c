/** The drawn digits on disk: the same pixels as drawn, and never others, whatever is found in their place. */
import { mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { digits, digitsFrom } from '../../../learning/data/digits.ts'
import { digitsFile, readDigits } from '../../../learning/data/digits-file.ts'
import { keepDigits } from '../../../node/data/drawn-digits.ts'

async function folderOf(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'concord-'))
  t.teardown(() => rm(folder, { recursive: true }))
  return folder
}

test('what is read is what is drawn', async t => {
  const folder = await folderOf(t)
  t.is(await readDigits(folder), null)
  await Promise.all([keepDigits(folder), keepDigits(folder)]) // two processes at once
  t.deepEqual(await readdir(folder), [digitsFile(folder).slice(folder.length + 1)])
  const read = digitsFrom((await readDigits(folder))!)
  const drawn = digits()
  const some = [0, 9_999, 41, 41]
  for (const [a, b] of [
    [read.train(some), drawn.train(some)],
    [read.test(), drawn.test()],
  ] as const) {
    t.true(Buffer.from(a.examples).equals(Buffer.from(b.examples)))
    t.deepEqual({ ...a, examples: null }, { ...b, examples: null })
  }
  t.deepEqual(read.trainLabels, drawn.trainLabels)
})

test('a damaged file, a short one and a link are not read, and the file is made anew', async t => {
  const folder = await folderOf(t)
  await keepDigits(folder)
  const path = digitsFile(folder)
  const right = await readFile(path)
  const spoilt = Buffer.from(right)
  spoilt[5_000_000]! ^= 1
  const elsewhere = join(await folderOf(t), 'planted')
  await writeFile(elsewhere, right)
  for (const spoil of [
    () => writeFile(path, spoilt),
    () => truncate(path, right.length - 1),
    () => rm(path).then(() => symlink(elsewhere, path)),
  ]) {
    await spoil()
    t.is(await readDigits(folder), null)
  }
  await keepDigits(folder)
  t.true((await readFile(path)).equals(right))
  t.true((await readFile(elsewhere)).equals(right), 'a link is replaced, and what it points at is left alone')
})

test('where nothing can be written nothing is said, and the digits are drawn', async t => {
  const file = join(await folderOf(t), 'file')
  await writeFile(file, '')
  await t.notThrowsAsync(keepDigits(file))
  t.is(await readDigits(null), null)
  await t.notThrowsAsync(keepDigits(null))
})
