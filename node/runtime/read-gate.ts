/**
 * From whom this peer reads: not, for a while, from one that does wrong faster than anyone honest could. Reading stops
 * at the transport, so what is not read costs nothing.
 */
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { Clock, Transport } from '../ports.ts'

/** Faults in `FAULT_WINDOW_MS` beyond which a peer is not read from. An honest peer causes none. */
export const FAULTS_MAX = 50
const FAULT_WINDOW_MS = 1000
/** How long it is not read from. */
export const REST_MS = 2000

export interface ReadGate {
  /** It did something wrong. */
  fault(peer: PeerIndex): void
  /** A new connection is read from, but a rest goes on. */
  connected(peer: PeerIndex): void
}

export function createReadGate(transport: Pick<Transport, 'pause' | 'resume'>, clock: Clock): ReadGate {
  const resting = new Set<PeerIndex>()
  const windows = new Map<PeerIndex, { sinceMs: number; faults: number }>()
  return {
    fault(peer) {
      const nowMs = clock.nowMs()
      let window = windows.get(peer)
      if (window === undefined || nowMs - window.sinceMs > FAULT_WINDOW_MS)
        window = { sinceMs: nowMs, faults: 0 }
      windows.set(peer, window)
      window.faults++
      if (window.faults <= FAULTS_MAX || resting.has(peer)) return
      resting.add(peer)
      transport.pause(peer)
      clock.after(REST_MS, () => {
        resting.delete(peer)
        windows.delete(peer)
        transport.resume(peer)
      })
    },
    connected(peer) {
      if (resting.has(peer)) transport.pause(peer)
    },
  }
}
