/** Estimates how much of an experiment is done, by cost, and how long the rest will take. */

interface Estimate {
  /** `part` of run `index` is done, in [0, 1]. */
  update(index: number, part: number, nowMs: number): void
  /** The cost of what is done. */
  done(): number
  /** Null before an estimate is possible. */
  secondsLeft(nowMs: number): number | null
}

/** What must be measured before an estimate is given: this much time, and this large a part of the whole. */
const SEEN_MS = 3000
const SEEN_PART = 0.01
/** And a whole run, which alone shows what compiling at its start and judging at its end take; of long runs, so much time. */
const LONG_MS = 30_000

/**
 * The speed counts from the first sign of progress. Before that threads start, data is read and models are compiled,
 * which happens only once. Towards the end threads run out of work, and the longest open run decides.
 *
 * @param costs of the runs still to do, in any unit
 */
export function createEstimate(costs: readonly number[], threads: number): Estimate {
  const parts = costs.map(() => 0)
  const whole = costs.reduce((a, b) => a + b, 0)
  let first: { readonly ms: number; readonly done: number } | null = null
  const done = () => parts.reduce((sum, part, i) => sum + part * costs[i]!, 0)
  return {
    update(index, part, nowMs) {
      parts[index] = part
      first ??= { ms: nowMs, done: done() }
    },
    done,
    secondsLeft(nowMs) {
      if (first === null) return null
      const [elapsedMs, gained] = [nowMs - first.ms, done() - first.done]
      if (elapsedMs < SEEN_MS || gained < SEEN_PART * whole) return null
      if (elapsedMs < LONG_MS && !parts.some(part => part >= 1)) return null
      const perSecond = (1000 * gained) / elapsedMs
      const open = costs.map((cost, i) => cost * (1 - parts[i]!))
      const busy = Math.min(threads, costs.length)
      const all = open.reduce((a, b) => a + b, 0) / perSecond
      return Math.max(all, (busy * Math.max(...open)) / perSecond)
    },
  }
}
