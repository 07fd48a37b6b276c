/**
 * A place on the disk for the long vectors of a peer that keeps no state: memory is for what is in use. The file lies in
 * the folder for temporary files (`TMPDIR`), has no name any more once it is open, and goes with the process.
 */
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NO_WATERMARK, type Storage } from '../ports.ts'
import { StorageError } from './errors.ts'
import { createFlusher } from './flusher.ts'
import { openVectorFile, type VectorFile } from './vector-file.ts'

/** Shorter vectors stay in memory: those of the steps that are kept are then some ten megabytes. */
const SCRATCH_BYTES_MIN = 2 ** 20

export interface Scratch extends Storage {
  close(): Promise<void>
}

/** Null for vectors that are short enough for the memory. */
export function openScratch(vectorBytes: number): Scratch | null {
  if (vectorBytes < SCRATCH_BYTES_MIN) return null
  const path = join(tmpdir(), `concord-${randomBytes(8).toString('hex')}.vectors`)
  const vectors = openScratchFile(path, vectorBytes)
  const hasName = !removed(path)
  const flusher = createFlusher(async () => (await vectors.flush())(), scratchError)
  return {
    recovered: [],
    watermark: NO_WATERMARK,
    append() {},
    rewrite() {},
    sync: (_, done) => flusher.sync(done),
    vectors: (): VectorFile => vectors,
    async close() {
      await flusher.idle()
      vectors.close()
      if (hasName) removed(path)
    },
  }
}

function openScratchFile(path: string, vectorBytes: number): VectorFile {
  try {
    return openVectorFile(path, vectorBytes, false)
  } catch (error) {
    throw scratchError(error)
  }
}

function scratchError(error: unknown): StorageError {
  const { code, message } = error as NodeJS.ErrnoException
  const why = code === 'ENOSPC' || code === 'EDQUOT' ? 'there is no room left' : message
  return new StorageError(
    'storage-failed',
    `without a state directory, long vectors that others may still need lie in a file in ${tmpdir()}: ${why}. Set TMPDIR to a folder on a disk with room, or give the peer a place with --state`,
    { cause: error },
  )
}

/** Windows does not remove what is open. */
function removed(path: string): boolean {
  try {
    rmSync(path)
    return true
  } catch {
    return false
  }
}
