/**
 * A disk of the simulated world. A record survives a crash once a sync that began after it has called back. Of the
 * other records a crash keeps a prefix, chosen by the seed, or none. A full disk fails every sync, and goes on failing
 * them until it is opened again, even after it was freed, as the log of a real peer does. A bad disk flips bits of its
 * records, or returns an older state of the log. It always keeps the watermark, which is a separate file. A copy that is
 * put back brings both back. Vectors stand in the records, or in places beside them.
 */
import { NO_WATERMARK, type Storage, type Watermark } from '../ports.ts'
import { encodeFile, encodeRecord, type LogScan, scanLog } from '../storage/records.ts'
import { refuse } from '../storage/refusal.ts'
import { createDiskPlaces, type DiskPlaces, type LogPosition, type PlacesContent } from './disk-places.ts'

export interface SimulatedDisk {
  /** Opens the disk for a peer that starts or restarts. Throws StorageError if the log cannot be read. */
  open(): Storage
  /** Ends the present opening. Of `count` unsynced records `keep(count)` survive. */
  crash(keep: (count: number) => number): void
  setFull(full: boolean): void
  /** Everything is gone, synced or not. */
  lose(): void
  /** Restores an older state of the log: the one at this fraction of all states that were ever synced. */
  restore(fraction: number): void
  /** An exact copy of the state at this fraction of all states that were ever synced; null: there were none. */
  copyAt(fraction: number): DiskCopy | null
  /** Flips a bit, at this fraction of the log. True: the log loses synced records, and nothing reports it. */
  flip(fraction: number): boolean
  /** Replaces an unreadable log with a new one, as `join --forget` does. */
  forget(): void
}

/** An exact copy of a disk as it once was, the watermark included. */
interface DiskCopy {
  readonly records: readonly Uint8Array[]
  readonly watermark: Watermark
  readonly places: PlacesContent
  putBack(): void
}

interface DiskOptions {
  readonly after: (delayMs: number, run: () => void) => void
  /** The virtual time of a sync, drawn for each sync. */
  readonly syncMs: () => number
  /** Vectors stand in places beside the records. */
  readonly vectorsApart?: boolean
  /** How many bytes of older states are remembered, beside the present one; absent: `HISTORY_BYTES_MAX`. */
  readonly historyBytesMax?: number
  /** What is on it already; absent: nothing. */
  readonly copy?: Pick<DiskCopy, 'records' | 'watermark' | 'places'>
}

/** The simulated disk has no room left. */
class DiskFullError extends Error {
  readonly code = 'DISK_FULL'
  override readonly name = 'DiskFullError'
}

/** The log as one file. The next rewrite makes another file. */
interface File {
  /** The records with which it was made. */
  readonly made: number
  readonly records: Uint8Array[]
  /** By record: how many records were durable when it was written. */
  readonly durableAt: number[]
}

/** A state of the log that a crash leaves. */
interface Snapshot {
  readonly file: File
  readonly count: number
}

/** A state of the disk that was once durable. */
interface Past extends Snapshot {
  readonly watermark: Watermark
  readonly places: PlacesContent
  /** What it has that the state before it had not. */
  readonly newBytes: number
}

interface State {
  readonly options: DiskOptions
  file: File
  /** Newer files have greater numbers. */
  rewrites: number
  durable: Snapshot & { readonly rewrites: number }
  /** The states that were durable, oldest first. */
  readonly history: Past[]
  historyBytes: number
  readonly places: DiskPlaces
  watermark: Watermark
  /** Why the log cannot be read; null if it can. */
  unreadable: Exclude<LogScan, { kind: 'whole' }> | null
  opening: number
  full: boolean
}

/** At most this many states are remembered, of so many bytes; older ones are never restored. */
const HISTORY_MAX = 1000
const HISTORY_BYTES_MAX = 64 * 2 ** 20

const EMPTY = { records: [], watermark: NO_WATERMARK, places: new Map() } as const

export function createDisk(options: DiskOptions): SimulatedDisk {
  const { records, watermark, places } = options.copy ?? EMPTY
  const file = fileOf([...records])
  const state: State = {
    options,
    file,
    rewrites: 0,
    durable: { file, count: records.length, rewrites: 0 },
    history: [],
    historyBytes: 0,
    places: createDiskPlaces(places),
    watermark,
    unreadable: null,
    opening: 0,
    full: false,
  }
  return {
    open: () => open(state),
    crash(keep) {
      state.opening++
      const { file: kept, count, rewrites } = state.durable
      const more = rewrites === state.rewrites ? keep(kept.records.length - count) : 0
      state.places.crash(at => at.rewrites === rewrites && at.count < count + more)
      settleAt(state, prefixOf(kept, count + more))
    },
    setFull(value) {
      state.full = value
    },
    lose() {
      state.opening++
      state.watermark = NO_WATERMARK
      state.places.setAll(new Map())
      settleAt(state, fileOf([]))
    },
    restore(fraction) {
      state.opening++
      const old = state.history[Math.floor(fraction * state.history.length)]
      if (old !== undefined) settleAt(state, prefixOf(old.file, old.count))
    },
    copyAt(fraction) {
      const old = state.history[Math.floor(fraction * state.history.length)]
      if (old === undefined) return null
      const file = prefixOf(old.file, old.count)
      return {
        records: file.records,
        watermark: old.watermark,
        places: old.places,
        putBack() {
          state.opening++
          state.watermark = old.watermark
          state.places.setAll(old.places)
          settleAt(state, prefixOf(file, old.count))
        },
      }
    },
    flip: fraction => flip(state, fraction),
    forget() {
      if (state.unreadable === null) return
      state.opening++
      settleAt(state, fileOf([]))
    },
  }
}

