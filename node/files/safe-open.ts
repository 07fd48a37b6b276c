/**
 * How this program opens the files it writes. A folder may hold what others have put there: a link in place of a draft
 * would send our bytes to a file of their choice, and a named pipe would hold us up for ever. So a new file is always
 * ours (`O_EXCL`), an old one is opened only where its own name stands for a regular file (`O_NOFOLLOW`), and a file is
 * replaced by renaming a draft with a random name over it: a link in its place is replaced, what it points to is left
 * as it is.
 */
import { randomBytes } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { type FileHandle, lstat, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { kindOf } from '../../learning/data/read-file.ts'
import { FileError } from './error.ts'

export type Content = string | Uint8Array | Iterable<Uint8Array>

export interface WriteOptions {
  /** The new file's permissions, exactly; where nothing is said 0o666, less what the process's umask takes away. */
  readonly mode?: number
}

/** Windows has neither. */
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0
const NO_WAIT = constants.O_NONBLOCK ?? 0

/** So many characters of a file's name go into its draft's: names hold at most 255 bytes, a character up to 4. */
const DRAFT_NAME_MAX = 55

/**
 * A new file, open for reading and writing; nobody else's, and nobody has had it open before.
 * @throws the system's `EEXIST` where the name is taken, by a link too, wherever it points
 */
export function createNew(path: string, mode = 0o666): Promise<FileHandle> {
  return open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW, mode)
}

/**
 * A regular file that is there, by its own name. Does not wait, as opening a named pipe would.
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
 * Writes a file whole or not at all, in place of whatever has its name; on disk when this resolves.
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
 * Writes a file whose name must be free; its content is on disk when this resolves. What cannot be written whole is
 * taken away again.
 * @throws the system's error, `EEXIST` where the name is taken
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

/** Makes what was made, renamed and removed in a folder last through a crash. Windows cannot, and has no need to. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  // Who may write into a folder need not be allowed to list it.
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EACCES') return null
      throw error
    },
  )
  try {
    await handle?.sync()
  } catch (error) {
    // Some network file systems know no such thing.
    if (!['EINVAL', 'ENOTSUP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  } finally {
    await handle?.close()
  }
}

function notAFile(path: string, found: Stats): FileError {
  return new FileError('not-a-file', `${path} is ${kindOf(found)}; expected a file of its own`)
}
