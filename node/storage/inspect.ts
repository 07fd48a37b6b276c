/** A look at a peer's log and watermark that changes nothing and takes no lock: while no peer runs there. */
import { constants } from 'node:fs'
import { join } from 'node:path'
import { openExisting } from '../files/safe-open.ts'
import type { Watermark } from '../ports.ts'
import { isMissing } from './errors.ts'
import { HEAD_BYTES, type LogScan, logFiles, scanLog } from './records.ts'
import { decodeWatermark } from './watermark.ts'

interface Inspection {
  readonly path: string
  readonly scan: LogScan
  /** What follows the part that counts. */
  readonly cutBytes: number
  /** Null: missing or unreadable. */
  readonly watermark: Watermark | null
}

/** Null where there is neither. @throws the system's errors, and FileError where something else lies there */
export async function inspectLog(directory: string): Promise<Inspection | null> {
  const path = join(directory, logFiles.log)
  const [log, mark] = await Promise.all([contentOf(path), contentOf(join(directory, logFiles.watermark))])
  if (log === null && mark === null) return null
  const content = log ?? Buffer.alloc(0)
  const scan = scanLog(content)
  const end = scan.kind === 'whole' && scan.end >= HEAD_BYTES ? scan.end : 0
  const { watermark } = mark === null ? { watermark: null } : decodeWatermark(mark)
  return { path, scan, cutBytes: content.length - end, watermark }
}

async function contentOf(path: string): Promise<Buffer | null> {
  const file = await openExisting(path, constants.O_RDONLY).catch((error: unknown) => {
    if (isMissing(error)) return null
    throw error
  })
  if (file === null) return null
  try {
    return await file.readFile()
  } finally {
    await file.close()
  }
}
