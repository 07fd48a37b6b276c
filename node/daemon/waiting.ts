/** Notices that a peer no longer moves, and says whom it waits for; says too when it moves again. */
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { LearnStatus } from '../../learning/learn-contract.ts'
import type { PeerEvent } from './events.ts'

/** What is waited for, and of whom; those cut off will never send it, and are among the faulty. */
export interface Waited {
  readonly waitingFor: readonly PeerIndex[]
  readonly convicted: readonly PeerIndex[]
}

/** `needed` more of `missing` would do; null where nobody is left who could help. */
export function waitedFor({ waitingFor, convicted }: Waited, maxFaulty: number) {
  const missing = waitingFor.filter(peer => !convicted.includes(peer))
  return missing.length === 0 ? null : { needed: Math.max(1, waitingFor.length - maxFaulty), missing }
}

interface Stillness {
  /** Looks at the peer at a time; returns what there is to tell. */
  look(status: LearnStatus & Waited, nowMs: number): PeerEvent | null
}

/** Still for this long is worth a word, and then again this often. */
export const stillMs = 3000
const repeatMs = 10_000

/** @param faults `f`: of those missing, so many are never waited for */
export function createStillness(maxFaulty: number): Stillness {
  let place = ''
  let missing: readonly PeerIndex[] = []
  let sinceMs = 0
  let toldMs: number | null = null
  return {
    look(status, nowMs) {
      const { step, phase, computing, waitingFor } = status
      const here = `${step} ${phase}`
      // A peer that is missed anew is missed in another iteration: that, too, is progress. Where it is asked for its
      // position it is only asked again.
      const isAnew = phase !== 'catching-up' && waitingFor.some(peer => !missing.includes(peer))
      const moved = here !== place || isAnew
      missing = waitingFor
      if (moved || phase === 'finished' || computing) {
        const told = toldMs !== null
        place = here
        sinceMs = nowMs
        toldMs = null
        return told ? { kind: 'resumed' } : null
      }
      const lastMs = toldMs ?? sinceMs + stillMs - repeatMs
      const waited = waitedFor(status, maxFaulty)
      if (nowMs - lastMs < repeatMs || waited === null) return null
      toldMs = nowMs
      return { kind: 'waiting', step, phase, ...waited, seconds: (nowMs - sinceMs) / 1000 }
    },
  }
}

/** Looks every second until stopped. */
export function watchForWaiting(
  status: () => LearnStatus & Waited,
  maxFaulty: number,
  onEvent: (event: PeerEvent) => void,
): { stop(): void } {
  const stillness = createStillness(maxFaulty)
  const timer = setInterval(() => {
    const event = stillness.look(status(), performance.now())
    if (event !== null) onEvent(event)
  }, 1000)
  return { stop: () => clearInterval(timer) }
}
