/** Notices that a peer no longer moves, and says whom it waits for; says too when it moves again. */
import type { PeerIndex } from '../../../agreement/protocol.ts'
import type { LearnStatus } from '../../../learning/learn-contract.ts'
import type { PeerEvent } from './events.ts'

interface Stillness {
  /** Looks at the peer at a time; returns what there is to tell. */
  look(status: LearnStatus, nowMs: number): PeerEvent | null
}

/** Still for this long is worth a word, and then again this often. */
export const stillMs = 3000
const repeatMs = 10_000

/** @param faults `f`: of those missing, so many are never waited for */
export function createStillness(faults: number): Stillness {
  let place = ''
  let missing: readonly PeerIndex[] = []
  let sinceMs = 0
  let toldMs: number | null = null
  return {
    look(status, nowMs) {
      const { step, phase, computing, waitingFor } = status
      const here = `${step} ${phase}`
      // Whoever is missed anew is missed in another iteration: that, too, is progress.
      const moved = here !== place || waitingFor.some(peer => !missing.includes(peer))
      missing = waitingFor
      if (moved || phase === 'finished' || computing) {
        const told = toldMs !== null
        place = here
        sinceMs = nowMs
        toldMs = null
        return told ? { kind: 'resumed' } : null
      }
      const lastMs = toldMs ?? sinceMs + stillMs - repeatMs
      if (nowMs - lastMs < repeatMs || waitingFor.length === 0) return null
      toldMs = nowMs
      const needed = Math.max(1, waitingFor.length - faults)
      return { kind: 'waiting', step, phase, needed, missing: waitingFor, seconds: (nowMs - sinceMs) / 1000 }
    },
  }
}

/** Looks every second until stopped. */
export function watchForWaiting(
  status: () => LearnStatus,
  faults: number,
  onEvent: (event: PeerEvent) => void,
): { stop(): void } {
  const stillness = createStillness(faults)
  const timer = setInterval(() => {
    const event = stillness.look(status(), performance.now())
    if (event !== null) onEvent(event)
  }, 1000)
  return { stop: () => clearInterval(timer) }
}
