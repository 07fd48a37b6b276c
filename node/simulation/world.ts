/**
 * Virtual time: a queue of events, in order of time and then of arrival. Everything happens in an event, so a run is a
 * function of its inputs: the same seed gives the same world and the same trace.
 */
import TinyQueue from 'tinyqueue'
import type { Clock } from '../ports.ts'

interface Event {
  readonly timeMs: number
  readonly order: number
  /** Work of the real machine (a gradient) whose result the event needs. By itself it takes no virtual time. */
  readonly pending: Promise<unknown> | null
  run: (() => void) | null
}

interface RunLimits {
  readonly until?: () => boolean
  readonly maxTimeMs?: number
  readonly maxEvents?: number
  /** Asked before each event: work of this process that cannot wait any longer; null: there is none. Not for `runSync`. */
  readonly pause?: () => Promise<void> | null
}

export interface World {
  readonly clock: Clock
  nowMs(): number
  /** How many events have run, over all runs. */
  events(): number
  /** Calls back after a virtual delay. The result cancels the call. */
  after(delayMs: number, run: () => void): { cancel(): void }
  /** Calls back at a virtual time. Calls with equal times come in the order in which they were made. */
  at(timeMs: number, run: () => void): void
  /** Calls back with the value of real work, at the stated virtual time from now, however long it really takes. */
  afterWork<T>(delayMs: number, work: Promise<T>, run: (value: T | Error) => void): void
  /** Runs events until none is left, `until` says so, or a limit is reached. */
  run(limits?: RunLimits): Promise<WorldEnd>
  /** The same for a world in which no event waits for real work; throws if one does. */
  runSync(limits?: RunLimits): WorldEnd
}

/** Why a run of the world ended, and how many events it took. */
interface WorldEnd {
  readonly reason: 'quiet' | 'done' | 'time' | 'events'
  readonly events: number
}

interface State {
  readonly queue: TinyQueue<Event>
  nowMs: number
  order: number
  events: number
}

export function createWorld(): World {
  const state: State = {
    queue: new TinyQueue<Event>([], (a, b) => a.timeMs - b.timeMs || a.order - b.order),
    nowMs: 0,
    order: 0,
    events: 0,
  }
  const after = (delayMs: number, run: () => void) => {
    const event = schedule(state, state.nowMs + Math.max(0, delayMs), run)
    return {
      cancel() {
        event.run = null
      },
    }
  }
  const nowMs = () => state.nowMs
  return {
    clock: { nowMs, after },
    nowMs,
    events: () => state.events,
    after,
    at: (timeMs, run) => void schedule(state, Math.max(timeMs, state.nowMs), run),
    afterWork<Result>(delayMs: number, work: Promise<Result>, run: (value: Result | Error) => void) {
      let value: Result | Error | undefined
      const settled = work.then(
        result => {
          value = result
        },
        (error: unknown) => {
          value = error instanceof Error ? error : new Error(String(error))
        },
      )
      schedule(state, state.nowMs + Math.max(0, delayMs), () => run(value as Result | Error), settled)
    },
    async run(limits = {}) {
      const before = state.events
      for (;;) {
        const end = next(state, limits, before)
        if (typeof end === 'string') return { reason: end, events: state.events - before }
        if (end.pending !== null) await end.pending
        const pause = limits.pause?.() ?? null
        if (pause !== null) await pause
        happen(state, end)
      }
    },
    runSync(limits = {}) {
      const before = state.events
      for (;;) {
        const end = next(state, limits, before)
        if (typeof end === 'string') return { reason: end, events: state.events - before }
        if (end.pending !== null) throw new Error('an event waits for real work: use run() instead')
        happen(state, end)
      }
    },
  }
}

function schedule(
  state: State,
  timeMs: number,
  run: () => void,
  pending: Promise<unknown> | null = null,
): Event {
  const event: Event = { timeMs, order: state.order++, pending, run }
  state.queue.push(event)
  return event
}

/** Takes the next event that was not cancelled out of the queue, or says why there is none to run. */
function next(
  { queue, events }: State,
  { until, maxTimeMs = Infinity, maxEvents = Infinity }: RunLimits,
  before: number,
): Event | WorldEnd['reason'] {
  if (until?.()) return 'done'
  if (events - before >= maxEvents) return 'events'
  for (;;) {
    const event = queue.peek()
    if (event === undefined) return 'quiet'
    if (event.timeMs > maxTimeMs) return 'time'
    queue.pop()
    if (event.run !== null) return event
  }
}

function happen(state: State, event: Event): void {
  state.nowMs = event.timeMs
  state.events++
  event.run?.()
}
