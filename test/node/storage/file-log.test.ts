/** The file log: what was synced survives, what was torn is cut, a full disk is said. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import type { Storage } from '../../../node/ports.ts'
import { openFileLog } from '../../../node/storage/index.ts'
import { encodeRecord, MAGIC, scanRecords } from '../../../node/storage/records.ts'

const temporary = async (t: { teardown(fn: () => Promise<void>): void }): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), 'concord-log-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  return directory
}
const synced = (storage: Storage): Promise<void> =>
  new Promise((resolve, reject) => storage.sync(error => (error === undefined ? resolve() : reject(error))))
const bytes = (text: string) => new Uint8Array(Buffer.from(text))
const texts = (storage: Storage) => storage.recovered.map(record => Buffer.from(record).toString())

test('records that were synced come back in order', async t => {
  const directory = await temporary(t)
  const first = await openFileLog(directory)
  t.deepEqual(first.recovered, [])
  first.append(bytes('one'))
  first.append(bytes(''))
  await synced(first)
  first.append(bytes('three'))
  await synced(first)
  await first.close()
  const second = await openFileLog(directory)
  t.deepEqual(texts(second), ['one', '', 'three'])
  t.is(second.cutBytes, 0)
  second.append(bytes('four'))
  await synced(second)
  await second.close()
  const third = await openFileLog(directory)
  t.deepEqual(texts(third), ['one', '', 'three', 'four'])
  await third.close()
})

test('records that were never synced are lost', async t => {
  const directory = await temporary(t)
  const log = await openFileLog(directory)
  log.append(bytes('kept'))
  await synced(log)
  log.append(bytes('lost'))
  await log.close()
  const again = await openFileLog(directory)
  t.deepEqual(texts(again), ['kept'])
  await again.close()
})

test('many records and large ones go out in one sync', async t => {
  const directory = await temporary(t)
  const log = await openFileLog(directory)
  const large = new Uint8Array(3_000_000).map((_, i) => i)
  for (let i = 0; i < 2500; i++) log.append(bytes(`record ${i}`))
  log.append(large)
  let called = 0
  for (let i = 0; i < 10; i++) log.sync(() => called++)
  await synced(log)
  t.is(called, 10)
  await log.close()
  const again = await openFileLog(directory)
  t.is(again.recovered.length, 2501)
  t.is(texts(again)[2499], 'record 2499')
  t.deepEqual(new Uint8Array(again.recovered[2500]!), large)
  await again.close()
})

test('rewrite replaces all records, keeps what follows it, and leaves no other file', async t => {
  const directory = await temporary(t)
  const log = await openFileLog(directory)
  for (let i = 0; i < 100; i++) log.append(bytes('old'))
  await synced(log)
  const before = log.sizeBytes
  log.append(bytes('superseded'))
  log.rewrite([bytes('checkpoint'), bytes('open slot')])
  log.append(bytes('after'))
  await synced(log)
  t.true(log.sizeBytes < before)
  log.append(bytes('later'))
  await synced(log)
  await log.close()
  t.deepEqual(await readdir(directory), ['peer.log'])
  const again = await openFileLog(directory)
  t.deepEqual(texts(again), ['checkpoint', 'open slot', 'after', 'later'])
  await again.close()
})

test('a rewrite that was cut off by a crash leaves the old records', async t => {
  const directory = await temporary(t)
  const log = await openFileLog(directory)
  log.append(bytes('old'))
  await synced(log)
  await log.close()
  await writeFile(join(directory, 'peer.log.new'), 'half of a new fi')
  const again = await openFileLog(directory)
  t.deepEqual(texts(again), ['old'])
  await again.close()
})

test('a torn tail is cut, and what is appended then is found again', async t => {
  for (const tail of [
    [1],
    [5, 0, 0, 0, 1, 2, 3, 4, 9],
    new Array<number>(64).fill(0),
    [255, 255, 255, 255, 0, 0, 0, 0],
  ]) {
    const directory = await temporary(t)
    const log = await openFileLog(directory)
    log.append(bytes('good'))
    await synced(log)
    await log.close()
    await appendFile(join(directory, 'peer.log'), Uint8Array.from(tail))
    const cut = await openFileLog(directory)
    t.deepEqual(texts(cut), ['good'])
    t.is(cut.cutBytes, tail.length)
    cut.append(bytes('next'))
    await synced(cut)
    await cut.close()
    const again = await openFileLog(directory)
    t.deepEqual(texts(again), ['good', 'next'])
    await again.close()
  }
})

test('a log cut off at any byte gives a prefix of its records', t => {
  const records = ['', 'a', 'bc', 'def'].map(bytes)
  const ends = [MAGIC.length]
  for (const record of records) ends.push(ends.at(-1)! + 8 + record.length)
  const file = Buffer.concat([MAGIC, ...records.flatMap(encodeRecord)])
  for (let length = 0; length <= file.length; length++) {
    const scan = scanRecords(file.subarray(0, length))
    const whole = Math.max(0, ends.filter(end => end <= length).length - 1)
    t.deepEqual(
      scan?.records.map(record => new Uint8Array(record)),
      records.slice(0, whole),
    )
  }
})

test('a changed byte cuts the log at its record', t => {
  const records = ['first', 'second', 'third'].map(bytes)
  const file = Buffer.concat([MAGIC, ...records.flatMap(encodeRecord)])
  fc.assert(
    fc.property(
      fc.integer({ min: MAGIC.length, max: file.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      (at, change) => {
        const damaged = Buffer.from(file)
        damaged[at]! ^= change
        const whole = [13, 14, 13].reduce(
          (state, size) =>
            state.end + size <= at
              ? { end: state.end + size, count: state.count + 1 }
              : { end: Infinity, count: state.count },
          { end: MAGIC.length, count: 0 },
        ).count
        t.is(scanRecords(damaged)?.records.length, whole)
      },
    ),
  )
})

test('a file that is no log is refused and left alone', async t => {
  const directory = await temporary(t)
  const path = join(directory, 'peer.log')
  await writeFile(path, 'my holiday photographs')
  await t.throwsAsync(openFileLog(directory), { code: 'storage-foreign', message: /not a Concord log/ })
  t.is(await readFile(path, 'utf8'), 'my holiday photographs')
})

test('a log whose creation was cut off is begun anew', async t => {
  const directory = await temporary(t)
  await (await openFileLog(directory)).close()
  await truncate(join(directory, 'peer.log'), 5)
  const log = await openFileLog(directory)
  log.append(bytes('one'))
  await synced(log)
  await log.close()
  const again = await openFileLog(directory)
  t.deepEqual(texts(again), ['one'])
  await again.close()
})

test('a full disk is reported, and by every sync after it', async t => {
  const directory = await temporary(t)
  const log = await openFileLog(directory)
  const size = 200 * 1024
  // A process that may write files of 64 KiB only stands for a disk that is full.
  await log.close()
  const script = `
    import { openFileLog } from ${JSON.stringify(new URL('../../../node/storage/index.ts', import.meta.url).href)}
    process.on('SIGXFSZ', () => {})
    const log = await openFileLog(${JSON.stringify(directory)})
    log.append(new Uint8Array(${size}))
    log.sync(first => {
      log.append(new Uint8Array(1))
      log.sync(second => console.log(JSON.stringify([first?.code, second?.code, first?.message])))
    })`
  const child = spawn('sh', [
    '-c',
    'ulimit -f 64; exec "$0" --input-type=module -e "$1"',
    process.execPath,
    script,
  ])
  let output = ''
  child.stdout.on('data', data => {
    output += data
  })
  await once(child, 'close')
  const [first, second, message] = JSON.parse(output) as string[]
  t.is(first, 'storage-failed')
  t.is(second, 'storage-failed')
  t.regex(message!, /could not write .*peer\.log/)
})

test('a directory belongs to one peer at a time, and to nobody after a crash', async t => {
  const directory = await temporary(t)
  const log = await openFileLog(directory)
  await t.throwsAsync(openFileLog(directory), {
    code: 'storage-locked',
    message: /runs a peer in this directory/,
  })
  await log.close()
  const script = `
    import { openFileLog } from ${JSON.stringify(new URL('../../../node/storage/index.ts', import.meta.url).href)}
    await openFileLog(${JSON.stringify(directory)})
    console.log('open')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script])
  await once(child.stdout, 'data')
  await t.throwsAsync(openFileLog(directory), { code: 'storage-locked' })
  child.kill('SIGKILL')
  await once(child, 'close')
  const taken = await openFileLog(directory)
  t.deepEqual(taken.recovered, [])
  await taken.close()
})
