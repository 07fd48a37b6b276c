/**
 * Peers whose time to be dialled has come. A few are dialled at once (dial-window.ts), and those first that have failed
 * least often, so that who does not answer holds nobody else up.
 */
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { Clock } from '../ports.ts'
import { createDialWindow } from './dial-window.ts'

interface DialQueue {
  /** Dials this peer as soon as there is room. */
  add(peer: PeerIndex): void
  /** Whether it waits for room, or is being dialled. */
  has(peer: PeerIndex): boolean
  /** Takes out one that waits. A dial under way goes on. */
  remove(peer: PeerIndex): void
}

interface DialQueueOptions {
  /** How many members may lie. */
  readonly faults: number
  readonly clock: Clock
  /** Tries once: whether a connection came up. */
  readonly dial: (peer: PeerIndex) => Promise<boolean>
  readonly failures: (peer: PeerIndex) => number
  readonly begins: (peer: PeerIndex) => void
  readonly ended: (peer: PeerIndex) => void
}

export function createDialQueue({
  faults,
  clock,
  dial,
  failures,
  begins,
  ended,
}: DialQueueOptions): DialQueue {
  const waiting = new Set<PeerIndex>()
  const dialing = new Set<PeerIndex>()
  const window = createDialWindow(faults)
  const next = (): void => {
    while (waiting.size > 0 && window.hasRoomBeside(dialing.size)) {
      const peer = [...waiting].reduce((least, each) => (failures(each) < failures(least) ? each : least))
      waiting.delete(peer)
      void once(peer)
    }
  }
  const once = async (peer: PeerIndex): Promise<void> => {
    const begunMs = clock.nowMs()
    dialing.add(peer)
    begins(peer)
    const isConnected = await dial(peer)
    dialing.delete(peer)
    window.ended({ peer, begunMs, endedMs: clock.nowMs(), isConnected })
    ended(peer)
    next()
  }
  return {
    add(peer) {
      waiting.add(peer)
      next()
    },
    has: peer => waiting.has(peer) || dialing.has(peer),
    remove: peer => void waiting.delete(peer),
  }
}
