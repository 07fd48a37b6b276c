/** Reads the start of a file that may be longer than expected, or longer than one read can take. */
import { constants } from 'node:buffer'
import type { FileHandle } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { StorageError } from './errors.ts'
import { FORGET } from './refusal.ts'

/** One read takes less than 2 GiB. */
const PIECE_BYTES = 2 ** 30

/**
 * The first bytes of a file, at most this many. A file that grows meanwhile is read up to its old end.
 * @throws the system's errors; RangeError if there is not enough memory
 */
export async function readStart(
  file: FileHandle,
  bytesMax: number,
  pieceBytes = PIECE_BYTES,
): Promise<Buffer> {
  const { size } = await file.stat()
  const content = Buffer.alloc(Math.min(size, bytesMax))
  let end = 0
  while (end < content.length) {
    const length = Math.min(content.length - end, pieceBytes)
    const { bytesRead } = await file.read(content, end, length, end)
    if (bytesRead === 0) break
    end += bytesRead
  }
  return content.subarray(0, end)
}

/** @throws StorageError `storage-failed` if it is longer than a buffer, or this machine's memory, can hold */
export async function readLog(path: string, file: FileHandle): Promise<Buffer> {
  const { size } = await file.stat()
  const most = Math.min(constants.MAX_LENGTH, totalmem())
  if (size > most) throw tooLong(path, size, `this machine can hold ${most}`)
  return readStart(file, size).catch((error: unknown) => {
    throw error instanceof RangeError ? tooLong(path, size, 'there is not enough free memory') : error
  })
}

function tooLong(path: string, size: number, why: string): StorageError {
  return new StorageError(
    'storage-failed',
    `${path} is ${size} bytes long, and is read as a whole: ${why}. Start it where there is more memory; or ${FORGET}`,
  )
}
