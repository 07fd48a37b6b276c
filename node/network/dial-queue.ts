/**
 * Peers whose time to be dialled has come. A few are dialled at once (dial-window.ts): in turns the one that has failed
 * least often, so that the dead hold up nobody, and the one that has waited longest, so that nobody who comes and goes, and
 * never seems to fail, holds up another for ever.
 */
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { Clock } from '../ports.ts'
import { createDialWindow } from './dial-window.ts'

interface DialQueue {
  /** Dials this peer as soon as there is room. */
  add(peer: PeerIndex): void
  /** Whether it waits for room, or is being dialled. */
  has(peer: PeerIndex): boolean
  /** It is there. A dial under way goes on. */
  settle(peer: PeerIndex): void
  clear(): void
}

interface DialQueueOptions {
  /** How many members may lie. */
  readonly faults: number
  readonly clock: Clock
  /** Tries once: whether a connection came up. Never rejects. */
  readonly dial: (peer: PeerIndex) => Promise<boolean>
  readonly attempts: Attempts
  readonly ended: (peer: PeerIndex) => void
}

/** How often each peer has been dialled in vain, and when the last time was. */
interface Attempts {
  count(peer: PeerIndex): number
  lastMs(peer: PeerIndex): number
  begin(peer: PeerIndex): void
  reset(peer: PeerIndex, failures: number): void
}

export function createDialQueue({ faults, clock, dial, attempts, ended }: DialQueueOptions): DialQueue {
  const { count, lastMs, begin } = attempts
  const waiting = new Set<PeerIndex>()
  const dialing = new Set<PeerIndex>()
  /** Who came by itself while it was being dialled: that such a dial times out says nothing. */
  const came = new Set<PeerIndex>()
  const window = createDialWindow(faults)
  let isTurnOfLongest = false
  const next = (): void => {
    while (waiting.size > 0 && window.hasRoomBeside(dialing.size)) {
      const [longest, ...others] = waiting
      const least = others.reduce((best, each) => (count(each) < count(best) ? each : best), longest!)
      const peer = isTurnOfLongest ? longest! : least
      isTurnOfLongest = !isTurnOfLongest
      waiting.delete(peer)
      void once(peer)
    }
  }
  const once = async (peer: PeerIndex): Promise<void> => {
    const begunMs = clock.nowMs()
    dialing.add(peer)
    begin(peer)
    const isConnected = await dial(peer)
    dialing.delete(peer)
    if (!isConnected && !came.has(peer)) window.failed({ peer, begunMs, endedMs: clock.nowMs() })
    came.delete(peer)
    ended(peer)
    next()
  }
  return {
    add(peer) {
      waiting.add(peer)
      next()
    },
    has: peer => waiting.has(peer) || dialing.has(peer),
    settle(peer) {
      waiting.delete(peer)
      if (dialing.has(peer)) came.add(peer)
      window.settled({ peer, begunMs: lastMs(peer), nowMs: clock.nowMs() })
      next()
    },
    clear: () => waiting.clear(),
  }
}

export function createAttempts(clock: Clock): Attempts {
  const counts = new Map<PeerIndex, number>()
  const beganMs = new Map<PeerIndex, number>()
  const count = (peer: PeerIndex): number => counts.get(peer) ?? 0
  return {
    count,
    lastMs: peer => beganMs.get(peer) ?? Number.NEGATIVE_INFINITY,
    begin(peer) {
      beganMs.set(peer, clock.nowMs())
      counts.set(peer, count(peer) + 1)
    },
    reset: (peer, failures) => void counts.set(peer, failures),
  }
}
