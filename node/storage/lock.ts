/**
 * One process per directory: two peers with one log would each sign a vector for the same slot. The lock file names its
 * process by id, start time, and the place where that id counts (machine, boot, pid namespace). In the same place, a
 * lock is stale if its process is gone. From another place, such as a container on the same volume, no process can be
 * looked up. So the holder touches its lock every 2 s, and a lock that nobody has touched for 15 s is stale.
 *
 * A lock gets its name by `link`, whole or not at all. A stale lock is renamed, and read again under a name that nobody
 * else knows, before it is removed: a faster process may have put its own lock in its place.
 */
import { randomBytes } from 'node:crypto'
import { constants, fstatSync, futimesSync, lstatSync, unlinkSync } from 'node:fs'
import { type FileHandle, link, rename, rm } from 'node:fs/promises'
import { createNew, openExisting } from '../files/safe-open.ts'
import { isMissing, StorageError } from './errors.ts'
import {
  describeHolder,
  encodeHolder,
  type Holder,
  type LockWorld,
  parseHolder,
  realWorld,
} from './lock-holder.ts'
import { readStart } from './read.ts'

export interface Lock {
  /**
   * @throws StorageError `storage-locked` if another process has taken it over: this process slept for long, or its
   * lock was deleted
   */
  check(): Promise<void>
  release(): void
}

const TOUCH_MS = 2_000
const STALE_MS = 15_000
const LOOK_MS = 1_000
/** Far longer than any lock of ours. */
const LOCK_BYTES_MAX = 1024
/** How often another process may be faster before this one gives up. */
const ROUNDS = 20

/** Locks held by this very process. */
const held = new Set<string>()

interface Found {
  readonly text: string
  readonly holder: Holder | null
  /** The file, and when it was last touched. */
  readonly inode: bigint
  readonly touched: bigint
}

/** Takes the lock; waits up to 15 s if a stale lock from another place may be there. Throws `storage-locked`. */
export async function takeLock(path: string, world: LockWorld = realWorld()): Promise<Lock> {
  if (held.has(path)) throw locked(path, `process ${process.pid}`)
  held.add(path)
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const file = await create(path, world)
      if (file !== null) return holding(path, file, world)
      const stale = await findStale(path, world)
      if (stale !== null) await remove(path, stale)
    }
    throw locked(path, 'one of several processes that start at once')
  } catch (error) {
    held.delete(path)
    throw error
  }
}

function holding(path: string, file: FileHandle, { every }: LockWorld): Lock {
  // By its handle: a file that another process has put under the name is not ours to touch.
  const stop = every(TOUCH_MS, () => {
    try {
      const now = new Date()
      futimesSync(file.fd, now, now)
    } catch {
      // The next write checks whether the lock is still ours.
    }
  })
  return {
    async check() {
      // A lock that was taken over has no name any more. While a process inspects it, it has another name.
      const isOurs = await file.stat().then(
        ({ nlink }) => nlink > 0,
        () => false,
      )
      if (!isOurs)
        throw new StorageError(
          'storage-locked',
          `${path} is no longer this process's lock: another peer may run in this directory by now, or somebody deleted the lock. This peer must stop here; two peers with one identity would be taken for a liar`,
        )
    },
    release() {
      stop()
      held.delete(path)
      try {
        const [own, named] = [fstatSync(file.fd, { bigint: true }), lstatSync(path, { bigint: true })]
        if (own.ino === named.ino && own.dev === named.dev) unlinkSync(path)
      } catch {
        // The lock is gone already, or its directory is: a lock without a process is stale anyway.
      }
      file.close().catch(() => undefined)
    },
  }
}

function locked(path: string, who: string): StorageError {
  return new StorageError(
    'storage-locked',
    `${path}: ${who} runs a peer in this directory. Stop it first; two peers with one identity would be taken for a liar`,
  )
}

const aName = (path: string): string => `${path}.${randomBytes(8).toString('hex')}`

/** Null if there is a lock already. The handle is the lock's. */
async function create(path: string, world: LockWorld): Promise<FileHandle | null> {
  const draft = aName(path)
  const file = await createNew(draft, 0o600)
  try {
    await file.writeFile(encodeHolder(world))
    if (await linkTo(draft, path)) return file
    await file.close()
    return null
  } catch (error) {
    await file.close().catch(() => undefined)
    throw error
  } finally {
    await rm(draft, { force: true })
  }
}

/** False if the name is taken. */
async function linkTo(from: string, path: string): Promise<boolean> {
  try {
    await link(from, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** The stale lock; null if there is no lock any more. Throws `storage-locked` if somebody holds it. */
async function findStale(path: string, world: LockWorld): Promise<Found | null> {
  const first = await look(path)
  if (first === null) return null
  if (first.holder?.place === world.place) {
    const { pid, startTime } = first.holder
    // In a container every first process has the same id: this process's id in an older lock is no other process.
    if (pid !== process.pid && world.isRunning(pid, startTime)) throw locked(path, `process ${pid}`)
    return first
  }
  for (let waited = 0; waited < STALE_MS; waited += LOOK_MS) {
    await world.delay(LOOK_MS)
    const now = await look(path)
    if (now === null || now.inode !== first.inode) return null
    if (now.text !== first.text || now.touched !== first.touched)
      throw locked(path, describeHolder(now.holder))
  }
  return first
}

/** Removes this lock and no other. */
async function remove(path: string, stale: Found): Promise<void> {
  const aside = aName(path)
  try {
    await rename(path, aside)
  } catch (error) {
    if (isMissing(error)) return
    throw error
  }
  const moved = await look(aside)
  const isStale = moved !== null && moved.inode === stale.inode && moved.text === stale.text
  // If there is yet another lock by now, the one moved here is lost, and `check` tells its holder.
  if (!isStale || moved.touched !== stale.touched) await linkTo(aside, path)
  await rm(aside, { force: true })
}

/** @throws FileError if something else lies there: a link to nothing would be inspected for ever */
async function look(path: string): Promise<Found | null> {
  const file = await openExisting(path, constants.O_RDONLY).catch((error: unknown) => {
    if (isMissing(error)) return null
    throw error
  })
  if (file === null) return null
  try {
    const { ino, mtimeNs } = await file.stat({ bigint: true })
    const text = (await readStart(file, LOCK_BYTES_MAX)).toString('utf8')
    return { text, holder: parseHolder(text), inode: ino, touched: mtimeNs }
  } finally {
    await file.close()
  }
}
