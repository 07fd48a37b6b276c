/**
 * The log of a real peer: one append-only file. Records wait in memory until `sync`, which writes them all at
 * once and calls back after the disk has them; syncs asked for meanwhile share the next write.
 *
 * A write or sync that failed leaves the disk in a state that nobody knows (a later fsync may succeed without
 * the lost pages), so after the first error every sync reports it: the peer must stop before it says anything
 * that it might not remember.
 */
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { Storage } from '../ports.ts'
import { isMissing, StorageError } from './errors.ts'
import { takeLock } from './lock.ts'
import { encodeRecord, MAGIC, scanRecords } from './records.ts'

/** The log of a real peer, on disk. */
export interface FileLog extends Storage {
  /** Bytes of a torn or corrupt tail that were cut off when the log was opened. */
  readonly cutBytes: number
  /** Bytes of all records since the last `rewrite`, written or waiting: tells when a checkpoint is worth it. */
  readonly sizeBytes: number
  /** Finishes the syncs asked for, then lets go of the file. Records never synced are lost, as in a crash. */
  close(): Promise<void>
}

/** `writev` takes at most 1,024 buffers on some systems. */
const BATCH = 512

/**
 * Opens, or makes, the log in a directory, and reads what survived.
 * Throws `storage-locked` where another process has it, `storage-foreign` where the file is something else.
 */
export async function openFileLog(directory: string, name = 'peer.log'): Promise<FileLog> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const path = join(directory, name)
  const unlock = await takeLock(`${path}.lock`)
  try {
    return await openLocked(directory, path, unlock)
  } catch (error) {
    unlock()
    throw error
  }
}

async function openLocked(directory: string, path: string, unlock: () => void): Promise<FileLog> {
  const existing = await open(path, 'r+').catch((error: unknown) => {
    if (isMissing(error)) return null
    throw error
  })
  if (existing === null) {
    const file = await replaceFile(directory, path, [MAGIC])
    return fileLog({ directory, path, file, unlock }, [], 0)
  }
  try {
    const content = await existing.readFile()
    const scan = scanRecords(content)
    if (scan === null)
      throw new StorageError(
        'storage-foreign',
        `${path} is not a Concord log; move it away or choose another directory`,
      )
    if (scan.end < MAGIC.length) await existing.write(MAGIC, 0, MAGIC.length, 0)
    const end = Math.max(scan.end, MAGIC.length)
    await existing.truncate(end)
    await existing.datasync()
    await existing.close()
    // Appending handle: its writes go to the end, wherever reading left off.
    return fileLog(
      { directory, path, file: await open(path, 'a'), unlock },
      scan.records,
      content.length - scan.end,
    )
  } catch (error) {
    await existing.close().catch(() => undefined)
    throw error
  }
}

interface Opened {
  readonly directory: string
  readonly path: string
  file: FileHandle
  readonly unlock: () => void
}

type Done = (error?: Error) => void

function fileLog(opened: Opened, recovered: readonly Uint8Array[], cutBytes: number): FileLog {
  let appended: Uint8Array[] = []
  let replacement: Uint8Array[] | null = null
  let waiting: Done[] = []
  let failure: Error | undefined
  let flushing: Promise<void> | null = null
  let sizeBytes = recovered.reduce((sum, record) => sum + record.length + 8, 0)

  const writeOut = async (): Promise<void> => {
    const base = replacement
    const records = appended
    replacement = null
    appended = []
    if (base !== null) {
      const old = opened.file
      opened.file = await replaceFile(opened.directory, opened.path, [MAGIC, ...base, ...records])
      await old.close()
    } else {
      await writeAll(opened.file, records)
      await opened.file.datasync()
    }
  }
  const flush = async (): Promise<void> => {
    while (waiting.length > 0) {
      const callbacks = waiting
      waiting = []
      try {
        if (failure === undefined) await writeOut()
      } catch (error) {
        failure = explain(opened.path, error)
      }
      for (const done of callbacks) done(failure)
    }
    flushing = null
  }
  return {
    recovered,
    cutBytes,
    get sizeBytes() {
      return sizeBytes
    },
    append(record) {
      appended.push(...encodeRecord(record))
      sizeBytes += record.length + 8
    },
    sync(done) {
      waiting.push(done)
      flushing ??= Promise.resolve().then(flush)
    },
    rewrite(records) {
      replacement = records.flatMap(encodeRecord)
      appended = []
      sizeBytes = replacement.reduce((sum, part) => sum + part.length, 0)
    },
    async close() {
      await flushing
      failure ??= new StorageError('storage-closed', `${opened.path} is closed`)
      await opened.file.close()
      opened.unlock()
    },
  }
}

function explain(path: string, error: unknown): StorageError {
  const { code, message } = error as NodeJS.ErrnoException
  const why = code === 'ENOSPC' || code === 'EDQUOT' ? 'the disk is full' : message
  return new StorageError(
    'storage-failed',
    `could not write ${path}: ${why}. The peer must stop here, or it could forget what it has signed`,
    { cause: error },
  )
}

async function writeAll(file: FileHandle, parts: readonly Uint8Array[]): Promise<void> {
  for (let start = 0; start < parts.length; start += BATCH) {
    let rest = parts.slice(start, start + BATCH).filter(part => part.length > 0)
    while (rest.length > 0) {
      const { bytesWritten } = await file.writev(rest)
      rest = after(rest, bytesWritten)
    }
  }
}

/** What is left of the parts behind the first `count` bytes. */
function after(parts: readonly Uint8Array[], count: number): Uint8Array[] {
  let skipped = 0
  const rest: Uint8Array[] = []
  for (const part of parts) {
    const start = Math.min(Math.max(count - skipped, 0), part.length)
    if (start < part.length) rest.push(part.subarray(start))
    skipped += part.length
  }
  return rest
}

/** Makes the file anew, atomically: a crash leaves either the old or the new one. The handle returned appends. */
async function replaceFile(
  directory: string,
  path: string,
  parts: readonly Uint8Array[],
): Promise<FileHandle> {
  const temporary = `${path}.new`
  const file = await open(temporary, 'w', 0o600)
  try {
    await writeAll(file, parts)
    await file.datasync()
    await rename(temporary, path)
    await syncDirectory(directory)
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

/** The rename itself must be durable too. Windows cannot open a directory and has no need to. */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
