/**
 * Whether the others have gone on without this peer, as far as one can tell from inside (design.md, invariant 3).
 *
 * A peer whom even one other can no longer serve may never end its step, and so may one for whom a vote stands behind
 * messages that come too early to be taken. Who claims so may lie, though. So where there is a sign of it and the step
 * does not end for a while, the peer asks the others where they are, and what they say decides (learning/recovery/catch-up.ts).
 * Each time again in the same step, where there is a sign still or nothing has come of the question, it waits twice as
 * long.
 */
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { Clock, Timer } from '../ports.ts'

/** Longer than a peer that has all it needs takes to end a step, short beside what waits for one that has not. */
export const SUSPICION_MS = 2000

interface SuspicionOptions {
  readonly clock: Clock
  readonly faults: number
  readonly step: () => number
  /** Others have to say something before this peer's step can go on. */
  readonly waits: () => boolean
  /** It has asked, and has to go elsewhere, but has found no place yet. */
  readonly seeks: () => boolean
  readonly ask: () => void
}

export interface Suspicion {
  /** This peer no longer has all that it once had for the present step. */
  missed(peer: PeerIndex): void
  /** What this peer says next comes too early. */
  ahead(peer: PeerIndex): void
  /** This peer has been asking from the start: it is to ask again if nothing comes of it. */
  asking(): void
  /** Its new life may say something else than the one before: its next sign is a new one. */
  restarted(peer: PeerIndex): void
}

export function createSuspicion({ clock, faults, step, waits, seeks, ask }: SuspicionOptions): Suspicion {
  const signs = { missed: new Set<PeerIndex>(), ahead: new Set<PeerIndex>() }
  /** Whoever gave a sign in this step: a new one is worth asking for soon, however often this peer has asked. */
  const known = new Set<PeerIndex>()
  let signsOf = 0
  let waitMs = SUSPICION_MS
  let timer: Timer | null = null
  let dueMs = 0

  const forget = () => {
    signs.missed.clear()
    signs.ahead.clear()
    timer?.cancel()
    timer = null
  }
  const sign = (kind: 'missed' | 'ahead', peer: PeerIndex) => {
    if (step() !== signsOf) {
      forget()
      known.clear()
      signsOf = step()
    }
    if (!known.has(peer)) waitMs = SUSPICION_MS
    known.add(peer)
    signs[kind].add(peer)
    if (hasSign()) lookIn(waitMs)
  }
  // Of those who are ahead, f may pretend.
  const hasSign = () => signs.missed.size > 0 || signs.ahead.size > faults
  const lookIn = (ms: number) => {
    if (timer !== null && dueMs <= clock.nowMs() + ms) return
    timer?.cancel()
    dueMs = clock.nowMs() + ms
    timer = clock.after(ms, look)
  }
  const look = () => {
    timer = null
    if (step() !== signsOf || !(hasSign() || seeks())) return
    if (!waits()) {
      lookIn(waitMs)
      return
    }
    waitMs *= 2
    forget()
    ask()
    lookIn(waitMs)
  }
  return {
    missed: peer => sign('missed', peer),
    ahead: peer => sign('ahead', peer),
    asking() {
      signsOf = step()
      lookIn(waitMs)
    },
    restarted: peer => void known.delete(peer),
  }
}
