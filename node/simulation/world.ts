/**
 * Virtual time: a queue of events, in order of time and then of arrival. Nothing happens but by an event, so a run
 * is a function of what was put in: same seed, same world, same trace.
 */
import TinyQueue from 'tinyqueue'
import type { Clock } from '../ports.ts'

interface Event {
  readonly timeMs: number
  readonly order: number
  /** Work of the real machine (a gradient) whose result the event needs; it takes no virtual time by itself. */
  readonly pending: Promise<unknown> | null
  run: (() => void) | null
}

export interface World {
  readonly clock: Clock
  nowMs(): number
  /** Calls back after a virtual delay; the result cancels it. */
  after(delayMs: number, run: () => void): { cancel(): void }
  /** Calls back with the value of real work, at the stated virtual time from now, however long it really takes. */
  afterWork<T>(delayMs: number, work: Promise<T>, run: (value: T | Error) => void): void
  /** Runs events until none is left, `until` says so, or the time is reached. */
  run(options?: {
    readonly until?: () => boolean
    readonly maxTimeMs?: number
    readonly maxEvents?: number
  }): Promise<WorldEnd>
}

/** Why a run of the world ended. */
export interface WorldEnd {
  readonly reason: 'quiet' | 'done' | 'time' | 'events'
  readonly events: number
}

export function createWorld(): World {
  const queue = new TinyQueue<Event>([], (a, b) => a.timeMs - b.timeMs || a.order - b.order)
  let nowMs = 0
  let order = 0
  const schedule = (delayMs: number, run: () => void, pending: Promise<unknown> | null = null): Event => {
    const event: Event = { timeMs: nowMs + Math.max(0, delayMs), order: order++, pending, run }
    queue.push(event)
    return event
  }
  const after = (delayMs: number, run: () => void) => {
    const event = schedule(delayMs, run)
    return {
      cancel() {
        event.run = null
      },
    }
  }
  return {
    clock: { nowMs: () => nowMs, after },
    nowMs: () => nowMs,
    after,
    afterWork<T>(delayMs: number, work: Promise<T>, run: (value: T | Error) => void) {
      let value: T | Error | undefined
      const settled = work.then(
        result => {
          value = result
        },
        (error: unknown) => {
          value = error instanceof Error ? error : new Error(String(error))
        },
      )
      schedule(delayMs, () => run(value as T | Error), settled)
    },
    async run({ until, maxTimeMs = Infinity, maxEvents = Infinity } = {}) {
      let events = 0
      for (;;) {
        if (until?.()) return { reason: 'done', events }
        if (events >= maxEvents) return { reason: 'events', events }
        const event = queue.peek()
        if (event === undefined) return { reason: 'quiet', events }
        if (event.timeMs > maxTimeMs) return { reason: 'time', events }
        queue.pop()
        if (event.run === null) continue
        if (event.pending !== null) await event.pending
        nowMs = event.timeMs
        events++
        event.run()
      }
    },
  }
}
