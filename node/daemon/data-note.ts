/**
 * What a peer notes of its own data in its state directory when it first joins: a digest, and how many files and bytes
 * there were. A peer whose data has changed since must say so, and its owner decides: nobody else is told.
 */
import { join } from 'node:path'
import { z } from 'zod'
import { readText } from '../../learning/data/read-file.ts'
import { type DataDigest, digestOfData } from '../data/data-digest.ts'
import { writeWhole } from '../files/safe-open.ts'
import { PeerError } from './errors.ts'

const NOTE_FILE = 'data.json'
const NOTE_BYTES_MAX = 4096

const note = z.strictObject({
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  files: z.int().min(0),
  bytes: z.int().min(0),
})

/**
 * Compares the data with the note, and writes the note if there is none, or if the owner accepts the change.
 * @param isAccepted whether the owner has said that the data may have changed
 * @returns what to tell the owner; null if there is nothing to say
 * @throws PeerError `data-changed`; DataError if the data cannot be read; the system's error
 */
export async function noteData(directory: string, data: string, isAccepted: boolean): Promise<string | null> {
  const path = join(directory, NOTE_FILE)
  const before = await readNote(path)
  const now = await digestOfData(data)
  if (before !== 'none' && before !== 'unreadable' && before.sha256 === now.sha256)
    return isAccepted ? 'the data is as it was: --data-changed was not needed' : null
  const what =
    before === 'none' || before === 'unreadable'
      ? `data is "${data}", and ${path}, which says what it was before, cannot be read`
      : `data is "${data}", which has changed since this peer first joined: ${amount(before)} then, ${amount(now)} now`
  if (before !== 'none' && !isAccepted)
    throw new PeerError(
      'data-changed',
      `${what}; expected the same data as before, or --data-changed to go on with what there is now`,
    )
  await writeWhole(path, `${JSON.stringify(now)}\n`, { mode: 0o600 })
  return before === 'none' ? null : `${what}; as --data-changed says, learning goes on with it`
}

async function readNote(path: string): Promise<DataDigest | 'none' | 'unreadable'> {
  try {
    return note.parse(JSON.parse(await readText(path, NOTE_BYTES_MAX)))
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'none' : 'unreadable'
  }
}

/** "1 file of 912 bytes (SHA-256 3fa1b2c4…)". */
function amount({ files, bytes, sha256 }: DataDigest): string {
  const which = `SHA-256 ${sha256.slice(0, 8)}…`
  return `${files === 1 ? '1 file' : `${files} files`} of ${bytes} bytes (${which})`
}
