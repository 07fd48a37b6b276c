/** Ends a run from outside whose thread does not come back: a function of the user's that loops ends no other way. */
import type { Job } from './run-one.ts'

/** How long a run may go without a step. */
export interface Patience {
  readonly silentMs: number
  /** When the run's own time (`stop.after`) is over. */
  readonly overdueMs: number
}

const PATIENCE: Patience = { silentMs: 600_000, overdueMs: 60_000 }
const LOOK_EVERY_MS = 1000

interface Silence {
  begin(job: Job): void
  /** A step is done. */
  heard(): void
  /** Since the job began. */
  seconds(): number
  close(): void
}

/** @param end is called with the reason, perhaps more than once */
export function watchSilence(end: (why: string) => void, patience: Patience = PATIENCE): Silence {
  let job: Job | null = null
  let startedMs = 0
  let heardMs = 0
  const timer = setInterval(() => {
    const nowMs = performance.now()
    const quietMs = nowMs - heardMs
    const seconds = Math.round(quietMs / 1000)
    const time = job?.stop.afterSeconds ?? Infinity
    if (job === null) return
    if (nowMs - startedMs > 1000 * time && quietMs > patience.overdueMs)
      end(`no step was done for ${seconds} s, and its time of ${time} s is over`)
    else if (quietMs > patience.silentMs) end(`no step was done for ${seconds} s`)
  }, LOOK_EVERY_MS)
  return {
    begin(next) {
      job = next
      startedMs = heardMs = performance.now()
    },
    heard() {
      heardMs = performance.now()
    },
    seconds: () => (performance.now() - startedMs) / 1000,
    close: () => clearInterval(timer),
  }
}
