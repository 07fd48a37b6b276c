/** The system's clock for one peer. Once the clock is stopped, no pending timer keeps the process from ending. */
import type { Clock, Timer } from '../ports.ts'
import { systemClock } from '../runtime/system-clock.ts'

interface PeerClock extends Clock {
  /** Cancels every timer. No timer can be set after this. */
  stop(): void
}

export function createPeerClock(clock: Clock = systemClock): PeerClock {
  const timers = new Set<Timer>()
  let isStopped = false
  return {
    nowMs: clock.nowMs,
    after(delayMs, callback) {
      if (isStopped) return { cancel() {} }
      const timer = clock.after(delayMs, () => {
        timers.delete(timer)
        callback()
      })
      timers.add(timer)
      return {
        cancel() {
          timers.delete(timer)
          timer.cancel()
        },
      }
    },
    stop() {
      isStopped = true
      for (const timer of timers) timer.cancel()
      timers.clear()
    },
  }
}