function open(state: State): Storage {
  if (state.unreadable !== null) throw refuse('the log on the simulated disk', state.unreadable)
  const mine = ++state.opening
  const alive = () => mine === state.opening
  const { after, syncMs } = state.options
  let failed = false
  const places = state.options.vectorsApart ? state.places.open(alive, () => positionOf(state)) : null
  return {
    recovered: state.file.records.slice(),
    watermark: state.watermark,
    append(record) {
      if (!alive()) return
      // A copy: a real disk does not share memory with the program.
      state.file.records.push(record.slice())
      const { durable, rewrites, file } = state
      state.file.durableAt.push(durable.rewrites === rewrites ? durable.count : file.made)
    },
    sync(watermark, done) {
      const { file, rewrites } = state
      const count = file.records.length
      failed ||= state.full
      const fails = failed
      const arePut = state.places.syncing()
      after(syncMs(), () => {
        if (!alive()) return
        if (fails) {
          done(new DiskFullError('no space left on the simulated disk'))
          return
        }
        const putBytes = arePut()
        if (watermark.entries > state.watermark.entries) state.watermark = watermark
        settle(state, { file, count, rewrites }, putBytes)
        done()
      })
    },
    rewrite(first, rest) {
      if (!alive()) return
      state.rewrites++
      state.file = fileOf([first, ...rest].map(record => record.slice()))
    },
    vectors: () => places,
  }
}

function positionOf({ rewrites, file }: State): LogPosition {
  return { rewrites, count: file.records.length }
}

/** A sync is over. It does not undo a sync that began later and ended earlier. */
function settle(state: State, { file, count, rewrites }: State['durable'], putBytes: number): void {
  const { durable, history, watermark, places } = state
  const isNewer = rewrites > durable.rewrites || (rewrites === durable.rewrites && count > durable.count)
  if (!isNewer) return
  const added = file.records.slice(file === durable.file ? durable.count : 0, count)
  const newBytes = added.reduce((sum, { length }) => sum + length, putBytes)
  state.durable = { file, count, rewrites }
  history.push({ file, count, watermark, places: places.durable(), newBytes })
  state.historyBytes += newBytes
  forgetOldest(state)
}

/** A state shares with the next what has not changed, so forgetting it frees what the next has in its place. */
function forgetOldest(state: State): void {
  const { history, options } = state
  const { historyBytesMax = HISTORY_BYTES_MAX } = options
  while (history.length > HISTORY_MAX || (history.length > 1 && state.historyBytes > historyBytesMax))
    state.historyBytes -= history.shift()!.newBytes
}

/** This file is now the whole log, and it is on the disk. */
function settleAt(state: State, file: File): void {
  state.rewrites++
  state.file = file
  state.durable = { file, count: file.records.length, rewrites: state.rewrites }
  state.unreadable = null
}

function fileOf(records: Uint8Array[]): File {
  return { made: records.length, records, durableAt: records.map((_, number) => number) }
}

function prefixOf({ made, records, durableAt }: File, count: number): File {
  return {
    made: Math.min(made, count),
    records: records.slice(0, count),
    durableAt: durableAt.slice(0, count),
  }
}

const TAG = Buffer.from('disk')

/** Flips a bit and reads the log as the real one is read: it is whole, torn, or unreadable. */
function flip(state: State, fraction: number): boolean {
  const { file } = state
  const count = file.records.length
  const later = file.records.slice(file.made).map((record, i) => {
    const number = file.made + i
    return Buffer.concat(encodeRecord(TAG, number, file.durableAt[number]!, record))
  })
  const made = Buffer.concat(encodeFile(TAG, file.records.slice(0, file.made)))
  const image = Buffer.concat([made, ...later])
  const bit = Math.floor(fraction * 8 * (image.length + state.places.bytes()))
  if (bit >= 8 * image.length) {
    state.places.flip(bit - 8 * image.length)
    return false // the digest in the vector's record says it
  }
  image[bit >> 3]! ^= 1 << (bit & 7)
  const scan = scanLog(image)
  if (scan.kind !== 'whole') {
    state.unreadable = scan
    return false
  }
  const left = scan.records.length
  settleAt(state, { ...prefixOf(file, left), records: scan.records.map(record => record.slice()) })
  // All records before the first missing one are there, so the bit is in that one.
  return left < count && (left < file.made || file.durableAt.some(durable => durable > left))
}
