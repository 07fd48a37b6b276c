/** What was found in a log, in sentences: what was repaired, or why no peer may go on from it. */
import { StorageError, type StorageErrorCode } from './errors.ts'
import type { LogScan } from './records.ts'

/** What was repaired when a log was opened, or will be. */
export function mendedIn(
  path: string,
  { sparedBytes }: Extract<LogScan, { kind: 'whole' }>,
  cutBytes: number,
): readonly string[] {
  const torn = `${path}: the last ${cutBytes} bytes are torn, and are cut off`
  const spared = `${path}: ${sparedBytes} bytes are damaged, in a record whose other copy is good; nothing is lost, but do not trust this disk`
  return [...(cutBytes > 0 ? [torn] : []), ...(sparedBytes > 0 ? [spared] : [])]
}

interface Refusal {
  readonly code: StorageErrorCode
  readonly says: string
  readonly todo: string
}

/** What to do about a log that no peer may go on from. */
export const FORGET =
  'start with --forget, which moves the file aside: the peer then starts without memory, asks the others, and is silent until it cannot contradict itself'

/** Why no peer may go on from a log, and what to do. */
export function refusalOf(path: string, scan: Exclude<LogScan, { kind: 'whole' }>): Refusal {
  switch (scan.kind) {
    case 'foreign':
      return {
        code: 'storage-foreign',
        says: `${path} is not a Concord log`,
        todo: 'Move it away, or choose another directory',
      }
    case 'outdated':
      return {
        code: 'storage-outdated',
        says: `${path} is a log of format 1, from before the first release; this version reads format 2`,
        todo: `End the run with the version that wrote it; or ${FORGET}`,
      }
    case 'damaged': {
      const what =
        scan.behind === 0
          ? 'its first line does not match its checksum'
          : `this record does not match its checksum, though ${scan.behind} good records follow it`
      return {
        code: 'storage-damaged',
        says: `${path} is damaged at byte ${scan.at}: ${what}, so the disk has changed what it had kept, and this peer could sign twice`,
        todo: `Check the disk; then ${FORGET}`,
      }
    }
  }
}

export function refuse(path: string, scan: Exclude<LogScan, { kind: 'whole' }>): StorageError {
  const { code, says, todo } = refusalOf(path, scan)
  return new StorageError(code, `${says}. ${todo}`)
}
