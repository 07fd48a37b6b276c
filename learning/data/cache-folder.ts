/** The folder in which this user's processes keep what each could make again: compiled modules, drawn data. */
import { lstatSync, mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'

type Environment = Readonly<Record<string, string | undefined>>

/** Where the folder is by the system's custom, or null where the user has no place for such files. */
export function cachePlace(
  environment: Environment = process.env,
  platform = process.platform,
): string | null {
  const named = platform === 'win32' ? environment.LOCALAPPDATA : environment.XDG_CACHE_HOME
  // The convention is to ignore a path that is not absolute.
  if (named !== undefined && isAbsolute(named)) return join(named, 'concord')
  const home = environment.HOME ?? homedir()
  if (!isAbsolute(home)) return null
  return join(home, ...(platform === 'darwin' ? ['Library', 'Caches'] : ['.cache']), 'concord')
}

/**
 * Makes the folder if it is missing. What is in it is run and learnt from, so it must be this user's own, and nobody
 * else may write to it; null where it is not so, or cannot be made.
 */
export function openCacheFolder(path: string | null = cachePlace()): string | null {
  if (path === null) return null
  try {
    makeOwn(path)
    const found = lstatSync(path)
    if (!found.isDirectory()) return null
    const isOurs = process.getuid === undefined || found.uid === process.getuid()
    const isClosed = process.platform === 'win32' || (found.mode & 0o022) === 0
    return isOurs && isClosed ? path : null
  } catch {
    return null // a home that is missing or read-only
  }
}

/** The folder, and the one above it; a home is not made. */
function makeOwn(path: string): void {
  for (const each of [dirname(path), path])
    try {
      mkdirSync(each, { mode: 0o700 })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
}
