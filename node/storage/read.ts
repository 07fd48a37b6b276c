/** Reads the start of a file that may be longer than it ought to be, or longer than one read takes. */
import { constants } from 'node:buffer'
import type { FileHandle } from 'node:fs/promises'
import { totalmem } from 'node:os'

/** One read takes less than 2 GiB. */
const PIECE_BYTES = 2 ** 30

/** More than this cannot be held in one buffer, or not in this machine's memory. */
export const readableBytes = (): number => Math.min(constants.MAX_LENGTH, totalmem())

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
