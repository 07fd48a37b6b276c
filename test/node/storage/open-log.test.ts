/** Opening a log: who may write there, links in the place of files, what is damaged, and what the operator chooses. */
import { chmod, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import type { FileLog } from '../../../node/storage/index.ts'
import { openFileLog } from '../../../node/storage/index.ts'
import { HEAD_BYTES } from '../../../node/storage/records.ts'
import { bytes, journalOn, synced, temporary, texts } from './support.ts'

const log = 'peer.log'
const mark = 'peer.mark'

/** A log of these records, each synced by itself. */
async function written(directory: string, ...records: readonly string[]): Promise<void> {
  const storage = await openFileLog(directory)
  for (const record of records) {
    storage.append(bytes(record))
    await synced(storage)
  }
  await storage.close()
}

async function flip(path: string, at: number): Promise<void> {
  const content = await readFile(path)
  content[at]! ^= 4
  await writeFile(path, content)
}

const closing = async <T>(opened: FileLog, of: (opened: FileLog) => T): Promise<T> => {
  try {
    return of(opened)
  } finally {
    await opened.close()
  }
}

test('a link planted where the new log is written is not followed', async t => {
  const directory = await temporary(t)
  const target = join(directory, 'letters.txt')
  await writeFile(target, 'my letters')
  await symlink(target, join(directory, `${log}.new`))
  const storage = await openFileLog(directory)
  await symlink(target, join(directory, `${log}.new`))
  storage.rewrite(bytes('checkpoint'), [])
  await synced(storage)
  await storage.close()
  t.is(await readFile(target, 'utf8'), 'my letters')
  t.deepEqual(await closing(await openFileLog(directory), texts), ['checkpoint'])
})

test('a link in the place of the log or of the watermark is refused', async t => {
  for (const name of [log, mark]) {
    const directory = await temporary(t)
    const elsewhere = join(await temporary(t), name)
    await writeFile(elsewhere, '')
    await symlink(elsewhere, join(directory, name))
    await t.throwsAsync(openFileLog(directory), { code: 'not-a-file', message: new RegExp(name) })
    t.is(await readFile(elsewhere, 'utf8'), '')
  }
})

test('a link in the place of the lock, to nothing, is refused at once', async t => {
  const directory = await temporary(t)
  await symlink(join(directory, 'nothing'), join(directory, `${log}.lock`))
  await t.throwsAsync(openFileLog(directory), { code: 'not-a-file', message: /peer\.log\.lock/ })
})

test('a directory that others may write is refused, and one that is made is for its user alone', async t => {
  const directory = join(await temporary(t), 'state')
  await (await openFileLog(directory)).close()
  for (const mode of [0o770, 0o702]) {
    await chmod(directory, mode)
    await t.throwsAsync(openFileLog(directory), {
      code: 'storage-unsafe',
      message: /may be written by others .*chmod go-w/,
    })
  }
  await chmod(directory, 0o755)
  await (await openFileLog(directory)).close()
})

test('a damaged record with good ones behind it is refused, and left as it is', async t => {
  const directory = await temporary(t)
  await written(directory, 'one', 'two', 'three')
  await flip(join(directory, log), HEAD_BYTES + 25)
  const before = await readFile(join(directory, log))
  const { message } = (await t.throwsAsync(openFileLog(directory), { code: 'storage-damaged' }))!
  t.true(message.includes(`${join(directory, log)} is damaged at byte ${HEAD_BYTES}:`), message)
  t.regex(message, /2 good records follow it/)
  t.regex(message, /start with --forget, which moves the file aside/)
  t.deepEqual(await readFile(join(directory, log)), before)
})

test('--forget moves a damaged log aside, never over another, and keeps the watermark', async t => {
  const directory = await temporary(t)
  for (const aside of ['peer.log.bad-1', 'peer.log.bad-2']) {
    await written(directory, 'one', 'two', 'three')
    await flip(join(directory, log), HEAD_BYTES + 25)
    const damaged = await readFile(join(directory, log))
    const storage = await openFileLog(directory, { forget: true })
    t.deepEqual(texts(storage), [])
    t.true((storage.watermark?.entries ?? 0) > 0)
    t.true(storage.notes.join().includes(`is now ${join(directory, aside)}`))
    await storage.close()
    t.deepEqual(await readFile(join(directory, aside)), damaged)
  }
  t.deepEqual((await readdir(directory)).sort(), [log, 'peer.log.bad-1', 'peer.log.bad-2', mark])
})

test('--forget forgets nothing that can be read', async t => {
  const directory = await temporary(t)
  await written(directory, 'one')
  const storage = await openFileLog(directory, { forget: true })
  t.deepEqual(texts(storage), ['one'])
  t.regex(storage.notes.join(), /--forget was not needed/)
  await storage.close()
})

test('a log of format 1 is refused in words', async t => {
  const directory = await temporary(t)
  await writeFile(join(directory, log), 'concord log 1\n\u0001\u0000\u0000\u0000abcdx')
  await t.throwsAsync(openFileLog(directory), {
    code: 'storage-outdated',
    message: /format 1.*reads format 2.*--forget/,
  })
})

test('a first line with a flipped bit is damage, not another file', async t => {
  const directory = await temporary(t)
  await written(directory, 'one')
  await flip(join(directory, log), 3)
  await t.throwsAsync(openFileLog(directory), {
    code: 'storage-damaged',
    message: /at byte 0: its first line/,
  })
})

test('either copy of the first record of a rewritten log is enough, and it is said', async t => {
  const directory = await temporary(t)
  const storage = await openFileLog(directory)
  storage.rewrite(bytes('checkpoint'), [bytes('open slot')])
  await synced(storage)
  storage.append(bytes('later'))
  await synced(storage)
  await storage.close()
  await flip(join(directory, log), HEAD_BYTES + 26)
  const opened = await openFileLog(directory)
  t.deepEqual(texts(opened), ['checkpoint', 'open slot', 'later'])
  t.regex(opened.notes.join(), /whose other copy is good/)
  t.is(opened.cutBytes, 0)
  await opened.close()
})

test('a torn tail is cut and said', async t => {
  const directory = await temporary(t)
  await written(directory, 'one')
  const path = join(directory, log)
  await writeFile(path, Buffer.concat([await readFile(path), Buffer.from('torn')]))
  const opened = await openFileLog(directory)
  t.is(opened.cutBytes, 4)
  t.regex(opened.notes.join(), /the last 4 bytes are torn/)
  await opened.close()
  t.deepEqual(await closing(await openFileLog(directory), ({ notes }) => notes), [])
})

test('one damaged cell of the watermark costs nothing; two, or no file, are said until something is written', async t => {
  const directory = await temporary(t)
  await written(directory, 'one', 'two', 'three')
  const path = join(directory, mark)
  const newest = await closing(await openFileLog(directory), ({ watermark }) => watermark!.entries)
  await flip(path, 20)
  const once = await openFileLog(directory)
  t.true(once.watermark!.entries <= newest)
  t.regex(once.notes.join(), /one of its two copies cannot be read/)
  await once.close()
  await flip(path, 4096 + 20)
  for (let start = 0; start < 2; start++)
    t.is(await closing(await openFileLog(directory), ({ watermark }) => watermark), null)
  await rm(path)
  for (let start = 0; start < 2; start++)
    t.is(await closing(await openFileLog(directory), ({ watermark }) => watermark), null)
  await written(directory, 'four')
  t.true((await closing(await openFileLog(directory), ({ watermark }) => watermark!.entries)) > newest)
})

test('an older copy of the log, put back on the real disk, is found out at each start until its peer writes', async t => {
  const directory = await temporary(t)
  const sync = (journal: ReturnType<typeof journalOn>) =>
    new Promise<void>(resolve => journal.sync(() => resolve()))
  const say = async (journal: ReturnType<typeof journalOn>, step: number) => {
    const slot = { step, phase: 'gradient', iteration: 0, sender: 0 } as const
    const isSaid = journal.record({
      kind: 'vector',
      slot,
      sealed: journal.seal(slot, Float32Array.of(step, 0)),
    })
    await sync(journal)
    return isSaid
  }
  const first = await openFileLog(directory)
  const journal = journalOn(first)
  await say(journal, 1)
  const old = await readFile(join(directory, log))
  await say(journal, 2)
  await first.close()
  await writeFile(join(directory, log), old)
  for (let start = 0; start < 2; start++) {
    const opened = await openFileLog(directory)
    const later = journalOn(opened)
    t.regex(later.lost!, /lacks 1 of the 2 records/)
    t.is(later.completeFrom(1), 3)
    t.false(await say(later, 2))
    await opened.close()
  }
  const back = await openFileLog(directory)
  const speaking = journalOn(back)
  t.true(await say(speaking, 3))
  await back.close()
  const again = await openFileLog(directory)
  const normal = journalOn(again)
  t.is(normal.lost, null)
  t.is(normal.completeFrom(1), 3, 'what it may have said is remembered as unknown')
  t.false(await say(normal, 2))
  t.deepEqual(
    normal.messages().map(({ slot }) => slot.step),
    [3],
  )
  await again.close()
})

test('why there is no memory is said as it is: set aside as asked, missing, or begun anew since', async t => {
  const directory = await temporary(t)
  const path = join(directory, log)
  const first = await openFileLog(directory)
  const journal = journalOn(first)
  for (const step of [1, 2]) {
    const slot = { step, phase: 'gradient', iteration: 0, sender: 0 } as const
    journal.record({ kind: 'vector', slot, sealed: journal.seal(slot, Float32Array.of(step, 0)) })
    await new Promise<void>(resolve => journal.sync(() => resolve()))
  }
  await first.close()
  t.is(journal.lost, null, 'a first start has lost nothing')
  await flip(path, HEAD_BYTES + 25)
  const lostAt = async (forget: boolean) =>
    closing(await openFileLog(directory, { forget }), opened => journalOn(opened).lost!)
  const forgotten = await lostAt(true)
  t.regex(forgotten, /^As --forget asked, .* asks the others, and says nothing in the steps up to 2,/)
  t.notRegex(forgotten, /lacks|damaged|older copy/)
  t.regex(await lostAt(false), /lacks 2 of the 2 records .*: it was begun anew, /)
  await rm(path)
  const missing = await lostAt(false)
  t.regex(missing, /^The log is missing, and with it the 2 records .* in the steps up to 2,/)
  t.notRegex(missing, /lacks|damaged|older copy/)
})

test('a directory in the place of the log is refused', async t => {
  const directory = await temporary(t)
  await mkdir(join(directory, log))
  await t.throwsAsync(openFileLog(directory))
})
