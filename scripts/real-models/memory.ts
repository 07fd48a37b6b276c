/** The largest resident sizes of a process and of those that it started, where /proc says them. */
import { readFile } from 'node:fs/promises'

/** Null: the system does not say, or the process has ended. */
export async function peakOf(pid: number): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? []
  return kilobytes === undefined ? null : 1024 * Number(kilobytes)
}

/** The largest among all processes below this one; null: there is none, or the system does not say. */
export async function peakBelow(pid: number): Promise<number | null> {
  const listed = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  const children = listed.split(' ').filter(Boolean).map(Number)
  const peaks = await Promise.all(children.flatMap(child => [peakOf(child), peakBelow(child)]))
  const known = peaks.filter(peak => peak !== null)
  return known.length === 0 ? null : Math.max(...known)
}
