/** How far apart the honest peers are, measured from outside at the steps whose vectors they send. */
import type { PeerIndex } from '../../../agreement/protocol.ts'
import { diameter, type Vector } from '../../../agreement/vector.ts'

export interface Measurement {
  readonly step: number
  /** Null: peers that gossip have none. */
  readonly gradient: number | null
  readonly parameters: number
}

interface Vectors {
  readonly gradient: Vector | null
  readonly parameters: Vector
}

export interface Ruler {
  /**
   * Returns a measurement when the step's last vectors are in. A step of which a peer sends no vectors is not measured,
   * nor is one that it has passed over.
   */
  add(peer: PeerIndex, step: number, vectors: Vectors | null): Measurement | null
  /** A peer is gone: nobody waits for its vectors any more. */
  forget(peer: PeerIndex): void
  readonly measurements: readonly Measurement[]
}

/** Peers mostly agree to the bit: one copy is kept then, and not compared with itself. */
function sharing(vectors: Vectors, others: ReadonlyMap<PeerIndex, Vectors>): Vectors {
  const known = [...others.values()]
  const shared = (of: (vectors: Vectors) => Vector | null): Vector | null => {
    const own = of(vectors)
    return known.map(of).find(other => isSame(other, own)) ?? own
  }
  return {
    gradient: shared(({ gradient }) => gradient),
    parameters: shared(({ parameters }) => parameters) ?? vectors.parameters,
  }
}

function isSame(a: Vector | null, b: Vector | null): boolean {
  const bytes = ({ buffer, byteOffset, byteLength }: Vector) => Buffer.from(buffer, byteOffset, byteLength)
  return a !== null && b !== null && bytes(a).equals(bytes(b))
}

export function createRuler(honest: readonly PeerIndex[]): Ruler {
  const present = new Set(honest)
  const open = new Map<number, Map<PeerIndex, Vectors>>()
  const measurements: Measurement[] = []
  const measure = (step: number): Measurement | null => {
    const vectors = open.get(step)
    if (vectors === undefined || [...present].some(peer => !vectors.has(peer))) return null
    open.delete(step)
    const all = [...vectors.values()]
    const gradients = all.flatMap(({ gradient }) => gradient ?? [])
    const measurement = {
      step,
      gradient: gradients.length === 0 ? null : diameter([...new Set(gradients)]),
      parameters: diameter([...new Set(all.map(({ parameters }) => parameters))]),
    }
    measurements.push(measurement)
    return measurement
  }
  return {
    measurements,
    add(peer, step, vectors) {
      if (!present.has(peer)) return null
      if (vectors !== null) {
        const entry = open.get(step) ?? new Map()
        open.set(step, entry.set(peer, sharing(vectors, entry)))
      }
      // A peer's steps come in order.
      for (const [earlier, entry] of open) if (earlier <= step && !entry.has(peer)) open.delete(earlier)
      return measure(step)
    },
    forget(peer) {
      present.delete(peer)
      for (const step of [...open.keys()].sort((a, b) => a - b)) measure(step)
    },
  }
}
