/**
 * The signs that the others have gone on without this peer, as far as it can tell by itself, and how long it waits
 * before it asks them.
 *
 * If even one other peer can no longer serve this one, its step may never end. The same holds if too many others are
 * so far ahead that they no longer answer for its step. But a peer that claims either may lie, so a sign is a reason
 * to ask, and never more. The wait doubles each time that this peer asks in the same step. The first sign that a peer
 * gives in a step brings the short wait back.
 */
import type { PeerIndex } from '../../agreement/protocol.ts'

/** The longest wait, in multiples of the shortest. At 2 s it is a day and a half, which any timer can still hold. */
const TIMES_MAX = 2 ** 16

/** A wait that recovery asks the driver for. */
interface Wait {
  /** Different for each wait. A wait that was replaced still runs out, and is then ignored. */
  readonly number: number
  readonly times: number
}

export interface Suspicion {
  /** That peer can no longer send all that the present step may need from it. */
  missed(peer: PeerIndex): void
  /** It has said that it says nothing more, or not everything, of steps before this one. */
  silent(peer: PeerIndex, before: number): void
  /**
   * The peers that are silent in this step count as missed again. Their links say so only when something passes, and
   * where the others wait for this peer nothing does.
   */
  missSilent(step: number): void
  /** That peer is so far ahead that it sends nothing that this one can take yet, or no longer is. */
  ahead(peer: PeerIndex, isAhead: boolean): void
  /** Its new incarnation may differ from the one before, so its next sign counts as a new one. */
  restarted(peer: PeerIndex): void
  /** Whether there is a reason to ask. */
  hasSign(): boolean
  /** Whether more than f can no longer serve this peer: then one of them is honest. */
  isCertain(): boolean
  /** The wait to begin now; null where one of at most its length is under way. */
  wait(): Wait | null
  /** Whether this is the wait under way. If it is, it has now run out. */
  isOver(number: number): boolean
  /** The wait was in vain, so the next one is longer. */
  lengthen(): void
  /** The question or its answer has dealt with what was missed so far. The links report again what still is missed. */
  heard(): void
  /** There is nothing to wait for. */
  cancel(): void
  /** This peer has reached another step. Only the peers that are still ahead count as having given a sign in it. */
  reset(): void
}

/** @param maxFaulty `f`: this many of the peers that are ahead may only claim so */
export function createSuspicion(maxFaulty: number): Suspicion {
  const missed = new Set<PeerIndex>()
  const ahead = new Set<PeerIndex>()
  const silentBefore = new Map<PeerIndex, number>()
  /** The peers that have given a sign in this step. */
  const known = new Set<PeerIndex>()
  let times = 1
  let underWay: Wait | null = null
  let number = 0

  const sign = (peer: PeerIndex) => {
    if (!known.has(peer)) times = 1
    known.add(peer)
  }
  const miss = (peer: PeerIndex) => {
    sign(peer)
    missed.add(peer)
  }
  return {
    missed: miss,
    silent: (peer, before) => void silentBefore.set(peer, before),
    missSilent(step) {
      for (const [peer, before] of silentBefore) if (before > step) miss(peer)
    },
    ahead(peer, isAhead) {
      if (!isAhead) {
        ahead.delete(peer)
        return
      }
      sign(peer)
      ahead.add(peer)
    },
    restarted: peer => void known.delete(peer),
    hasSign: () => missed.size > 0 || ahead.size > maxFaulty,
    isCertain: () => missed.size > maxFaulty,
    wait() {
      if (underWay !== null && underWay.times <= times) return null
      number++
      underWay = { number, times }
      return underWay
    },
    isOver(over) {
      if (underWay?.number !== over) return false
      underWay = null
      return true
    },
    lengthen() {
      times = Math.min(2 * times, TIMES_MAX)
    },
    heard: () => missed.clear(),
    cancel() {
      underWay = null
    },
    reset() {
      missed.clear()
      known.clear()
      for (const peer of ahead) known.add(peer)
      times = 1
      underWay = null
    },
  }
}
