/** A fault that one honest peer finds in another is a fault of ours: between honest peers there is none. */
import type { FaultKind, PeerIndex } from '../../agreement/protocol.ts'

interface Blame {
  readonly observer: PeerIndex
  /** Null where a stranger was at fault. */
  readonly peer: PeerIndex | null
  readonly kind: FaultKind
}

/** The blames of honest peers by honest peers, in words, for a report's `violations`. */
export function wronglyBlamed(honest: readonly PeerIndex[], blames: readonly Blame[]): string[] {
  return blames
    .filter(({ observer, peer }) => honest.includes(observer) && peer !== null && honest.includes(peer))
    .map(
      ({ observer, peer, kind }) => `peer ${observer} blames peer ${peer} for ${kind}, and both are honest`,
    )
}
