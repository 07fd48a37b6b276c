/**
 * The file beside a peer's log that holds long vectors: places of one size, one behind the other. A vector is written
 * once and read in pieces when somebody needs it again. The log says what stands where, and by which digest; the file
 * has nothing of its own, so that a place that is free holds whatever stood there last.
 *
 * A place is used again only after a sync: until then a crash may bring back a log that still refers to it.
 */
import {
  closeSync,
  constants,
  existsSync,
  fdatasync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  write,
} from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import type { VectorPlaces } from '../ports.ts'
import { StorageError } from './errors.ts'

export interface VectorFile extends VectorPlaces {
  /** Brings all that was put to the disk. Call what it returns once the log is on the disk, too: freed places are free. */
  flush(): Promise<() => void>
  close(): void
}

/** Shorter vectors stand in the log's records: one file less to sync. */
export const VECTOR_BYTES_MIN = 64 * 2 ** 10

const PAGE_BYTES = 4096

/** Windows has neither flag. */
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0
const NO_WAIT = constants.O_NONBLOCK ?? 0

/**
 * Opens or creates the file. It may hold vectors of another length: then no record refers to them.
 * @param survives what it holds survives a crash of the machine
 * @throws StorageError `storage-failed`
 */
export function openVectorFile(path: string, vectorBytes: number, survives = true): VectorFile {
  const placeBytes = placeBytesFor(vectorBytes)
  const file = openOwn(path)
  const taken = new Set<number>()
  const waiting = new Map<number, Uint8Array>()
  let free: number[] = []
  let freed: number[] = []
  let end = 0
  return {
    put(bytes) {
      const place = free.pop() ?? end++
      taken.add(place)
      waiting.set(place, bytes)
      return place
    },
    read(place, at, into) {
      const held = waiting.get(place)
      if (held === undefined) readWhole(path, file, into, place * placeBytes + at)
      else into.set(held.subarray(at, at + into.length))
    },
    take(places) {
      for (const place of places) taken.add(place)
      end = Math.max(0, ...[...taken].map(place => place + 1))
      free = Array.from({ length: end }, (_, place) => place).filter(place => !taken.has(place))
    },
    free(place) {
      if (taken.delete(place)) freed.push(place)
    },
    async flush() {
      const released = freed
      freed = []
      const batch = [...waiting]
      for (const [place, bytes] of batch) await writeWhole(file, bytes, place * placeBytes)
      if (survives && batch.length > 0) await promisify(fdatasync)(file)
      for (const [place, bytes] of batch) if (waiting.get(place) === bytes) waiting.delete(place)
      return () => void free.push(...released)
    },
    close: () => closeSync(file),
  }
}

/** What the file holds, for a look at it while no peer runs; null: there is none. @throws the system's errors */
export function readVectorFile(path: string, vectorBytes: number): Pick<VectorFile, 'read' | 'close'> | null {
  if (!existsSync(path)) return null
  const placeBytes = placeBytesFor(vectorBytes)
  const file = openSync(path, constants.O_RDONLY | NO_FOLLOW | NO_WAIT)
  return {
    read: (place, at, into) => readWhole(path, file, into, place * placeBytes + at),
    close: () => closeSync(file),
  }
}

/** Places begin at whole pages. */
function placeBytesFor(vectorBytes: number): number {
  return Math.ceil(vectorBytes / PAGE_BYTES) * PAGE_BYTES
}

/** A regular file of this user's, that no link stands for. */
function openOwn(path: string): number {
  const flags = constants.O_RDWR | constants.O_CREAT | NO_FOLLOW | NO_WAIT
  let file: number
  try {
    const isNew = !existsSync(path)
    file = openSync(path, flags, 0o600)
    if (isNew) syncFolderNow(dirname(path))
  } catch (error) {
    throw new StorageError(
      'storage-failed',
      `${path} cannot be opened: ${whyNotOpened(error)}. Move it away; the peer then starts without the vectors that it held`,
      { cause: error },
    )
  }
  if (fstatSync(file).isFile()) return file
  closeSync(file)
  throw new StorageError('storage-failed', `${path} is not a regular file; move it away`)
}

/** Makes the file's name survive a crash, where folders can be synced. */
function syncFolderNow(folder: string): void {
  let handle: number | null = null
  try {
    handle = openSync(folder, constants.O_RDONLY)
    fsyncSync(handle)
  } catch {
    // A log without this file is found to lack its vectors.
  } finally {
    if (handle !== null) closeSync(handle)
  }
}

function whyNotOpened(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ELOOP') return 'a link stands in its place'
  return code === 'EISDIR' ? 'it is a folder' : message
}

function readWhole(path: string, file: number, into: Uint8Array, from: number): void {
  for (let done = 0; done < into.length; ) {
    const count = readSync(file, into, done, into.length - done, from + done)
    if (count === 0)
      throw new StorageError('storage-damaged', `${path} ends before byte ${from + into.length}`)
    done += count
  }
}

const writeAt = promisify(write)

async function writeWhole(file: number, bytes: Uint8Array, from: number): Promise<void> {
  for (let done = 0; done < bytes.length; )
    done += (await writeAt(file, bytes, done, bytes.length - done, from + done)).bytesWritten
}
