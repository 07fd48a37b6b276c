/**
 * Notices that a peer no longer moves and reports which peers it waits for. Reports too when it moves again. A peer that
 * receives a long vector from one that it waits for does not stand still.
 */
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { LearnStatus } from '../../learning/learn-contract.ts'
import type { Progress } from '../codec/index.ts'
import type { PeerEvent } from './events.ts'

/** The peers that a peer waits for. Those that are cut off will never send anything, and count among the faulty. */
export interface Waited {
  readonly waitingFor: readonly PeerIndex[]
  readonly convicted: readonly PeerIndex[]
  /** By peer: the long message that arrives from it. */
  readonly arriving: readonly Progress[]
}

/**
 * The peer needs `needed` more vectors, from any of `missing`; null if no peer is left that could help.
 * @param spare how many vectors an iteration does without, `n − q`: `f` as a rule
 */
export function waitedFor({ waitingFor, convicted }: Omit<Waited, 'arriving'>, spare: number) {
  const missing = waitingFor.filter(peer => !convicted.includes(peer))
  return missing.length === 0 ? null : { needed: Math.max(1, waitingFor.length - spare), missing }
}

interface Stillness {
  /** Looks at the peer at this time, and returns an event if there is one to report. */
  look(status: LearnStatus & Waited, nowMs: number): PeerEvent | null
}

/** A peer that stands still for this long is reported, and then again at this interval. */
export const stillMs = 3000
const repeatMs = 10_000

/** A transfer that has come on by less than this share since it was last looked at counts as none: it may be a liar's. */
const PROGRESS_SHARE = 0.01

/** Notices whether a transfer goes on from one of the peers that are waited for. */
function createArrivals(): (status: Waited) => boolean {
  const seen = new Map<PeerIndex, Progress>()
  return ({ waitingFor, convicted, arriving }) => {
    let goesOn = false
    for (const [peer, progress] of arriving.entries()) {
      const { receivedBytes, totalBytes } = progress
      const before = seen.get(peer)
      // With another total, or fewer bytes, it is another message.
      const isSame = before?.totalBytes === totalBytes && before.receivedBytes <= receivedBytes
      const newBytes = receivedBytes - (isSame ? before.receivedBytes : 0)
      if (isSame && newBytes < PROGRESS_SHARE * totalBytes) continue
      seen.set(peer, progress)
      goesOn ||= newBytes > 0 && waitingFor.includes(peer) && !convicted.includes(peer)
    }
    return goesOn
  }
}

/** @param spare this many of the missing peers are not needed */
export function createStillness(spare: number): Stillness {
  let place = ''
  let missing: readonly PeerIndex[] = []
  let sinceMs = 0
  let toldMs: number | null = null
  const arrives = createArrivals()
  return {
    look(status, nowMs) {
      const { step, phase, computing, waitingFor } = status
      const here = `${step} ${phase}`
      // A peer that is newly missing is missing in another iteration, so there is progress too. But one that is asked for
      // its position is only asked again.
      const isNew = phase !== 'catching-up' && waitingFor.some(peer => !missing.includes(peer))
      const moved = here !== place || isNew
      missing = waitingFor
      const goesOn = arrives(status)
      if (moved || goesOn || phase === 'finished' || computing) {
        const told = toldMs !== null
        place = here
        sinceMs = nowMs
        toldMs = null
        return told ? { kind: 'resumed' } : null
      }
      const lastMs = toldMs ?? sinceMs + stillMs - repeatMs
      const waited = waitedFor(status, spare)
      if (nowMs - lastMs < repeatMs || waited === null) return null
      toldMs = nowMs
      return { kind: 'waiting', step, phase, ...waited, seconds: (nowMs - sinceMs) / 1000 }
    },
  }
}

/** Looks every second until stopped. */
export function watchForWaiting(
  status: () => LearnStatus & Waited,
  spare: number,
  onEvent: (event: PeerEvent) => void,
): { stop(): void } {
  const stillness = createStillness(spare)
  const timer = setInterval(() => {
    const event = stillness.look(status(), performance.now())
    if (event !== null) onEvent(event)
  }, 1000)
  return { stop: () => clearInterval(timer) }
}
