/**
 * What every storage must do. `sync` calls back once, never within the call. After one that began behind them and
 * brought no error, records come back byte for byte and in order, whatever becomes of the process; of later ones some
 * first part may come back, or nothing. The watermark comes back as the last sync that ended without error left it.
 * `rewrite` replaces everything or, after a crash before its sync, nothing. After a sync that failed, every later one
 * of this opening fails: nobody knows what the disk has.
 */
import test, { type ExecutionContext } from 'ava'
import { NO_WATERMARK, type Storage, type Watermark } from '../../../node/ports.ts'

interface OpenDisk {
  open(): Promise<Storage>
  /** The process dies, and nothing that was not synced is sure to be there. */
  crash(): Promise<void>
  /** Lets what was asked for happen, as it does for this disk. */
  passing<T>(event: Promise<T>): Promise<T>
  /** From now on writing fails. */
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
  watermarkContract(name, make)
  failureContract(name, make)
}

/** The part that a storage which remembers nothing keeps as well. */
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
  test(`${name}: records that were synced come back byte for byte and in order, life after life`, async t => {
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
    t.deepEqual(second.recovered.length, 4, 'recovered is what the earlier life left')
    t.is(await disk.passing(synced(second)), null)
    await disk.crash()
    t.deepEqual(texts(await disk.open()).slice(3), ['four', 'five'])
  })

  test(`${name}: of records that were not synced a first part comes back, or none`, async t => {
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

  test(`${name}: a rewrite replaces all before it, and nothing after it`, async t => {
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

  test(`${name}: a rewrite that was not synced has happened wholly or not at all`, async t => {
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
  test(`${name}: the watermark is zeros at first, and then as the last sync that ended left it`, async t => {
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
    t.deepEqual(second.watermark, marks[1], 'what was not synced has not moved it')
    await disk.break()
    second.rewrite(bytes('e'), [])
    t.true((await disk.passing(synced(second, marks[2]))) instanceof Error)
    await disk.mend()
    await disk.crash()
    t.deepEqual((await disk.open()).watermark, marks[1], 'it is never ahead of the log')
  })
}

function failureContract(name: string, make: (t: ExecutionContext) => Promise<OpenDisk>): void {
  test(`${name}: after a sync that failed every later one fails, until the disk is opened anew`, async t => {
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
