/** How far apart the honest peers are, measured from outside at the steps whose vectors they send. */
import type { PeerIndex } from '../../../agreement/protocol.ts'
import { diameter, type Vector } from '../../../agreement/vector.ts'

interface Measurement {
  readonly step: number
  readonly gradient: number
  readonly parameters: number
}

interface Vectors {
  readonly gradient: Vector
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
  return {
    gradient: known.find(({ gradient }) => isSame(gradient, vectors.gradient))?.gradient ?? vectors.gradient,
    parameters:
      known.find(({ parameters }) => isSame(parameters, vectors.parameters))?.parameters ??
      vectors.parameters,
  }
}

function isSame(a: Vector, b: Vector): boolean {
  const bytes = ({ buffer, byteOffset, byteLength }: Vector) => Buffer.from(buffer, byteOffset, byteLength)
  return bytes(a).equals(bytes(b))
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
    const measurement = {
      step,
      gradient: diameter([...new Set(all.map(({ gradient }) => gradient))]),
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
