/**
 * What one link may send again. A peer that asks for all of it over and over would bring thousands of times what it
 * says; so what was sent before costs, what is acknowledged for the first time pays for it, and time does, slowly.
 * The budget is the member's: it lasts over all its connections.
 * It is not a token bucket: its size follows the window at every moment, and acknowledgements pay as well as time.
 */
import type { LinkLimits } from './limits.ts'

export interface Budget {
  /** These bytes have been sent again. */
  spend(bytes: number): void
  /** These bytes have been acknowledged for the first time. */
  earn(bytes: number): void
  /** How long nothing may be sent again; 0: it may now. */
  waitMs(): number
}

type BudgetLimits = Pick<LinkLimits, 'resentBytesMin' | 'resentWindows' | 'resentRefillMs'>

/** It goes on when there is room for some frames, not for each by itself. */
const PAUSE_MS = 250

/** @param windowBytes bytes kept though the peer has acknowledged them: what it may need again */
export function createBudget(
  { resentBytesMin, resentWindows, resentRefillMs }: BudgetLimits,
  nowMs: () => number,
  windowBytes: () => number,
): Budget {
  let spent = 0
  let countedMs = nowMs()
  let allowance = resentBytesMin
  /** Time pays its part. A smaller allowance shrinks the debt with it, so it never makes the wait longer. */
  const count = () => {
    const [before, now] = [allowance, nowMs()]
    allowance = resentBytesMin + resentWindows * windowBytes()
    if (allowance < before) spent *= allowance / before
    spent = Math.max(0, spent - (allowance * (now - countedMs)) / resentRefillMs)
    countedMs = now
  }
  return {
    spend(bytes) {
      count()
      spent += bytes
    },
    earn(bytes) {
      spent = Math.max(0, spent - bytes)
    },
    waitMs() {
      if (spent === 0) return 0
      count()
      return spent < allowance ? 0 : PAUSE_MS + ((spent - allowance) * resentRefillMs) / allowance
    },
  }
}
