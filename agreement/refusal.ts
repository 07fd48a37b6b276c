/**
 * Whether a protocol may run at (n, f, synchrony) at all: the one place that decides it, for cohort files, for the
 * command line and for the agreement itself. What a protocol guarantees where it runs is in `bounds.ts`.
 */
import { type BoundsQuery, bounds } from './bounds.ts'
import { honestCount } from './thresholds.ts'

/** Why a protocol must not run. */
export interface Refusal {
  /**
   * `nobody-honest`: as many faulty peers as peers. `below-bound`: it would guarantee nothing; `unsafe` runs it all
   * the same. `nothing-left`: it would have no vector to average, so not even `unsafe` runs it.
   */
  readonly reason: 'nobody-honest' | 'below-bound' | 'nothing-left'
  /** For people: the numbers, and what would do. */
  readonly why: string
}

/** What is wrong with so many faulty peers, before any protocol is asked; null where some are honest. */
export function nobodyHonest(peers: number, faults: number): Refusal | null {
  if (faults < peers) return null
  return {
    reason: 'nobody-honest',
    why: `at least one of ${peers} ${peers === 1 ? 'peer' : 'peers'} must be honest; expected at most ${peers - 1}`,
  }
}

/**
 * Null where the protocol may run. Expects integers `n ≥ 1`, `f ≥ 0`.
 * @param query.unsafe runs below the protocol's bound on purpose, to study exactly that failure
 */
export function refusalOf(query: BoundsQuery & { readonly unsafe?: boolean }): Refusal | null {
  const { protocol, peers, faults, unsafe = false } = query
  const nobody = nobodyHonest(peers, faults)
  if (nobody !== null) return nobody
  const { feasible, why } = bounds(query)
  if (!feasible && !unsafe) return { reason: 'below-bound', why }
  const left = honestCount(peers, faults) - 2 * faults
  if (left >= 1 || protocol === 'mean') return null
  return { reason: 'nothing-left', why: `nothing is left to average, not even unsafely: ${why}` }
}
