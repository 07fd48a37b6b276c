/** Loaded before a command's own code: at its end, writes what it used to the file that CONCORD_BENCH_USAGE names. */
import { writeFileSync } from 'node:fs'

const path = process.env.CONCORD_BENCH_USAGE

process.on('exit', () => {
  if (path === undefined) return
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  writeFileSync(
    path,
    JSON.stringify({ cpuMs: (userCPUTime + systemCPUTime) / 1000, peakMegabytes: maxRSS / 1024 }),
  )
})
