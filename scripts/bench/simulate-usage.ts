/**
 * Loaded before a command's own code: at its end, writes what it used to the file that CONCORD_BENCH_USAGE names. The
 * time of processes that it has started, and that have ended, is told beside its own where the system does (Linux).
 */
import { readFileSync, writeFileSync } from 'node:fs'

const path = process.env.CONCORD_BENCH_USAGE

/** A tick of /proc, as on every Linux. */
const TICK_MS = 10

function childrensCpuMs(): number {
  try {
    // After the name, which may hold spaces, the 14th and 15th are those of children that were waited for.
    const fields = readFileSync('/proc/self/stat', 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return TICK_MS * (Number(fields[13]) + Number(fields[14]))
  } catch {
    return 0
  }
}

process.on('exit', () => {
  if (path === undefined) return
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  writeFileSync(
    path,
    JSON.stringify({
      cpuMs: (userCPUTime + systemCPUTime) / 1000,
      childrensCpuMs: childrensCpuMs(),
      peakMegabytes: maxRSS / 1024,
    }),
  )
})
