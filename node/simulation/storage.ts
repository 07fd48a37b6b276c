/**
 * A disk of the simulated world. A record survives a crash once a sync that began after it has called back; of the
 * others a crash keeps some prefix, chosen by the seed, or none. A full disk fails every sync until it is freed.
 */
import type { Storage } from '../ports.ts'

export interface SimulatedDisk {
  /** What a (re)started peer opens: it reads what survived. */
  open(): Storage
  /** Ends the present opening; of what was not synced, `keep(count)` records survive. */
  crash(keep: (count: number) => number): void
  setFull(full: boolean): void
  /** All records are gone, synced or not. */
  lose(): void
}

export interface DiskOptions {
  readonly after: (delayMs: number, run: () => void) => void
  /** Virtual time of one sync, drawn for each. */
  readonly syncMs: () => number
}

/** The simulated disk has no room left. */
export class DiskFullError extends Error {
  readonly code = 'DISK_FULL'
  override readonly name = 'DiskFullError'
}

export function createDisk({ after, syncMs }: DiskOptions): SimulatedDisk {
  let records: Uint8Array[] = []
  /** Records of `records` that a crash cannot take away. */
  let durable = 0
  /** What a crash goes back to while a rewrite has not been synced. */
  let before: Uint8Array[] | null = null
  /** Rewrites that had been made when `before` was written. */
  let beforeRewrites = 0
  let opening = 0
  let rewrites = 0
  let full = false
  /** A sync is over that began after so many rewrites, when these records had been written. */
  const settle = (begun: number, written: readonly Uint8Array[], count: number) => {
    if (begun === rewrites) {
      durable = Math.max(durable, count)
      before = null
    } else if (before !== null && begun === beforeRewrites)
      before = written.slice(0, Math.max(count, before.length))
  }
  return {
    open() {
      const mine = ++opening
      const alive = () => mine === opening
      return {
        recovered: records.slice(),
        append(record) {
          // A copy: a real disk does not share memory with the program.
          if (alive()) records.push(record.slice())
        },
        sync(done) {
          const written = records
          const count = records.length
          const begun = rewrites
          const failed = full
          after(syncMs(), () => {
            if (!alive()) return
            if (failed) done(new DiskFullError('no space left on the simulated disk'))
            else {
              settle(begun, written, count)
              done()
            }
          })
        },
        rewrite(replacement) {
          if (!alive()) return
          if (before === null) {
            before = records.slice(0, durable)
            beforeRewrites = rewrites
          }
          rewrites++
          records = replacement.map(record => record.slice())
          durable = 0
        },
      }
    },
    crash(keep) {
      opening++
      if (before !== null) records = before
      else records.length = durable + keep(records.length - durable)
      before = null
      durable = records.length
    },
    setFull(value) {
      full = value
    },
    lose() {
      opening++
      records = []
      durable = 0
      before = null
    },
  }
}
