/**
 * A peer's state directory, which only its user may write to. Anyone else who can write there can put an older log
 * back, or links in the place of files, and so make an honest peer sign twice.
 */
import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { makeFolder, whyNotWritten } from '../files/make-folder.ts'
import { StorageError } from './errors.ts'

/**
 * Creates it if it is missing. Throws `storage-unsafe` if others may write to it, and `storage-failed` if it cannot be
 * made.
 */
export async function prepareDirectory(directory: string): Promise<void> {
  await makeFolder(directory, 0o700).catch(error => {
    throw unwritable(directory, 'made', error)
  })
  const unsafe = unsafeDirectory(directory, await stat(directory))
  if (unsafe !== null) throw new StorageError('storage-unsafe', `${unsafe.says}. ${unsafe.todo}`)
}

/** A peer cannot start there: it must remember what it signs. */
export function unwritable(directory: string, done: 'made' | 'written to', error: unknown): StorageError {
  return new StorageError(
    'storage-failed',
    `the state directory ${directory} cannot be ${done}: ${whyNotWritten(error)}. Choose a place that this user may write to (--state), on a disk that stays: a peer must remember what it has signed`,
    { cause: error },
  )
}

const OTHERS_WRITE = 0o022

/** Why a peer must not keep its memory there, and what to do; null if it may. Windows has no such modes. */
export function unsafeDirectory(
  directory: string,
  { mode, uid }: Pick<Stats, 'mode' | 'uid'>,
): { readonly says: string; readonly todo: string } | null {
  const self = process.getuid?.()
  if (self === undefined) return null
  if (uid !== self)
    return {
      says: `${directory} belongs to user ${uid}, and this peer runs as user ${self}: a peer must own the record of what it has signed`,
      todo: `Run it as that user, or give it the directory: chown ${self} ${directory}`,
    }
  if ((mode & OTHERS_WRITE) === 0) return null
  return {
    says: `${directory} may be written by others (mode ${(mode & 0o777).toString(8)}): they could put an old log back, and this peer would be taken for a liar`,
    todo: `Take that right from them: chmod go-w ${directory}`,
  }
}
