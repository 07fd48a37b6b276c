/** What a process takes of the machine, as the system counts it; null if the system does not say, or it is gone. */
import { readFileSync } from 'node:fs'

/** The most memory that it has had. */
export function peakMegabytes(pid: number): number | null {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(read(pid, 'status'))?.[1]
  return kilobytes === undefined ? null : Number(kilobytes) / 1000
}

/** The kernel's unit of CPU time, whatever its own clock: USER_HZ. */
const TICKS_PER_SECOND = 100

/** The CPU time of all its threads so far. */
export function cpuSeconds(pid: number): number | null {
  // Behind the name, which is in brackets and may hold anything.
  const fields = read(pid, 'stat').split(') ').at(-1)!.split(' ')
  const [user, system] = [Number(fields[11]), Number(fields[12])]
  return Number.isNaN(user + system) ? null : (user + system) / TICKS_PER_SECOND
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}
