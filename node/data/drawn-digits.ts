/** Draws the digits once, for all processes of this user: learning/data/digits-file.ts reads what this writes. */
import { openCacheFolder } from '../../learning/data/cache-folder.ts'
import { drawDigits } from '../../learning/data/digits.ts'
import { DIGITS_SHA256, digitsFile, readDigits, sha256Of } from '../../learning/data/digits-file.ts'
import { writeWhole } from '../files/safe-open.ts'

/**
 * Writes the file if it is missing or damaged. Processes that do so at the same time write the same. Where nothing can be
 * written, every process draws for itself, as it would without a file.
 */
export async function keepDigits(folder: string | null = openCacheFolder()): Promise<void> {
  if (folder === null || (await readDigits(folder)) !== null) return
  const drawn = drawDigits()
  // A runtime that computes sines in its own way would draw other pixels, and must not give them to another one.
  if (sha256Of(drawn) !== DIGITS_SHA256) return
  await writeWhole(digitsFile(folder), [drawn.train, drawn.test], { mode: 0o600 }).catch(() => {})
}
