/**
 * The contract of storage. `sync` calls back once, never within the call. After a sync without an error, the records
 * that were written before it come back byte for byte and in order, whatever happens to the process. Of later records a
 * prefix may come back, or nothing. The watermark comes back as the last sync without an error left it. `rewrite`
 * replaces everything or, after a crash before its sync, nothing. After a failed sync every later sync of this opening
 * fails, because the content of the disk is unknown.
 */
import test, { type ExecutionContext } from 'ava'
import { NO_WATERMARK, type Storage, type Watermark } from '../../../node/ports.ts'

interface OpenDisk {
  open(): Promise<Storage>
  /** The process dies, and only synced records are sure to survive. */
  crash(): Promise<void>
  /** Lets the pending work of this disk happen. */
  passing<T>(event: Promise<T>): Promise<T>
  /** From now on every write fails. */
  break(): Promise<void>
  mend(): Promise<void>
}

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))
export const texts = (storage: Storage): string[] =>
  storage.recovered.map(record => Buffer.from(record).toString())

let entries = 0

/** Null, or the error of a sync that begins now, by default with a watermark above all others. */
function synced(
  storage: Storage,
  watermark: Watermark = { entries: ++entries, step: 1 },
): Promise<Error | null> {
  return new Promise(resolve => storage.sync(watermark, error => resolve(error ?? null)))
}

export function storageContract(name: string, make: (t: ExecutionContext) => Promise<OpenDisk>): void {
  syncContract(name, async t => {
    const disk = await make(t)
    return { storage: await disk.open(), passing: disk.passing }
  })
  durabilityContract(name, make)
  placesContract(name, make)
  watermarkContract(name, make)
  failureContract(name, make)
}

/** The part of the contract that storage without a disk keeps too. */
export function syncContract(
  name: string,
  open: (
    t: ExecutionContext,
  ) => Promise<{ readonly storage: Storage; readonly passing: OpenDisk['passing'] }>,
): void {
  test(`${name}: a sync calls back once, and never within the call`, async t => {
    const { storage, passing } = await open(t)
    t.deepEqual(storage.recovered, [])
    let called = 0
    const all = [0, 1, 2].map(
      () =>
        new Promise<void>(resolve =>
          storage.sync(NO_WATERMARK, error => {
            t.is(error, undefined)
            called++
            resolve()
          }),
        ),
    )
    storage.append(bytes('between'))
    t.is(called, 0)
    await passing(Promise.all(all))
    t.is(await passing(synced(storage)), null)
    t.is(called, 3)
  })
}

function durabilityContract(name: string, make: (t: ExecutionContext) => Promise<OpenDisk>): void {
  test(`${name}: synced records come back byte for byte and in order, opening after opening`, async t => {
    const disk = await make(t)
    const large = new Uint8Array(300_000).map((_, i) => i * 7)
    const first = await disk.open()
    const record = bytes('one')
    for (const each of [record, bytes(''), large]) first.append(each)
    t.is(await disk.passing(synced(first)), null)
    record.fill(0)
    first.append(bytes('four'))
    t.is(await disk.passing(synced(first)), null)
    await disk.crash()
    const second = await disk.open()
    t.deepEqual(texts(second).toSpliced(2, 1), ['one', '', 'four'])
    t.deepEqual(new Uint8Array(second.recovered[2]!), large)
    second.append(bytes('five'))
    t.deepEqual(second.recovered.length, 4, 'recovered holds the records of the earlier opening')
    t.is(await disk.passing(synced(second)), null)
    await disk.crash()
    t.deepEqual(texts(await disk.open()).slice(3), ['four', 'five'])
  })

  test(`${name}: of unsynced records a prefix comes back, or none`, async t => {
    const disk = await make(t)
    const written = ['kept', 'a', 'b', 'c']
    const storage = await disk.open()
    storage.append(bytes('kept'))
    await disk.passing(synced(storage))
    for (const text of written.slice(1)) storage.append(bytes(text))
    await disk.crash()
    const left = texts(await disk.open())
    t.true(left.length >= 1)
    t.deepEqual(left, written.slice(0, left.length))
  })

  test(`${name}: a rewrite replaces all records before it, and none after it`, async t => {
    const disk = await make(t)
    const storage = await disk.open()
    storage.append(bytes('old'))
    await disk.passing(synced(storage))
    storage.append(bytes('superseded'))
    storage.rewrite(bytes('checkpoint'), [bytes('open slot')])
    storage.append(bytes('after'))
    t.is(await disk.passing(synced(storage)), null)
    storage.append(bytes('later'))
    t.is(await disk.passing(synced(storage)), null)
    await disk.crash()
    t.deepEqual(texts(await disk.open()), ['checkpoint', 'open slot', 'after', 'later'])
  })

  test(`${name}: an unsynced rewrite has happened wholly or not at all`, async t => {
    const disk = await make(t)
    const storage = await disk.open()
    for (const text of ['a', 'b']) storage.append(bytes(text))
    await disk.passing(synced(storage))
    storage.rewrite(bytes('new'), [])
    await disk.crash()
    const left = texts(await disk.open())
    t.true(['a b', 'new'].includes(left.join(' ')), left.join(' '))
  })
}

