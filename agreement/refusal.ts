/**
 * Whether a protocol may run at (n, f, synchrony) at all. This is the one place that decides it: for cohort files, the
 * command line and the agreement itself. `bounds.ts` says what a protocol guarantees where it runs.
 */
import { type BoundsQuery, bounds, whyImpossibleQuorum, whyTooMuch } from './bounds.ts'
import type { ProtocolName } from './protocol-names.ts'
import { isBroadcastBased, protocolNamed } from './protocols/registry.ts'
import { honestCount } from './thresholds.ts'

/** Why a protocol must not run. */
export interface Refusal {
  /**
   * `nobody-honest`: as many faulty peers as peers. `below-bound`: the protocol would guarantee nothing; `unsafe` runs
   * it anyway. `nothing-left`: the protocol would have no vector to average, so not even `unsafe` runs it. `quorum`: no
   * peer can wait for so many vectors. `single`: it runs in single agreements only. `work`: its rule would take too long.
   */
  readonly reason: 'nobody-honest' | 'below-bound' | 'nothing-left' | 'quorum' | 'single' | 'work'
  /** For people: the numbers, and what would be enough. */
  readonly why: string
}

/** The reason why no protocol can run with this many faulty peers; null if some peers are honest. */
export function nobodyHonest(peers: number, maxFaulty: number): Refusal | null {
  if (maxFaulty < peers) return null
  return {
    reason: 'nobody-honest',
    why: `at least one of ${peers} ${peers === 1 ? 'peer' : 'peers'} must be honest; expected at most ${peers - 1}`,
  }
}

const single = (protocol: ProtocolName) =>
  `under synchrony ${protocol} is for single agreements ("concord agree"): peers that learn cannot begin its rounds together at n ≥ 2f + 1; run asynchronously, or take icwtm`

/**
 * Null if the protocol may run; one of which nothing is known may. Expects integers `n ≥ 1`, `f ≥ 0`.
 * @param query.unsafe runs below the protocol's bound on purpose, to study the failure
 * @param query.learns whether agreement follows agreement
 */
export function refusalOf(
  query: BoundsQuery & { readonly unsafe?: boolean; readonly learns?: boolean },
): Refusal | null {
  const { protocol, peers, maxFaulty, synchrony, unsafe = false, learns = false } = query
  const nobody = nobodyHonest(peers, maxFaulty)
  if (nobody !== null) return nobody
  const { dropsFaulty, guarantees } = protocolNamed(protocol)
  const isSigned = isBroadcastBased(protocol) && synchrony === 'synchronous'
  const { feasible, why } = bounds(query)
  if (learns && isSigned)
    return {
      reason: 'single',
      why: guarantees?.peersPerFault.synchronous === 'never' ? why : single(protocol),
    }
  const impossible = whyImpossibleQuorum(query)
  if (impossible !== null) return { reason: 'quorum', why: impossible }
  const tooMuch = whyTooMuch(query)
  if (tooMuch !== null) return { reason: 'work', why: tooMuch }
  if (!feasible && !unsafe && guarantees !== null) return { reason: 'below-bound', why }
  // Signed broadcast trims one fewer for each author that is silent.
  const kept = isSigned ? peers : (query.quorum ?? honestCount(peers, maxFaulty))
  const left = kept - 2 * maxFaulty
  if (left >= 1 || !dropsFaulty) return null
  return { reason: 'nothing-left', why: `nothing is left to average, unsafe or not: ${why}` }
}
