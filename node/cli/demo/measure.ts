/** How far apart the honest peers are, measured from outside at the steps whose vectors they send. */
import type { PeerIndex } from '../../../agreement/protocol.ts'
import { diameter, type Vector } from '../../../agreement/vector.ts'

interface Measurement {
  readonly step: number
  readonly gradient: number
  readonly parameters: number
}

export interface Ruler {
  /** Returns a measurement when the step's last vectors are in. */
  add(
    peer: PeerIndex,
    step: number,
    vectors: { readonly gradient: Vector; readonly parameters: Vector },
  ): Measurement | null
  /** A peer is gone: nobody waits for its vectors any more. */
  forget(peer: PeerIndex): void
  readonly measurements: readonly Measurement[]
}

export function createRuler(honest: readonly PeerIndex[]): Ruler {
  const present = new Set(honest)
  const open = new Map<number, Map<PeerIndex, { gradient: Vector; parameters: Vector }>>()
  const measurements: Measurement[] = []
  const measure = (step: number): Measurement | null => {
    const vectors = open.get(step)
    if (vectors === undefined || [...present].some(peer => !vectors.has(peer))) return null
    open.delete(step)
    const all = [...vectors.values()]
    const measurement = {
      step,
      gradient: diameter(all.map(({ gradient }) => gradient)),
      parameters: diameter(all.map(({ parameters }) => parameters)),
    }
    measurements.push(measurement)
    return measurement
  }
  return {
    measurements,
    add(peer, step, vectors) {
      if (!present.has(peer)) return null
      const entry = open.get(step) ?? new Map()
      open.set(step, entry.set(peer, vectors))
      return measure(step)
    },
    forget(peer) {
      present.delete(peer)
      for (const step of [...open.keys()].sort((a, b) => a - b)) measure(step)
    },
  }
}
