/** Writes the journal's records to storage: numbered across all incarnations, and synced together with a watermark. */
import type { Storage } from '../ports.ts'
import type { Memory } from './journal-memory.ts'
import { encodeCompleteFrom } from './journal-records.ts'

/** Makes a record from its number. */
export type Numbered = (entry: number) => Uint8Array

export interface JournalLog {
  append(record: Numbered): void
  /** Replaces all records. */
  rewrite(first: Numbered, rest: readonly Numbered[]): void
  /** Whether anything was written since the last sync. */
  dirty(): boolean
  /** @param step the newest step in which this peer has bound itself */
  sync(step: number, done: (error?: Error) => void): void
}

/** Without storage nothing is ever written, or dirty. */
export const noLog: JournalLog = {
  append() {},
  rewrite() {},
  dirty: () => false,
  sync: (_, done) => done(),
}

export function createJournalLog(storage: Storage, { completeFrom, lost, ...memory }: Memory): JournalLog {
  let { entries } = memory
  let dirty = false
  /** Memory was lost, so the first write replaces the old log. */
  let isStale = lost !== null
  const rewrite = (first: Numbered, rest: readonly Numbered[]) => {
    const record = first(++entries)
    storage.rewrite(
      record,
      rest.map(encode => encode(++entries)),
    )
    isStale = false
    dirty = true
  }
  return {
    rewrite,
    append(record) {
      if (isStale) rewrite(entry => encodeCompleteFrom(completeFrom, entry), [record])
      else storage.append(record(++entries))
      dirty = true
    },
    dirty: () => dirty,
    sync(step, done) {
      dirty = false
      // Until the log is replaced, the old watermark alone shows that memory was lost.
      if (isStale) done()
      else storage.sync({ entries, step }, done)
    },
  }
}