function watermarkContract(name: string, make: (t: ExecutionContext) => Promise<OpenDisk>): void {
  test(`${name}: the watermark is zero at first, and then that of the last sync that ended`, async t => {
    const disk = await make(t)
    const marks = [
      { entries: 2, step: 1 },
      { entries: 5, step: 7 },
      { entries: 9, step: 8 },
    ]
    const first = await disk.open()
    t.deepEqual(first.watermark, NO_WATERMARK)
    for (const text of ['a', 'b']) first.append(bytes(text))
    t.is(await disk.passing(synced(first, marks[0])), null)
    first.rewrite(bytes('c'), [])
    t.is(await disk.passing(synced(first, marks[1])), null)
    first.append(bytes('d'))
    await disk.crash()
    const second = await disk.open()
    t.deepEqual(second.watermark, marks[1], 'unsynced records have not moved it')
    await disk.break()
    second.rewrite(bytes('e'), [])
    t.true((await disk.passing(synced(second, marks[2]))) instanceof Error)
    await disk.mend()
    await disk.crash()
    t.deepEqual((await disk.open()).watermark, marks[1], 'it is never ahead of the log')
  })
}

function failureContract(name: string, make: (t: ExecutionContext) => Promise<OpenDisk>): void {
  test(`${name}: after a failed sync every later one fails, until the disk is opened again`, async t => {
    const disk = await make(t)
    const storage = await disk.open()
    storage.append(bytes('kept'))
    t.is(await disk.passing(synced(storage)), null)
    await disk.break()
    storage.rewrite(bytes('too late'), [])
    const failed = await disk.passing(synced(storage))
    t.true(failed instanceof Error && 'code' in failed)
    await disk.mend()
    storage.append(bytes('later'))
    t.true((await disk.passing(synced(storage))) instanceof Error)
    await disk.crash()
    const again = await disk.open()
    again.append(bytes('new life'))
    t.is(await disk.passing(synced(again)), null)
  })
}

/** Long enough for every implementation to give it a place. */
const PLACE_BYTES = 64 * 2 ** 10

const filled = (value: number) => new Uint8Array(PLACE_BYTES).fill(value)

const readWhole = (storage: Storage, place: number): number[] => {
  const bytes = new Uint8Array(PLACE_BYTES)
  storage.vectors!(PLACE_BYTES)!.read(place, 0, bytes)
  return [...new Set(bytes)]
}

/**
 * Places: what was put before a sync without an error is there byte for byte after a crash, as long as it is not freed;
 * a freed place is used again only after a sync that began behind; a record never survives without what was put before
 * it.
 */
function placesContract(name: string, make: (t: ExecutionContext) => Promise<OpenDisk>): void {
  test(`${name}: a vector in a place comes back whole or in pieces, before the sync and after a crash`, async t => {
    const disk = await make(t)
    const storage = await disk.open()
    const places = storage.vectors!(PLACE_BYTES)!
    places.take([])
    const bytes = new Uint8Array(PLACE_BYTES).map((_, i) => i * 7)
    const place = places.put(bytes)
    const other = places.put(filled(9))
    t.not(place, other)
    const piece = new Uint8Array(100)
    const check = (from: Storage) => {
      from.vectors!(PLACE_BYTES)!.read(place, 5000, piece)
      t.deepEqual(piece, bytes.slice(5000, 5100))
      t.deepEqual(readWhole(from, other), [9])
    }
    check(storage)
    storage.append(new Uint8Array(4))
    t.is(await disk.passing(synced(storage)), null)
    check(storage)
    await disk.crash()
    const again = await disk.open()
    again.vectors!(PLACE_BYTES)!.take([place, other])
    check(again)
  })

  test(`${name}: a freed place is used again after a sync, and no sooner`, async t => {
    const disk = await make(t)
    const storage = await disk.open()
    const places = storage.vectors!(PLACE_BYTES)!
    places.take([])
    const first = places.put(filled(1))
    t.is(await disk.passing(synced(storage)), null)
    places.free(first)
    const second = places.put(filled(2))
    t.not(second, first, 'a crash could still bring a record back that names it')
    t.deepEqual(readWhole(storage, first), [1])
    t.is(await disk.passing(synced(storage)), null)
    t.is(places.put(filled(3)), first)
    t.is(await disk.passing(synced(storage)), null)
    await disk.crash()
    const again = await disk.open()
    const opened = again.vectors!(PLACE_BYTES)!
    opened.take([first])
    t.deepEqual(readWhole(again, first), [3])
    t.is(opened.put(filled(4)), second, 'what is not taken is free')
  })

  test(`${name}: a record that survives has what was put before it`, async t => {
    const disk = await make(t)
    const storage = await disk.open()
    const places = storage.vectors!(PLACE_BYTES)!
    places.take([])
    const put = [5, 6, 7].map(value => {
      const place = places.put(filled(value))
      storage.append(Uint8Array.of(place, value))
      return place
    })
    t.is(new Set(put).size, 3)
    await disk.crash()
    const again = await disk.open()
    again.vectors!(PLACE_BYTES)!.take(put)
    for (const [place, value] of again.recovered) t.deepEqual(readWhole(again, place!), [value])
  })
}
