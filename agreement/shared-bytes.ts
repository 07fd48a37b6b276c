/** By digest: what the broadcasts of one exchange share, so that equal vectors travel once. */
import type { Digest, Sealed } from './message.ts'

/** The vectors of one exchange among broadcasts by digest, regardless of author. */
export interface SharedBytes {
  readonly held: Map<Digest, Sealed>
  /** Digests of which some author was asked for the vector. */
  readonly asked: Set<Digest>
  /** Whether this peer's own vector of the exchange is known. */
  own: boolean
}

export function newSharedBytes(): SharedBytes {
  return { held: new Map(), asked: new Set(), own: false }
}
