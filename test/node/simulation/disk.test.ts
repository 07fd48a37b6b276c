/** Disks of the simulated world beyond the contract of storage: what a crash leaves, and what a bad disk does. */
import test from 'ava'
import { NO_WATERMARK } from '../../../node/ports.ts'
import { createDisk } from '../../../node/simulation/disk.ts'
import { createWorld } from '../../../node/simulation/world.ts'

test('a disk keeps synced records, and as many of the others as the crash leaves', t => {
  const world = createWorld()
  const disk = createDisk({ after: world.after, syncMs: () => 2 })
  const write = (bytes: number[]) => {
    const log = disk.open()
    for (const byte of bytes) log.append(Uint8Array.of(byte))
    return log
  }
  const contents = () => disk.open().recovered.map(record => record[0])
  write([1, 2]).sync(NO_WATERMARK, error => t.is(error, undefined))
  world.runSync()
  disk.crash(() => 0)
  t.deepEqual(contents(), [1, 2])
  write([3, 4, 5]).sync(NO_WATERMARK, () => t.fail('the peer died before the sync was done'))
  disk.crash(count => Math.floor(count / 2))
  world.runSync()
  t.deepEqual(contents(), [1, 2, 3])
  const log = disk.open()
  log.rewrite(Uint8Array.of(9), [])
  disk.crash(() => 1)
  t.deepEqual(contents(), [1, 2, 3], 'a rewrite that was not synced never happened')
})

test('a sync that a rewrite overtakes still keeps the records that it began with', t => {
  const world = createWorld()
  let syncMs = 2
  const disk = createDisk({ after: world.after, syncMs: () => syncMs })
  const contents = () => disk.open().recovered.map(record => record[0])
  const log = disk.open()
  log.append(Uint8Array.of(1))
  log.sync(NO_WATERMARK, () => {})
  log.rewrite(Uint8Array.of(8), [])
  log.append(Uint8Array.of(9))
  world.runSync()
  disk.crash(() => 0)
  t.deepEqual(contents(), [1], 'the rewrite itself was not synced')
  const again = disk.open()
  again.append(Uint8Array.of(2))
  again.sync(NO_WATERMARK, () => {})
  again.rewrite(Uint8Array.of(8), [])
  syncMs = 1
  again.sync(NO_WATERMARK, () => {})
  world.runSync()
  disk.crash(() => 0)
  t.deepEqual(contents(), [8], 'a later sync that ended first is not undone')
})

test('the watermark is that of the last sync that ended, and outlives the log', t => {
  const world = createWorld()
  const disk = createDisk({ after: world.after, syncMs: () => 2 })
  const log = disk.open()
  for (const entries of [1, 2, 3]) {
    log.append(Uint8Array.of(entries))
    log.sync({ entries, step: entries }, () => {})
    if (entries < 3) world.runSync()
  }
  disk.crash(() => 1)
  t.deepEqual(disk.open().recovered.length, 3, 'the crash kept unsynced records')
  t.deepEqual(disk.open().watermark, { entries: 2, step: 2 }, 'it is never ahead of the log')
  disk.restore(0)
  t.deepEqual(
    disk.open().recovered.map(record => record[0]),
    [1],
    'the oldest of all states',
  )
  t.deepEqual(disk.open().watermark, { entries: 2, step: 2 })
  disk.lose()
  t.deepEqual(disk.open().watermark, NO_WATERMARK)
})

test('a flipped bit leaves a torn or damaged log, as on a real disk, until the user forgets the log', t => {
  const world = createWorld()
  const disk = createDisk({ after: world.after, syncMs: () => 0 })
  const log = disk.open()
  for (const entries of [1, 2, 3]) {
    log.append(new Uint8Array(100).fill(entries))
    log.sync({ entries, step: 1 }, () => {})
    world.runSync()
  }
  disk.crash(() => 0)
  t.false(disk.flip(0.99), 'nothing lies behind the last record')
  t.is(disk.open().recovered.length, 2)
  t.false(disk.flip(0.3), 'it is refused, not cut')
  t.throws(() => disk.open(), { code: 'storage-damaged' })
  disk.forget()
  t.is(disk.open().recovered.length, 0)
  t.is(disk.open().watermark?.entries, 3)
  disk.forget()
})

for (const vectorsApart of [false, true])
  test(`older states are forgotten by their bytes, and the newest stays${vectorsApart ? ', with vectors beside the log' : ''}`, t => {
    const world = createWorld()
    const disk = createDisk({ after: world.after, syncMs: () => 0, vectorsApart, historyBytesMax: 10_000 })
    const log = disk.open()
    const places = log.vectors?.(1000) ?? null
    for (let state = 1; state <= 100; state++) {
      if (places !== null) {
        places.put(new Uint8Array(990).fill(state))
        log.append(new Uint8Array(10).fill(state))
      } else log.append(new Uint8Array(1000).fill(state))
      log.sync(NO_WATERMARK, () => {})
      world.runSync()
    }
    const copies = [0, 0.999].map(fraction => disk.copyAt(fraction)!)
    t.deepEqual(
      copies.map(({ records }) => records.length),
      [91, 100],
      'ten states of 1000 bytes',
    )
    t.is(copies[0]!.places.size, vectorsApart ? 91 : 0)
    const huge = createDisk({ after: world.after, syncMs: () => 0, historyBytesMax: 10 })
    const other = huge.open()
    other.append(new Uint8Array(1000))
    other.sync(NO_WATERMARK, () => {})
    world.runSync()
    t.is(huge.copyAt(0)?.records.length, 1, 'the newest state stays, however large it is')
  })
