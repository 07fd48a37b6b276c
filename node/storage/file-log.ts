/**
 * The log of a real peer: one append-only file. Records wait in memory until `sync`, which writes them all at
 * once and calls back after the disk has them and the watermark is written; syncs asked for meanwhile share the next
 * write. The watermark reaches the disk while the peer goes on.
 *
 * A failed write or sync leaves the disk in an unknown state (a later fsync may succeed without the lost pages). So
 * after the first error every sync reports it: the peer must stop before it says anything that it might not remember.
 */
import { randomBytes } from 'node:crypto'
import { type FileHandle, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createNew, syncFolder } from '../files/safe-open.ts'
import type { Storage, Watermark } from '../ports.ts'
import { StorageError } from './errors.ts'
import { createFlusher } from './flusher.ts'
import type { Lock } from './lock.ts'
import { encodeBatch, encodeFile, HEADER_BYTES, logFiles, TAG_BYTES } from './records.ts'
import { openVectorFile, VECTOR_BYTES_MIN, type VectorFile } from './vector-file.ts'
import type { WatermarkFile } from './watermark.ts'

/** The log of a real peer, on disk. */
export interface FileLog extends Storage {
  /** Bytes of a torn tail that were cut off when the log was opened. */
  readonly cutBytes: number
  /** What was wrong with the files and has been repaired, one sentence each. */
  readonly notes: readonly string[]
  /** Bytes of all records since the last `rewrite`, written or waiting. They say when a checkpoint is worth it. */
  readonly sizeBytes: number
  /** Finishes the requested syncs, then closes the files. Records that were never synced are lost, as in a crash. */
  close(): Promise<void>
}

/** `writev` takes at most 1,024 buffers on some systems. */
const BATCH = 512

/** An opened log, and what was found in it. */
interface OpenedLog {
  readonly directory: string
  readonly path: string
  /** Appends. */
  readonly file: FileHandle
  readonly tag: Uint8Array
  readonly marks: WatermarkFile
  /** The lock. If another process takes it over, nothing is written from then on. */
  readonly lock: Lock
  readonly found: Pick<FileLog, 'recovered' | 'watermark' | 'absence' | 'cutBytes' | 'notes'>
}

export function fileLog({ found, marks, ...opened }: OpenedLog): FileLog {
  let { file, tag } = opened
  /** How many records of the file are on the disk. */
  let durable = found.recovered.length
  let appended: Uint8Array[] = []
  let replacement: readonly Uint8Array[] | null = null
  let watermark: Watermark | null = null
  let sizeBytes = sizeOf(found.recovered)
  let vectors: VectorFile | null = null
  const writeOut = async (): Promise<void> => {
    await opened.lock.check()
    const [base, records, mark] = [replacement, appended, watermark]
    replacement = null
    appended = []
    // Records refer to vectors, so these are on the disk first.
    const free = await vectors?.flush()
    if (base !== null) {
      const whole = [...base, ...records]
      const old = file
      tag = randomBytes(TAG_BYTES)
      file = await replaceFile(opened.directory, opened.path, encodeFile(tag, whole))
      durable = whole.length
      await old.close()
    } else if (records.length > 0) {
      await writeAll(file, encodeBatch(tag, durable, records))
      await file.datasync()
      durable += records.length
    }
    free?.()
    if (mark !== null) await marks.write(mark)
  }
  const flusher = createFlusher(writeOut, error => explain(opened.path, error))
  return {
    ...found,
    get sizeBytes() {
      return sizeBytes
    },
    append(record) {
      appended.push(record)
      sizeBytes += sizeOf([record])
    },
    sync(mark, done) {
      watermark = mark
      flusher.sync(done)
    },
    rewrite(first, rest) {
      replacement = [first, ...rest]
      appended = []
      sizeBytes = sizeOf([first, ...replacement])
    },
    vectors(bytes) {
      if (bytes < VECTOR_BYTES_MIN) return null
      vectors ??= openVectorFile(join(opened.directory, logFiles.vectors), bytes)
      return vectors
    },
    async close() {
      await flusher.idle()
      vectors?.close()
      flusher.end(new StorageError('storage-closed', `${opened.path} is closed`))
      await Promise.all([file.close(), marks.close()])
      opened.lock.release()
    },
  }
}

function sizeOf(records: readonly Uint8Array[]): number {
  return records.reduce((sum, { length }) => sum + length + HEADER_BYTES, 0)
}

function explain(path: string, error: unknown): StorageError {
  if (error instanceof StorageError) return error
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

/** The rest of the parts after the first `count` bytes. */
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

/**
 * Replaces the file atomically: a crash leaves either the old or the new one. The returned handle appends. A draft that
 * is there already is left from a crash, or was planted: it is removed, but not anything that it points to.
 */
export async function replaceFile(
  directory: string,
  path: string,
  parts: readonly Uint8Array[],
): Promise<FileHandle> {
  const temporary = `${path}.new`
  await rm(temporary, { force: true })
  const file = await createNew(temporary, 0o600)
  try {
    await writeAll(file, parts)
    await file.datasync()
    await rename(temporary, path)
    await syncFolder(directory)
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}
