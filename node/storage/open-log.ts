/**
 * Opens a peer's log: takes the lock, reads log and watermark, and says what was found. A torn tail is cut off. A
 * damaged log is refused or, if the operator asks for that, moved aside, so that the peer starts without memory.
 */
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, lstat, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { openExisting, syncFolder, writeWhole } from '../files/safe-open.ts'
import { type LogAbsence, NO_WATERMARK } from '../ports.ts'
import { prepareDirectory, unwritable } from './directory.ts'
import { isMissing, StorageError } from './errors.ts'
import { type FileLog, fileLog, replaceFile } from './file-log.ts'
import { type Lock, takeLock } from './lock.ts'
import { readLog, readStart } from './read.ts'
import { encodeFile, HEAD_BYTES, logFiles, scanLog, TAG_BYTES } from './records.ts'
import { mendedIn, refuse } from './refusal.ts'
import { decodeWatermark, encodeWatermark, WATERMARK_BYTES, watermarkFile } from './watermark.ts'

interface LogOptions {
  /** Moves a log that cannot be read aside, instead of refusing it. */
  readonly forget?: boolean
}

/**
 * Opens or creates the log in a directory, and reads what survived. Throws `storage-locked` if another process has it,
 * `storage-foreign` if the file is something else, `storage-outdated`, `storage-damaged`, `storage-unsafe`, and
 * `storage-failed` if nothing can be written there.
 */
export async function openFileLog(directory: string, options: LogOptions = {}): Promise<FileLog> {
  await prepareDirectory(directory)
  const path = join(directory, logFiles.log)
  const lock = await takeLock(`${path}.lock`).catch(error => {
    throw error.syscall === undefined ? error : unwritable(directory, 'written to', error)
  })
  try {
    const files: Files = { directory, path, lock, notes: [] }
    const old = await openOld(files, options)
    const log = 'file' in old ? old : await makeNew(files, old.absence)
    if (options.forget && files.notes.length === 0)
      files.notes.push(`${path} can be read: --forget was not needed`)
    return await withWatermark(files, log)
  } catch (error) {
    lock.release()
    throw error
  }
}

interface Files {
  readonly directory: string
  readonly path: string
  readonly lock: Lock
  readonly notes: string[]
}

interface Log {
  readonly file: FileHandle
  readonly tag: Uint8Array
  readonly records: readonly Uint8Array[]
  readonly cutBytes: number
  readonly absence: LogAbsence | null
}

/** Null: its creation was cut off. */
interface NoLog {
  readonly absence: LogAbsence | null
}

async function openOld({ directory, path, notes }: Files, { forget }: LogOptions): Promise<Log | NoLog> {
  const file = await openExisting(path, constants.O_RDWR | constants.O_APPEND).catch((error: unknown) => {
    if (isMissing(error)) return null
    throw error
  })
  if (file === null) return { absence: 'missing' }
  try {
    const content = await readLog(path, file).catch((error: unknown) => {
      if (forget) return null
      throw error
    })
    if (content === null) {
      await file.close()
      notes.push(await moveAside(directory, path))
      return { absence: 'forgotten' }
    }
    const scan = scanLog(content)
    if (scan.kind === 'whole' && scan.end >= HEAD_BYTES) {
      const cutBytes = content.length - scan.end
      if (cutBytes > 0) {
        await file.truncate(scan.end)
        await file.datasync()
      }
      notes.push(...mendedIn(path, scan, cutBytes))
      return { file, tag: scan.tag, records: scan.records, cutBytes, absence: null }
    }
    await file.close()
    if (scan.kind === 'whole') return { absence: null }
    if (!forget) throw refuse(path, scan)
    notes.push(await moveAside(directory, path))
    return { absence: 'forgotten' }
  } catch (error) {
    await file.close().catch(() => undefined)
    throw error
  }
}

async function makeNew({ directory, path }: Files, absence: LogAbsence | null): Promise<Log> {
  const tag = randomBytes(TAG_BYTES)
  const file = await replaceFile(directory, path, encodeFile(tag, []))
  return { file, tag, records: [], cutBytes: 0, absence }
}

/** How many files may be moved aside in one directory: a disk that damages more logs should be thrown away. */
const ASIDE_MAX = 1000

/** The file replaces no other, and is never deleted. */
async function moveAside(directory: string, path: string): Promise<string> {
  for (let i = 1; i <= ASIDE_MAX; i++) {
    const aside = `${path}.bad-${i}`
    if (await isThere(aside)) continue
    await rename(path, aside)
    await syncFolder(directory)
    return `${path} could not be read and is now ${aside}`
  }
  throw new StorageError(
    'storage-failed',
    `${directory} holds ${ASIDE_MAX} damaged logs already; move them away`,
  )
}

function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    error => {
      if (isMissing(error)) return false
      throw error
    },
  )
}

async function withWatermark(files: Files, log: Log): Promise<FileLog> {
  const path = join(files.directory, logFiles.watermark)
  let mark: FileHandle | null = null
  try {
    mark = await openWatermark(path, log.records.length === 0)
    const read = decodeWatermark(await readStart(mark, WATERMARK_BYTES))
    if (read.watermark !== null && read.damaged > 0)
      files.notes.push(`${path}: one of its two copies cannot be read, and will be rewritten`)
    const { records: recovered, cutBytes, absence } = log
    return fileLog({
      ...files,
      file: log.file,
      tag: log.tag,
      marks: watermarkFile(mark, read),
      found: { recovered, watermark: read.watermark, absence, cutBytes, notes: files.notes },
    })
  } catch (error) {
    await Promise.allSettled([log.file.close(), mark?.close()])
    throw error
  }
}

/** If it is missing beside a log that is not empty, it is created without a value. */
async function openWatermark(path: string, isEmpty: boolean): Promise<FileHandle> {
  const existing = await openExisting(path).catch((error: unknown) => {
    if (isMissing(error)) return null
    throw error
  })
  if (existing !== null) return existing
  const content = isEmpty ? encodeWatermark(NO_WATERMARK) : Buffer.alloc(WATERMARK_BYTES)
  await writeWhole(path, content, { mode: 0o600 })
  return openExisting(path)
}
