/** Files of a size that nobody expects: a log longer than one read takes, and files that are mostly holes. */
import { truncateSync } from 'node:fs'
import { open, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { openFileLog } from '../../../node/storage/index.ts'
import { inspectLog } from '../../../node/storage/inspect.ts'
import { readStart } from '../../../node/storage/read.ts'
import { bytes, synced, temporary, texts } from './support.ts'

/** More than any machine of these tests has memory, and no more than file systems take. */
const TERABYTES = 8 * 2 ** 40

async function oneRecord(directory: string): Promise<void> {
  const storage = await openFileLog(directory)
  storage.append(bytes('one'))
  await synced(storage)
  await storage.close()
}

test('a log that does not fit into memory is refused in words, and moved aside by --forget', async t => {
  const directory = await temporary(t)
  await oneRecord(directory)
  const path = join(directory, 'peer.log')
  truncateSync(path, TERABYTES)
  const refused = { code: 'storage-failed', message: /is 8796093022208 bytes long.*--forget/ }
  await t.throwsAsync(openFileLog(directory), refused)
  await t.throwsAsync(inspectLog(directory), refused)
  const storage = await openFileLog(directory, { forget: true })
  t.deepEqual(texts(storage), [])
  t.regex(storage.notes.join(), /could not be read and is now .*bad-1/)
  await storage.close()
  t.is((await stat(`${path}.bad-1`)).size, TERABYTES)
  t.deepEqual(await readdir(directory), ['peer.log', 'peer.log.bad-1', 'peer.mark'])
})

test('a watermark of any size is read as far as watermarks go', async t => {
  const directory = await temporary(t)
  await oneRecord(directory)
  truncateSync(join(directory, 'peer.mark'), 3 * 2 ** 30)
  t.true((await inspectLog(directory))!.watermark!.entries > 0)
  const storage = await openFileLog(directory)
  t.true(storage.watermark!.entries > 0)
  await storage.close()
})

test('a file is read in pieces, whatever their size, and no further than asked', async t => {
  const path = join(await temporary(t), 'file')
  const content = Buffer.from('what is read in pieces')
  await writeFile(path, content)
  const file = await open(path)
  for (const piece of [1, 7, content.length, 100]) {
    t.deepEqual(await readStart(file, Infinity, piece), content)
    t.deepEqual(await readStart(file, 9, piece), content.subarray(0, 9))
  }
  await file.close()
})
