/**
 * Decides from which peers this one reads. If a peer causes faults faster than an honest one could, this peer stops
 * reading from it for a while. Reading stops at the transport, so unread bytes cost nothing.
 */
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { Clock, Transport } from '../ports.ts'

/** The most faults in `FAULT_WINDOW_MS` before reading stops. An honest peer causes none. */
export const FAULTS_MAX = 50
const FAULT_WINDOW_MS = 1000
/** How long reading from that peer stops. */
export const PAUSE_MS = 2000

export interface ReadGate {
  /** That peer caused a fault. */
  fault(peer: PeerIndex): void
  /** Reading begins on a new connection, unless the peer is still paused. */
  connected(peer: PeerIndex): void
}

export function createReadGate(transport: Pick<Transport, 'pause' | 'resume'>, clock: Clock): ReadGate {
  const paused = new Set<PeerIndex>()
  const windows = new Map<PeerIndex, { sinceMs: number; faults: number }>()
  return {
    fault(peer) {
      const nowMs = clock.nowMs()
      let window = windows.get(peer)
      if (window === undefined || nowMs - window.sinceMs > FAULT_WINDOW_MS)
        window = { sinceMs: nowMs, faults: 0 }
      windows.set(peer, window)
      window.faults++
      if (window.faults <= FAULTS_MAX || paused.has(peer)) return
      paused.add(peer)
      transport.pause(peer)
      clock.after(PAUSE_MS, () => {
        paused.delete(peer)
        windows.delete(peer)
        transport.resume(peer)
      })
    },
    connected(peer) {
      if (paused.has(peer)) transport.pause(peer)
    },
  }
}
