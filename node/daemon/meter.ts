/** Times a run: from the first gradient to the end and the delay of this thread meanwhile. */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { EventLoopDelays } from './report.ts'

export interface Meter {
  /** The first call counts. */
  begin(): void
  end(): {
    readonly learningSeconds: number
    readonly eventLoopDelayMs: EventLoopDelays
  }
}

/** The histogram's own timer fires this often, and its values include it. */
const resolutionMs = 10

export function createMeter(): Meter {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs })
  let startedMs: number | null = null
  const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - resolutionMs)
  return {
    begin() {
      if (startedMs !== null) return
      startedMs = performance.now()
      histogram.enable()
    },
    end() {
      histogram.disable()
      const empty = histogram.count === 0
      return {
        learningSeconds: startedMs === null ? 0 : (performance.now() - startedMs) / 1000,
        eventLoopDelayMs: {
          p50: empty ? 0 : late(histogram.percentile(50)),
          p99: empty ? 0 : late(histogram.percentile(99)),
          max: empty ? 0 : late(histogram.max),
        },
      }
    },
  }
}
