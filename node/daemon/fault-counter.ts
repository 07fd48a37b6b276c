/** Counts the faults of others by peer and kind, and reports them rarely enough to stay readable under a flood. */

import type { Fault, FaultKind, PeerIndex } from '../../agreement/protocol.ts'
import { createQuiet } from '../text/quiet.ts'
import type { FaultCount } from './events.ts'

export interface FaultCounter {
  add(fault: Omit<Fault, 'peer'> & { readonly peer: PeerIndex | null }): void
  counts(): readonly FaultCount[]
}

/** @param announce called for the first fault of a peer and kind, and then at most once a minute, with their count */
export function createFaultCounter(
  announce: (fault: FaultCount, detail: string | null) => void,
  nowMs: () => number,
): FaultCounter {
  const counts = new Map<string, { peer: PeerIndex | null; kind: FaultKind; count: number }>()
  const quiet = createQuiet<FaultKind>({ nowMs })
  return {
    add({ peer, kind, detail = null }) {
      const key = `${peer} ${kind}`
      const entry = counts.get(key) ?? { peer, kind, count: 0 }
      counts.set(key, entry)
      entry.count++
      // The count already includes the faults in between.
      if (quiet.admit(peer, kind) !== null) announce({ ...entry }, detail)
    },
    counts: () => [...counts.values()].map(entry => ({ ...entry })),
  }
}
