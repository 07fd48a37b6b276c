/**
 * How this program opens the files it writes. A folder may hold what others have put there: a link in place of a draft
 * would send our bytes to a file of their choice, and a named pipe would block us for ever. So a new file is always
 * ours (`O_EXCL`), and an old one is opened only if its own name stands for a regular file (`O_NOFOLLOW`). A file is
 * replaced by renaming a draft with a random name over it: a link in its place is replaced, and its target stays as it
 * is.
 */
import { randomBytes } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { type FileHandle, lstat, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { kindOf } from '../../learning/data/read-file.ts'
import { FileError } from './error.ts'

export type Content = string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>

export interface WriteOptions {
  /** The new file's exact permissions; by default 0o666 without what the process's umask takes away. */
  readonly mode?: number
}

/** Windows has neither flag. */
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0
const NO_WAIT = constants.O_NONBLOCK ?? 0

/**
 * How many characters of a file's name go into the name of its draft: names have at most 255 bytes, a character up to
 * 4.
 */
const DRAFT_NAME_MAX = 55

/**
 * A new file, open for reading and writing. It belongs to nobody else, and nobody has had it open before.
 * @throws the system's `EEXIST` if the name is taken, even by a link to nothing
 */
export function createNew(path: string, mode = 0o666): Promise<FileHandle> {
  return open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW, mode)
}

/**
 * Opens an existing regular file by its own name. Does not block, as opening a named pipe would.
 * @param flags of `node:fs`'s `constants`
 * @throws FileError `not-a-file`; the system's error, `ENOENT` among them
 */
export async function openExisting(path: string, flags: number = constants.O_RDWR): Promise<FileHandle> {
  const file = await open(path, flags | NO_FOLLOW | NO_WAIT).catch(async (error: NodeJS.ErrnoException) => {
    const found = await lstat(path).catch(() => null)
    throw found === null || found.isFile() ? error : notAFile(path, found)
  })
  const found = await file.stat()
  if (found.isFile()) return file
  await file.close()
  throw notAFile(path, found)
}

/**
 * Writes a file whole or not at all, and replaces anything that has its name; it is on disk when this resolves.
 * @throws the system's error
 */
export async function writeWhole(path: string, content: Content, options: WriteOptions = {}): Promise<void> {
  const name = basename(path).slice(0, DRAFT_NAME_MAX)
  const draft = join(dirname(path), `${name}.${randomBytes(8).toString('hex')}.tmp`)
  await writeNew(draft, content, options)
  try {
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
  await syncFolder(dirname(path))
}

/**
 * Writes a file whose name must be free; its content is on disk when this resolves. If it cannot be written whole, it
 * is removed again.
 * @throws the system's error, `EEXIST` if the name is taken
 */
export async function writeNew(path: string, content: Content, { mode }: WriteOptions = {}): Promise<void> {
  const file = await createNew(path, mode)
  try {
    if (mode !== undefined) await file.chmod(mode)
    await file.writeFile(content)
    await file.sync()
  } catch (error) {
    await rm(path, { force: true })
    throw error
  } finally {
    await file.close()
  }
}

/**
 * Makes the creations, renames and removals in a folder survive a crash. Windows cannot do this, and does not need it.
 */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  // A user who may write to a folder need not be allowed to list it.
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EACCES') return null
      throw error
    },
  )
  try {
    await handle?.sync()
  } catch (error) {
    // Some network file systems do not support this.
    if (!['EINVAL', 'ENOTSUP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  } finally {
    await handle?.close()
  }
}

function notAFile(path: string, found: Stats): FileError {
  return new FileError('not-a-file', `${path} is ${kindOf(found)}; expected a file of its own`)
}
