/**
 * Keeps a cohort together that waits for fewer than `n − f` vectors. There the `q` fastest peers could go on for ever,
 * and leave more than `f` honest ones too far behind to be served; once some liars among the fast ones fall silent,
 * nobody could go on. So a peer begins a step only if at most `f` others are further behind it than a peer takes messages
 * ahead. Recovery then has what it has where peers wait for `n − f` (recovery/recovery.ts).
 *
 * Nobody waits here for ever. The slowest correct peer waits for no one: every other one is as far, has said its vector of
 * the step before, and links bring it.
 */
import type { PeerIndex } from '../agreement/protocol.ts'
import type { LearnOptions } from './learn-contract.ts'

/** Where the others are, as far as their own vectors say. Up to `f` may claim to be anywhere. */
export interface Pace {
  /** The peer has signed a vector of its own for this step. */
  saw(peer: PeerIndex, step: number): void
  /** The peers for which this peer waits before it begins the step; empty: it may begin. */
  waitingFor(step: number): readonly PeerIndex[]
}

/** A pace that holds up nobody where the cohort waits for `n − f` vectors, as then so many are near. */
export function createPace({
  self,
  peers,
  maxFaulty,
  quorum = peers - maxFaulty,
  window,
}: Pick<LearnOptions, 'self' | 'peers' | 'maxFaulty' | 'quorum' | 'window'>): Pace {
  const reached = Array.from({ length: peers }, () => 0)
  return {
    saw(peer, step) {
      reached[peer] = Math.max(reached[peer]!, step)
    },
    waitingFor(step) {
      if (quorum >= peers - maxFaulty) return []
      const behind = [...reached.keys()].filter(peer => peer !== self && reached[peer]! < step - window.ahead)
      return behind.length > maxFaulty ? behind : []
    },
  }
}
