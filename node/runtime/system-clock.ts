/** The clock of a real peer. */
import type { Clock } from '../ports.ts'

/** The longest delay that `setTimeout` takes; it would fire at once on a longer one. */
const DELAY_MS_MAX = 2 ** 31 - 1

/** The machine's monotonic clock, and its timers. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(delayMs, 0), DELAY_MS_MAX))
    return { cancel: () => clearTimeout(timer) }
  },
}
