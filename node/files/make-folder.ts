/** Makes folders, and says in words why one cannot be made or written to. */
import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/**
 * Makes a folder and those above it, where they are missing. Node's own way of doing so says `ENOENT` of a read-only
 * file system, and never ends where a folder exists in which none can be made, such as /proc.
 * @param mode of each new folder
 * @throws the system's error
 */
export async function makeFolder(path: string, mode = 0o777): Promise<void> {
  const whole = resolve(path)
  const error = await tryMaking(whole, mode)
  if (error === null) return
  if (error.code !== 'ENOENT') throw error
  const parent = dirname(whole)
  // If the parent is there, somebody else has made it meanwhile, or the system makes nothing in it: a second try tells.
  if (!(await isFolder(parent))) await makeFolder(parent, mode)
  const again = await tryMaking(whole, mode)
  if (again !== null) throw again
}

/** The system's error; null if the folder is there now. */
async function tryMaking(path: string, mode: number): Promise<NodeJS.ErrnoException | null> {
  try {
    await mkdir(path, { mode })
    return null
  } catch (error) {
    return (await isFolder(path)) ? null : (error as NodeJS.ErrnoException)
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    found => found.isDirectory(),
    () => false,
  )
}

const reasons: Readonly<Record<string, string>> = {
  EROFS: 'the file system is read-only',
  EACCES: 'this user may not write there',
  EPERM: 'the system does not allow it',
  ENOTDIR: 'a file is where a folder must be',
  EEXIST: 'a file is where a folder must be',
  ENOENT: 'the system makes nothing there',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk is full',
}

/** Why nothing can be written there; the system's own words if there are no better ones. */
export function whyNotWritten(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException
  const reason = reasons[code]
  return reason === undefined ? message : `${reason} (${code})`
}
