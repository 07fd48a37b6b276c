/**
 * One process per directory: two peers with one log would each sign a vector for the same slot. The lock file
 * names its process by id and start time, so that the one left behind by a killed process is taken over.
 */
import { constants, readFileSync, unlinkSync } from 'node:fs'
import { unlink, writeFile } from 'node:fs/promises'
import { openExisting } from '../files/safe-open.ts'
import { isMissing, StorageError } from './errors.ts'

/** Locks held by this very process. */
const held = new Set<string>()

/** Takes the lock; the function returned gives it back. Throws `storage-locked`. */
export async function takeLock(path: string): Promise<() => void> {
  if (held.has(path)) throw locked(path, process.pid)
  held.add(path)
  try {
    while (!(await create(path))) await removeIfStale(path)
  } catch (error) {
    held.delete(path)
    throw error
  }
  return () => {
    held.delete(path)
    try {
      unlinkSync(path)
    } catch {
      // Gone already, or the directory is: a lock without a process is stale anyway.
    }
  }
}

function locked(path: string, pid: number): StorageError {
  return new StorageError(
    'storage-locked',
    `${path}: process ${pid} runs a peer in this directory. Stop it first; two peers with one identity would be taken for one that lies`,
  )
}

async function create(path: string): Promise<boolean> {
  try {
    await writeFile(path, describe(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

async function removeIfStale(path: string): Promise<void> {
  try {
    const holder = await contentOf(path)
    const pid = Number.parseInt(holder, 10)
    // In a container every first process has the same id: one's own id in an older lock is not another process.
    if (pid !== process.pid && isAlive(pid) && describe(pid) === holder) throw locked(path, pid)
    await unlink(path)
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}

/** @throws FileError where something else lies there: a link to nothing would be looked at for ever */
async function contentOf(path: string): Promise<string> {
  const file = await openExisting(path, constants.O_RDONLY)
  try {
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Process id, and where the system tells it the process's start time: ids are used again. */
function describe(pid: number): string {
  let startTime = ''
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // Field 22, counted behind the command's name, which may hold anything.
    startTime = status.slice(status.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    // No /proc here.
  }
  return `${pid} ${startTime}\n`
}
