/** The most memory of this process that was ever resident at one time. */
import { readFileSync } from 'node:fs'

/**
 * In bytes. On Linux the kernel's own count for this program is read, because a process's resource usage there begins
 * with what its parent had when it started this one.
 */
export function peakResidentBytes(): number {
  const kibibytes = process.platform === 'linux' ? kernelPeak() : null
  // `maxRSS` is in units of 1024 bytes on every system.
  return 1024 * (kibibytes ?? process.resourceUsage().maxRSS)
}

function kernelPeak(): number | null {
  try {
    const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
    return kibibytes === undefined ? null : Number(kibibytes)
  } catch {
    return null // /proc is not mounted everywhere
  }
}
