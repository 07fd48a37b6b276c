/** Looks at a peer's log and watermark. It changes nothing and takes no lock; for use while no peer runs there. */
import { constants } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { openExisting } from '../files/safe-open.ts'
import type { LogAbsence, Watermark } from '../ports.ts'
import { isMissing } from './errors.ts'
import { readLog, readStart } from './read.ts'
import { HEAD_BYTES, type LogScan, logFiles, scanLog } from './records.ts'
import { decodeWatermark, WATERMARK_BYTES } from './watermark.ts'

interface Inspection {
  readonly path: string
  readonly scan: LogScan
  /** The bytes after the valid part. */
  readonly cutBytes: number
  /** Null: missing or unreadable. */
  readonly watermark: Watermark | null
  readonly absence: LogAbsence | null
}

/** Null if there is neither. @throws the system's errors, and FileError if something else lies there */
export async function inspectLog(directory: string): Promise<Inspection | null> {
  const path = join(directory, logFiles.log)
  const [log, mark] = await Promise.all([
    contentOf(path, readLog),
    contentOf(join(directory, logFiles.watermark), (_, file) => readStart(file, WATERMARK_BYTES)),
  ])
  if (log === null && mark === null) return null
  const content = log ?? Buffer.alloc(0)
  const scan = scanLog(content)
  const end = scan.kind === 'whole' && scan.end >= HEAD_BYTES ? scan.end : 0
  const { watermark } = mark === null ? { watermark: null } : decodeWatermark(mark)
  return { path, scan, cutBytes: content.length - end, watermark, absence: log === null ? 'missing' : null }
}

async function contentOf(
  path: string,
  read: (path: string, file: FileHandle) => Promise<Buffer>,
): Promise<Buffer | null> {
  const file = await openExisting(path, constants.O_RDONLY).catch((error: unknown) => {
    if (isMissing(error)) return null
    throw error
  })
  if (file === null) return null
  try {
    return await read(path, file)
  } finally {
    await file.close()
  }
}
