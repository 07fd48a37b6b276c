/**
 * Imported into a peer's process: at a signal it collects garbage and reports what is left. The resident size alone
 * says little in a run of minutes, as the heap may grow to a multiple of what is alive before anything is collected.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

export interface Memory {
  readonly kind: 'memory'
  /** After a full collection: on the heap, and outside it. */
  readonly liveBytes: number
  /** After it. */
  readonly bufferBytes: number
  /** Before it, as the system sees the process. */
  readonly residentBytes: number
}

/** Never sent if the system has no such signal. */
export const MEASURE = 'SIGUSR2'

if (process.send !== undefined && process.platform !== 'win32') {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  process.on(MEASURE, () => {
    const residentBytes = process.memoryUsage.rss()
    // What the first one finalizes is gone after the second.
    collect()
    collect()
    const { heapUsed, external, arrayBuffers } = process.memoryUsage()
    const memory: Memory = {
      kind: 'memory',
      liveBytes: heapUsed + external,
      bufferBytes: arrayBuffers,
      residentBytes,
    }
    process.send?.(memory)
  })
}
