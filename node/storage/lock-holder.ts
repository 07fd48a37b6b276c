/** The holder of a lock, as its file names it, and what can be looked up about it from here. */
import { randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout } from 'node:timers/promises'

export interface Holder {
  readonly pid: number
  /** Process ids are reused; '-' if the system does not say. */
  readonly startTime: string
  /** The place where the id counts: the same text means the same processes. */
  readonly place: string
}

/** What a lock needs to know about the system. */
export interface LockWorld {
  readonly place: string
  /** Whether a process of this place runs. */
  isRunning(pid: number, startTime: string): boolean
  delay(milliseconds: number): Promise<unknown>
  /** Keeps no process alive; the returned function ends it. */
  every(milliseconds: number, then: () => void): () => void
}

const UNKNOWN = '-'

export function realWorld(): LockWorld {
  return {
    place: hereIs(),
    isRunning,
    delay: milliseconds => setTimeout(milliseconds),
    every(milliseconds, then) {
      const timer = setInterval(then, milliseconds)
      timer.unref()
      return () => clearInterval(timer)
    },
  }
}

/** "<pid> <start time> <place> <random>": no two locks are the same. */
export function encodeHolder({ place }: Pick<LockWorld, 'place'>): string {
  return `${process.pid} ${startTimeOf(process.pid)} ${place} ${randomBytes(8).toString('hex')}\n`
}

/** Null if the text cannot be understood. */
export function parseHolder(text: string): Holder | null {
  const found = /^(\d{1,10}) (\S+) (\S+) [0-9a-f]{16}\n$/.exec(text)
  if (found === null) return null
  const [, pid = '', startTime = '', place = ''] = found
  return { pid: Number(pid), startTime, place }
}

export function describeHolder(holder: Holder | null): string {
  if (holder === null) return 'somebody who is writing to the lock right now'
  const [host] = holder.place.split('/')
  return `process ${holder.pid} on ${host}, which is another machine or container than this one and keeps its lock fresh,`
}

/** Machine, boot and pid namespace, as far as the system names them. */
function hereIs(): string {
  const boot = orUnknown(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1'))
  const namespace = orUnknown(() => readlinkSync('/proc/self/ns/pid'))
  return [hostname(), boot, namespace].map(part => part.trim().replace(/[\s/]/g, '_') || UNKNOWN).join('/')
}

function orUnknown(read: () => string): string {
  try {
    return read()
  } catch {
    return UNKNOWN
  }
}

function isRunning(pid: number, startTime: string): boolean {
  if (!(pid > 0)) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const found = startTimeOf(pid)
  return found === startTime || found === UNKNOWN || startTime === UNKNOWN
}

/** Field 22 of the process's status, counted from after the command's name, which may hold anything. */
function startTimeOf(pid: number): string {
  const status = orUnknown(() => readFileSync(`/proc/${pid}/stat`, 'latin1'))
  return status.slice(status.lastIndexOf(')') + 2).split(' ')[19] ?? UNKNOWN
}
