/** The most memory that a process has had, as the system counts it. */
import { readFileSync } from 'node:fs'

/** Peak resident memory in megabytes; null if the system does not say, or the process is gone. */
export function peakMegabytes(pid: number): number | null {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kilobytes === undefined ? null : Number(kilobytes) / 1000
  } catch {
    return null
  }
}
