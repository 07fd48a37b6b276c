/** What a peer has heard of its neighbours, by step: the first vector that each of them signed, and proofs of a second. */
import type { Commitment, MessageOf, PeerIndex } from '../../agreement/message.ts'
import type { Fault } from '../../agreement/protocol.ts'
import { isFiniteVector, type Vector } from '../../agreement/vector.ts'
import type { LearnOptions } from '../learn-contract.ts'

/** Of one step. */
export interface Hearing {
  /** By neighbour: kept to recognise a second one. */
  readonly signed: Map<PeerIndex, Commitment>
  /** By neighbour: finite, and as long as they must be. Empty once the step has ended. */
  readonly vectors: Map<PeerIndex, Vector>
}

export interface Hearings {
  /** Nothing, until something was heard. */
  of(step: number): Hearing
  /** @param current the step at which this peer stands: what comes of earlier ones is of no more use */
  take(message: MessageOf<'vector'>, current: number): readonly Fault[]
  /** The step has ended: its vectors are of no more use, except as its result. */
  close(step: number, result: Vector): void
  dropBefore(step: number): void
}

export function createHearings({
  dimension,
  discard = () => {},
}: Pick<LearnOptions, 'dimension' | 'discard'>): Hearings {
  const hearings = new Map<number, Hearing>()
  const of = (step: number): Hearing => {
    const known = hearings.get(step) ?? { signed: new Map(), vectors: new Map() }
    hearings.set(step, known)
    return known
  }
  return {
    of,
    take({ slot, sealed }, current) {
      const { step, sender: peer } = slot
      const { vector, digest, signature } = sealed
      const { signed, vectors } = of(step)
      const first = signed.get(peer)
      const second = { digest, signature }
      if (first !== undefined) {
        if (first.digest === digest) return []
        return [{ peer, kind: 'equivocation', slot, evidence: { slot, first, second } }]
      }
      signed.set(peer, second)
      if (vector.length !== dimension) return [{ peer, kind: 'wrong-dimension', slot }]
      if (!isFiniteVector(vector)) return [{ peer, kind: 'not-finite', slot }]
      if (step < current) discard(vector)
      else vectors.set(peer, vector)
      return []
    },
    close(step, result) {
      const { vectors } = of(step)
      for (const vector of vectors.values()) if (vector !== result) discard(vector)
      vectors.clear()
    },
    dropBefore(step) {
      for (const known of hearings.keys()) if (known < step) hearings.delete(known)
    },
  }
}
