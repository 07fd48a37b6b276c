/**
 * A disk of the simulated world. A record survives a crash once a sync that began after it has called back; of the
 * others a crash keeps some prefix, chosen by the seed, or none. A full disk fails every sync, and those of the same
 * opening even after it was freed, as the log of a real peer does. A bad one flips bits of what it kept, or gives back
 * an older state of the log; the watermark, a file of its own, it keeps. A copy that is put back brings both back.
 */
import { NO_WATERMARK, type Storage, type Watermark } from '../ports.ts'
import { encodeFile, encodeRecord, type LogScan, scanLog } from '../storage/records.ts'
import { refuse } from '../storage/refusal.ts'

export interface SimulatedDisk {
  /** What a (re)started peer opens: it reads what survived. Throws StorageError where the log cannot be read. */
  open(): Storage
  /** Ends the present opening; of what was not synced, `keep(count)` records survive. */
  crash(keep: (count: number) => number): void
  setFull(full: boolean): void
  /** All is gone, synced or not. */
  lose(): void
  /** Puts an older state of the log back: of all that were ever synced the one at this fraction. */
  restore(fraction: number): void
  /** An exact copy of what there was: of all that were ever synced the one at this fraction; null: there was nothing. */
  copyAt(fraction: number): DiskCopy | null
  /** Flips a bit, at this fraction of the log. True: synced records, with later ones behind them, are cut unsaid. */
  flip(fraction: number): boolean
  /** Starts a log that cannot be read anew, as `join --forget` does. */
  forget(): void
}

/** An exact copy of a disk as it once was, the watermark included. */
interface DiskCopy {
  readonly records: readonly Uint8Array[]
  readonly watermark: Watermark
  putBack(): void
}

interface DiskOptions {
  readonly after: (delayMs: number, run: () => void) => void
  /** Virtual time of one sync, drawn for each. */
  readonly syncMs: () => number
  /** What is on it already; absent: nothing. */
  readonly copy?: Pick<DiskCopy, 'records' | 'watermark'>
}

/** The simulated disk has no room left. */
class DiskFullError extends Error {
  readonly code = 'DISK_FULL'
  override readonly name = 'DiskFullError'
}

/** The log as one file, until the next rewrite makes another. */
interface File {
  /** The records with which it was made. */
  readonly made: number
  readonly records: Uint8Array[]
  /** By record: how many were durable when it was written. */
  readonly durableAt: number[]
}

/** A state of the log that a crash leaves. */
interface Snapshot {
  readonly file: File
  readonly count: number
}

interface State {
  readonly options: DiskOptions
  file: File
  /** Newer files have greater numbers. */
  rewrites: number
  durable: Snapshot & { readonly rewrites: number }
  /** Every state that was ever durable. */
  readonly history: (Snapshot & { readonly watermark: Watermark })[]
  watermark: Watermark
  /** What keeps the log from being read. */
  unreadable: Exclude<LogScan, { kind: 'whole' }> | null
  opening: number
  full: boolean
}

/** Older states than these are not put back. */
const HISTORY_MAX = 1000

export function createDisk(options: DiskOptions): SimulatedDisk {
  const { records, watermark } = options.copy ?? { records: [], watermark: NO_WATERMARK }
  const file = fileOf([...records])
  const state: State = {
    options,
    file,
    rewrites: 0,
    durable: { file, count: records.length, rewrites: 0 },
    history: [],
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
      settleAt(state, prefixOf(kept, count + more))
    },
    setFull(value) {
      state.full = value
    },
    lose() {
      state.opening++
      state.watermark = NO_WATERMARK
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
        putBack() {
          state.opening++
          state.watermark = old.watermark
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
      after(syncMs(), () => {
        if (!alive()) return
        if (fails) {
          done(new DiskFullError('no space left on the simulated disk'))
          return
        }
        if (watermark.entries > state.watermark.entries) state.watermark = watermark
        settle(state, { file, count, rewrites })
        done()
      })
    },
    rewrite(first, rest) {
      if (!alive()) return
      state.rewrites++
      state.file = fileOf([first, ...rest].map(record => record.slice()))
    },
  }
}

/** A sync is over. One that began later, and ended earlier, is not undone. */
function settle(state: State, { file, count, rewrites }: State['durable']): void {
  const { durable, history, watermark } = state
  const isNewer = rewrites > durable.rewrites || (rewrites === durable.rewrites && count > durable.count)
  if (!isNewer) return
  state.durable = { file, count, rewrites }
  history.push({ file, count, watermark })
  if (history.length > HISTORY_MAX) history.shift()
}

/** This is now all that there is, and on the disk. */
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

/** As the real log reads its file: whole, torn, or not at all. */
function flip(state: State, fraction: number): boolean {
  const { file } = state
  const count = file.records.length
  const later = file.records.slice(file.made).map((record, i) => {
    const number = file.made + i
    return Buffer.concat(encodeRecord(TAG, number, file.durableAt[number]!, record))
  })
  const made = Buffer.concat(encodeFile(TAG, file.records.slice(0, file.made)))
  const image = Buffer.concat([made, ...later])
  const bit = Math.floor(fraction * 8 * image.length)
  image[bit >> 3]! ^= 1 << (bit & 7)
  const scan = scanLog(image)
  if (scan.kind !== 'whole') {
    state.unreadable = scan
    return false
  }
  const left = scan.records.length
  settleAt(state, { ...prefixOf(file, left), records: scan.records.map(record => record.slice()) })
  // All before the first missing is there, so that is what was hit.
  return left < count && (left < file.made || file.durableAt.some(durable => durable > left))
}
