/** Measures a run from its first gradient to its end: how long it took, and the event loop delay of this thread. */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { EventLoopDelays } from './report.ts'

export interface Meter {
  /** Starts the measurement. Later calls do nothing. */
  begin(): void
  end(): {
    readonly learningSeconds: number
    readonly eventLoopDelayMs: EventLoopDelays
  }
}

/** The histogram's own timer fires at this interval, and its values include the interval. */
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
