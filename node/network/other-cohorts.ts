/**
 * Members that run with another cohort file. Up to f of them may be liars, or have made a mistake that stops nobody else.
 * Where at most f of the others can still have this peer's file, it can never go on, and its owner must compare files. A peer
 * that has met a member with its own file waits instead: the mistake may be the others'.
 */
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { OtherCohorts } from '../ports.ts'

interface CohortTally {
  /** Its hello named another cohort. Null: this peer may still go on with the others. */
  add(peer: PeerIndex, detail: string): OtherCohorts | null
  /** Its hello named this cohort: it runs with the right file by now. */
  remove(peer: PeerIndex): void
}

/** @param peers `n`; @param maxFaulty `f` */
export function createCohortTally(peers: number, maxFaulty: number): CohortTally {
  const others = new Set<PeerIndex>()
  let isShared = false
  const enough = Math.max(maxFaulty + 1, peers - 1 - maxFaulty)
  return {
    add(peer, detail) {
      others.add(peer)
      return isShared || others.size < enough ? null : { by: [...others].sort((a, b) => a - b), peer, detail }
    },
    remove(peer) {
      isShared = true
      others.delete(peer)
    },
  }
}

/** Why a peer ends that has another cohort file than the rest, for its operator. */
export function otherCohortSentence(
  { by, peer, detail }: OtherCohorts,
  nameOf: (peer: PeerIndex) => string,
): string {
  const names = by.map(nameOf)
  const who = names.length === 1 ? names[0] : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
  return `${who} ${names.length === 1 ? 'has' : 'have'} another cohort file, and without ${names.length === 1 ? 'it' : 'them'} this peer cannot go on. Of ${nameOf(peer)}: ${detail} ("concord cohort check MINE THEIRS" compares two)`
}
