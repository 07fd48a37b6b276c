/** The adversary's view of the simulated world: it sees every honest vector the moment that it is sealed. */
import type { Exchange, Slot } from '../../agreement/message.ts'
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { AdversaryView } from '../../learning/attacks/byzantine.ts'

export interface SharedView extends AdversaryView {
  /** Returns true if this completes the exchange, so that the adversary may strike. */
  sealed(slot: Slot, vector: Vector): boolean
}

/** How many exchanges are remembered. A faulty peer further behind sees nothing, and sends its honest vector. */
const EXCHANGES_MAX = 256
/** How many bytes these may take; some exchanges are always remembered. */
const EXCHANGES_BYTES_MAX = 64 * 2 ** 20
const EXCHANGES_MIN = 8

export function createSharedView(honest: number): SharedView {
  const seen = new Map<string, Map<PeerIndex, Vector>>()
  const keyOf = ({ step, phase, iteration }: Exchange) => `${step}/${phase}/${iteration}`
  return {
    sealed(slot, vector) {
      const key = keyOf(slot)
      const family = seen.get(key) ?? new Map<PeerIndex, Vector>()
      family.set(slot.sender, vector)
      seen.set(key, family)
      const most = Math.min(EXCHANGES_MAX, EXCHANGES_BYTES_MAX / (honest * vector.byteLength))
      if (seen.size > Math.max(EXCHANGES_MIN, most)) seen.delete(seen.keys().next().value!)
      return family.size === honest
    },
    honest: exchange => {
      const family = seen.get(keyOf(exchange))
      return family === undefined ? [] : [...family].sort(([a], [b]) => a - b).map(([, vector]) => vector)
    },
    complete: exchange => (seen.get(keyOf(exchange))?.size ?? 0) >= honest,
  }
}
