/**
 * The drawn digits as a file, so that not every process draws them: all pixels of the training examples, then those of
 * the test examples. The drawing is the same everywhere, so its digest is known here, and a file with another content
 * is none: a damaged or planted one is never learnt from.
 */
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { openCacheFolder } from './cache-folder.ts'
import { DIGITS_SIZE, DIGITS_TEST, DIGITS_TRAIN, type DigitPixels } from './digits.ts'

/** Of the whole file. It changes with the drawing, and then so does the file's name. */
export const DIGITS_SHA256 = 'd4bbe1e0feb206f503209cac1f1d4a54a4580e2f4c59e771379d9b435900d5d1'

const BYTES = (DIGITS_TRAIN + DIGITS_TEST) * DIGITS_SIZE

/** Windows has neither flag. */
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** The name says which drawing it is: the seed, and the beginning of the digest in place of a version. */
export function digitsFile(folder: string): string {
  return join(folder, `digits-1-${DIGITS_SHA256.slice(0, 16)}.bin`)
}

/** The pixels, if there is a file of them and nothing is wrong with it; null otherwise. */
export async function readDigits(folder: string | null = openCacheFolder()): Promise<DigitPixels | null> {
  if (folder === null) return null
  const file = await open(digitsFile(folder), FLAGS).catch(() => null)
  if (file === null) return null
  try {
    return await pixelsIn(file)
  } catch {
    return null // the disk's trouble; the digits can be drawn
  } finally {
    await file.close()
  }
}

async function pixelsIn(file: FileHandle): Promise<DigitPixels | null> {
  const status = await file.stat()
  if (!status.isFile() || status.size !== BYTES) return null
  const [train, test] = [
    new Uint8Array(DIGITS_TRAIN * DIGITS_SIZE),
    new Uint8Array(DIGITS_TEST * DIGITS_SIZE),
  ]
  for (const part of [train, test])
    if ((await file.read(part, 0, part.length)).bytesRead < part.length) return null
  return sha256Of({ train, test }) === DIGITS_SHA256 ? { train, test } : null
}

export function sha256Of({ train, test }: DigitPixels): string {
  return createHash('sha256').update(train).update(test).digest('hex')
}
