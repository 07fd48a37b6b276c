/**
 * What speaks for the others having gone on without this peer, as far as one can tell from inside, and how long it
 * waits before it asks them.
 *
 * A peer that even one other can no longer serve may never end its step. Neither may one that too many others have
 * left so far behind that they no longer answer for its step. But a peer that claims so may lie, so a sign is a reason
 * to ask, and never more. The wait doubles each time that the peer asks in the same step. A sign of a peer that has
 * given none in this step begins with the short wait again.
 */
import type { PeerIndex } from '../../agreement/protocol.ts'

/** How many times the shortest wait the longest is: at 2 s a day and a half, which any timer can still hold. */
const TIMES_MAX = 2 ** 16

/** A wait that the driver is asked for. */
interface Wait {
  /** Another one each time: one that was replaced still runs out, and means nothing then. */
  readonly number: number
  readonly times: number
}

export interface Suspicion {
  /** This peer can no longer send all that the present step may need of it. */
  missed(peer: PeerIndex): void
  /** This peer is too far on to say anything that can be taken yet, or no longer is. */
  ahead(peer: PeerIndex, isAhead: boolean): void
  /** Its new incarnation may say something else than the one before: its next sign is a new one. */
  restarted(peer: PeerIndex): void
  /** There is a reason to ask. */
  hasSign(): boolean
  /** More than f can no longer serve this peer: one of them is honest. */
  isCertain(): boolean
  /** The wait to begin now; null where one that is no longer is under way. */
  wait(): Wait | null
  /** Whether the wait under way has run out; it is under way no more. */
  isOver(number: number): boolean
  /** The wait has been for nothing: the next is longer. */
  lengthen(): void
  /** The question, or its answer, has dealt with what was missed so far: the links say again what still is. */
  heard(): void
  /** There is nothing to wait for. */
  cancel(): void
  /** This peer has come to another step: nobody has given a sign in it, but those who are ahead still. */
  reset(): void
}

/** @param faults `f`: of those who are ahead, so many may pretend */
export function createSuspicion(maxFaulty: number): Suspicion {
  const missed = new Set<PeerIndex>()
  const ahead = new Set<PeerIndex>()
  /** Whoever has given a sign in this step. */
  const known = new Set<PeerIndex>()
  let times = 1
  let underWay: Wait | null = null
  let number = 0

  const sign = (peer: PeerIndex) => {
    if (!known.has(peer)) times = 1
    known.add(peer)
  }
  return {
    missed(peer) {
      sign(peer)
      missed.add(peer)
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
