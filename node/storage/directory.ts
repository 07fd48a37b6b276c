/**
 * A peer's state directory: its own user's alone. Whoever else may write there can put an older log back, or links in
 * the place of files, and so have an honest peer sign twice.
 */
import type { Stats } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { StorageError } from './errors.ts'

/** Makes it where it is missing. Throws `storage-unsafe` where others may write to it. */
export async function prepareDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const unsafe = unsafeDirectory(directory, await stat(directory))
  if (unsafe !== null) throw new StorageError('storage-unsafe', `${unsafe.says}. ${unsafe.todo}`)
}

const OTHERS_WRITE = 0o022

/** Why a peer must not keep its memory there, and what to do; null where it may. Windows knows no such modes. */
export function unsafeDirectory(
  directory: string,
  { mode, uid }: Pick<Stats, 'mode' | 'uid'>,
): { readonly says: string; readonly todo: string } | null {
  const self = process.getuid?.()
  if (self === undefined) return null
  if (uid !== self)
    return {
      says: `${directory} belongs to user ${uid}, and this peer runs as user ${self}: what it has signed must be in its own hands`,
      todo: `Run it as that user, or have the directory given to it: chown ${self} ${directory}`,
    }
  if ((mode & OTHERS_WRITE) === 0) return null
  return {
    says: `${directory} may be written by others (mode ${(mode & 0o777).toString(8)}): they could put an old log back, and this peer would be taken for one that lies`,
    todo: `Take that from them: chmod go-w ${directory}`,
  }
}
