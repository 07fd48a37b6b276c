/** Reads the start of a file that may be longer than it ought to be, or longer than one read takes. */
import { constants } from 'node:buffer'
import type { FileHandle } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { StorageError } from './errors.ts'
import { FORGET } from './refusal.ts'

/** One read takes less than 2 GiB. */
const PIECE_BYTES = 2 ** 30

/**
 * What a file begins with, of at most so many bytes; a file that grows meanwhile is read up to where it ended.
 * @throws the system's errors; RangeError where the memory for it is not to be had
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

/** @throws StorageError `storage-failed` where it is longer than a buffer or this machine's memory holds */
export async function readLog(path: string, file: FileHandle): Promise<Buffer> {
  const { size } = await file.stat()
  const most = Math.min(constants.MAX_LENGTH, totalmem())
  if (size > most) throw tooLong(path, size, `this machine can hold ${most}`)
  return readStart(file, size).catch((error: unknown) => {
    throw error instanceof RangeError ? tooLong(path, size, 'so much memory is not free') : error
  })
}

function tooLong(path: string, size: number, why: string): StorageError {
  return new StorageError(
    'storage-failed',
    `${path} is ${size} bytes long, and is read as a whole: ${why}. Start it where there is more memory; or ${FORGET}`,
  )
}
