/** The file log beyond the contract of storage: what was torn is cut, a full disk is said, one process a directory. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { openFileLog } from '../../../node/storage/index.ts'
import { bytes, synced, temporary, texts } from './support.ts'

test('many records and large ones go out in one sync', async t => {
  const directory = await temporary(t)
  const log = await openFileLog(directory)
  const large = new Uint8Array(3_000_000).map((_, i) => i)
  for (let i = 0; i < 2500; i++) log.append(bytes(`record ${i}`))
  log.append(large)
  let called = 0
  for (let i = 0; i < 10; i++) log.sync({ entries: 1, step: 1 }, () => called++)
  await synced(log)
  t.is(called, 10)
  await log.close()
  const again = await openFileLog(directory)
  t.is(again.recovered.length, 2501)
  t.is(texts(again)[2499], 'record 2499')
  t.deepEqual(new Uint8Array(again.recovered[2500]!), large)
  await again.close()
})

test('a rewrite makes the log smaller, and leaves no other file', async t => {
  const directory = await temporary(t)
  const log = await openFileLog(directory)
  for (let i = 0; i < 100; i++) log.append(bytes('old'))
  await synced(log)
  const before = log.sizeBytes
  log.append(bytes('superseded'))
  log.rewrite(bytes('checkpoint'), [bytes('open slot')])
  log.append(bytes('after'))
  await synced(log)
  t.true(log.sizeBytes < before)
  log.append(bytes('later'))
  await synced(log)
  await log.close()
  t.deepEqual(await readdir(directory), ['peer.log', 'peer.mark'])
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
    log.sync({ entries: 1, step: 1 }, first => {
      log.append(new Uint8Array(1))
      log.sync({ entries: 2, step: 1 }, second => console.log(JSON.stringify([first?.code, second?.code, first?.message])))
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
