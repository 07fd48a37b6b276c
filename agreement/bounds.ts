/**
 * What a protocol guarantees at (n, f, synchrony), and what it needs (collaborative-learning, §5 to §8).
 * The bound of ICwTM is 5f + 1, not the paper's 4f + 1 (docs/papers.md).
 */

import type { Precision } from './precision.ts'
import type { ProtocolName } from './protocol-names.ts'
import type { Counts, LeastQuorum, PeersPerFault } from './protocols/entry.ts'
import { isBroadcastBased, protocolNamed } from './protocols/registry.ts'
import { honestCount, quorum, type Synchrony } from './thresholds.ts'
import {
  type StepTraffic,
  stepTraffic,
  type Traffic,
  type TrafficByDigest,
  trafficByDigest,
  trafficOf,
} from './traffic.ts'

export { type ProtocolName, protocolNames } from './protocol-names.ts'

/** The question to `bounds`: a protocol for `n` peers of which `f` may be faulty. */
export interface BoundsQuery {
  readonly protocol: ProtocolName
  readonly peers: number
  readonly maxFaulty: number
  readonly synchrony: Synchrony
  /** `q`: how many vectors an iteration waits for; absent: `n − f`, and all `n` under synchrony. */
  readonly quorum?: number
  /** `d`, which enters some averaging constants; without it the bound that holds for every `d`. */
  readonly dimension?: number
  /** Of the gradients that travel; absent: f32. Parameters are always f32. */
  readonly precision?: Precision
}

/** What the protocol guarantees at these numbers. Figures that only a feasible protocol has are null otherwise. */
export interface Bounds {
  readonly protocol: ProtocolName
  readonly peers: number
  readonly maxFaulty: number
  readonly synchrony: Synchrony
  readonly feasible: boolean
  /** One sentence that names the bound, the numbers, and what would satisfy it. */
  readonly why: string
  /**
   * The fewest peers that tolerate this many faults; and, where a peer need not wait for all, the fewest vectors that
   * these peers may wait for. Null if no number is enough.
   */
  readonly needs: { readonly peers: number | null; readonly quorum: number | null }
  readonly quorum: number
  /** Guaranteed factor on the honest diameter per iteration (Δ₂; on each Δ^cw[i] for icwtm, rb-tm and the hyperboxes). */
  readonly contraction: number | null
  /** Iterations of `AVG_t` for `t = 1 … 10`. */
  readonly iterations: { readonly paper: readonly number[] | null; readonly tight: readonly number[] | null }
  /** `C` in `‖mean(out) − mean(in)‖₂ ≤ C·Δ₂(in)`. */
  readonly averagingConstant: number | null
  /** No algorithm has a smaller `C` (Theorem 4). */
  readonly lowerBound: number | null
  /** The cost of an iteration among honest peers in the precision asked for, if `d` was given; not of signed broadcast. */
  readonly traffic?: Traffic
  /** That of an iteration on parameters by digest. */
  readonly trafficByDigest?: TrafficByDigest
  /** That of a step of LEARN. */
  readonly stepTraffic?: StepTraffic
}

/** The fewest peers that let `protocol` tolerate `faults`; null if no number does, or none is known. */
export function peersNeeded(protocol: ProtocolName, maxFaulty: number, synchrony: Synchrony): number | null {
  const factor = peersPerFaultOf(protocol, synchrony)
  if (factor === 'without-faults') return maxFaulty === 0 ? 1 : null
  return factor === 'never' ? null : factor * maxFaulty + 1
}

/**
 * The most faults that `protocol` tolerates among `peers`; of an unknown one, the most that any could under asynchrony.
 * @param chosen `q`, where it is not `n − f`
 */
export function mostFaults(
  protocol: ProtocolName,
  peers: number,
  synchrony: Synchrony,
  chosen?: number,
): number {
  const { guarantees } = protocolNamed(protocol)
  const factor = guarantees === null ? PEERS_PER_FAULT_MIN : guarantees.peersPerFault[synchrony]
  let most = typeof factor === 'number' ? Math.max(0, Math.floor((peers - 1) / factor)) : 0
  // The fewer may be faulty, the smaller the least q and the larger n − f, and the less work a rule has.
  const fits = (f: number) =>
    (chosen === undefined || (leastQuorum(protocol, peers, f) <= chosen && chosen <= peers - f)) &&
    whyTooMuch({
      protocol,
      peers,
      maxFaulty: f,
      synchrony,
      ...(chosen !== undefined && { quorum: chosen }),
    }) === null
  while (most > 0 && !fits(most)) most--
  return most
}

/** No agreement stands a third of the peers without a clock (Fischer, Lynch and Merritt 1986). */
const PEERS_PER_FAULT_MIN = 3

function peersPerFaultOf(protocol: ProtocolName, synchrony: Synchrony): PeersPerFault {
  return protocolNamed(protocol).guarantees?.peersPerFault[synchrony] ?? 'never'
}

function quorumOf({ peers, maxFaulty, synchrony, quorum: chosen }: BoundsQuery): number {
  return quorum(peers, maxFaulty, synchrony, chosen)
}

function countsOf(query: BoundsQuery): Counts {
  const { peers, maxFaulty, synchrony, dimension = Infinity } = query
  const h = honestCount(peers, maxFaulty)
  const spread = Math.min(2 * Math.sqrt(h), Math.sqrt(dimension))
  return { peers, maxFaulty, h, q: quorumOf(query), synchrony, spread }
}

/** Everyone applies the same rule to the same n vectors. */
function isExact(query: BoundsQuery): boolean {
  const { form, guarantees } = protocolNamed(query.protocol)
  const hearsAll = query.maxFaulty === 0 && quorumOf(query) >= query.peers
  return guarantees !== null && form === 'standard' && hearsAll
}

/**
 * `1 − ε̃` per iteration, whether or not it is below 1 (Lemmas 12 and 15, Theorem 6; CVA: docs/papers.md). Infinity if
 * nothing is known of the protocol.
 */
export function contractionOf(query: BoundsQuery): number {
  if (isExact(query)) return 0
  return protocolNamed(query.protocol).guarantees?.contraction(countsOf(query)) ?? Infinity
}

/** How many iterations make `AVG_t`, by the paper's count or the tight one; null if no number is enough, or none is known. */
export function iterationsFor(query: BoundsQuery, t: number, count: 'paper' | 'tight'): number | null {
  const { form, guarantees } = protocolNamed(query.protocol)
  if (guarantees === null) return null
  if (t === 0 && form === 'standard') return 0
  const rho = contractionOf(query)
  if (rho >= 1) return null
  if (rho === 0) return 1
  const rate = count === 'paper' ? 1 - rho : -Math.log(rho)
  return ceiling(guarantees.iterations?.(countsOf(query), t, rate) ?? (t * Math.LN2) / rate)
}

/** `⌈x⌉`, but 3.0000000000000004 gives 3: the logarithms above leave such rounding errors. */
function ceiling(x: number): number {
  return Math.ceil(x - 1e-12)
}

/** `C` of Theorems 3, 6 and 8, and of CVA as derived in docs/papers.md; null if there is none. */
export function averagingConstantOf(query: BoundsQuery): number | null {
  if (isExact(query)) return 0
  const { guarantees } = protocolNamed(query.protocol)
  return guarantees?.averagingConstant(countsOf(query), contractionOf(query)) ?? null
}

/** Everything about one protocol at (n, f, synchrony). Expects integers `n ≥ 1`, `0 ≤ f < n`. */
export function bounds(query: BoundsQuery): Bounds {
  const { protocol, peers, maxFaulty, synchrony } = query
  const needed = peersNeeded(protocol, maxFaulty, synchrony)
  const enoughPeers = needed !== null && peers >= needed
  const wrongQuorum = whyImpossibleQuorum(query) ?? (enoughPeers ? whyTooFew(query) : null)
  const tooMuch = whyTooMuch(query)
  const feasible = enoughPeers && wrongQuorum === null && tooMuch === null
  const ten = Array.from({ length: 10 }, (_, i) => i + 1)
  const counts = (count: 'paper' | 'tight') =>
    feasible ? ten.map(t => iterationsFor(query, t, count) as number) : null
  const h = honestCount(peers, maxFaulty)
  const q = quorumOf(query)
  return {
    protocol,
    peers,
    maxFaulty,
    synchrony,
    feasible,
    why: wrongQuorum ?? (enoughPeers ? tooMuch : null) ?? explain(query, needed, feasible),
    needs: { peers: needed, quorum: enoughPeers && synchrony === 'asynchronous' ? leastOf(query) : null },
    quorum: q,
    contraction: feasible ? contractionOf(query) : null,
    iterations: { paper: counts('paper'), tight: counts('tight') },
    averagingConstant: feasible ? averagingConstantOf(query) : null,
    lowerBound: h > 0 ? (h + 2 * maxFaulty - q) / h : null,
    // Of signed broadcast, which no cohort learns with, nobody has counted them.
    ...(query.dimension !== undefined &&
      !(isBroadcastBased(protocol) && synchrony === 'synchronous') && {
        traffic: trafficOf(trafficQuery(query, query.dimension)),
        trafficByDigest: trafficByDigest({ protocol, peers, dimension: query.dimension }),
        stepTraffic: stepTraffic(trafficQuery(query, query.dimension)),
      }),
  }
}

/** The least `q` with which `protocol` contracts among `n` peers, `f` of them faulty: above `n − f` where none does. */
export function leastQuorum(protocol: ProtocolName, peers: number, f: number): number {
  return leastKnown(protocol).of(honestCount(peers, f), f)
}

/** Of a protocol about which nothing is known, only that it waits for `n − f`. */
const WHOLE_QUORUM: LeastQuorum = {
  of: h => h,
  formula: 'n − f',
  reason: 'with fewer nothing is known of it',
}

function leastKnown(protocol: ProtocolName): LeastQuorum {
  return protocolNamed(protocol).guarantees?.leastQuorum ?? WHOLE_QUORUM
}

function leastOf({ protocol, peers, maxFaulty, synchrony }: BoundsQuery): number {
  return synchrony === 'synchronous' ? peers : leastQuorum(protocol, peers, maxFaulty)
}

/** Why no peer waits for so many vectors, whatever is guaranteed; null if one can. */
export function whyImpossibleQuorum({
  peers,
  maxFaulty: f,
  synchrony,
  quorum: q,
}: BoundsQuery): string | null {
  if (q === undefined) return null
  if (synchrony === 'synchronous')
    return `under synchrony a peer waits for all ${peers} vectors, and not for q = ${q}: leave q out, or run asynchronously`
  const most = honestCount(peers, f)
  if (q <= most) return null
  return `no peer can wait for q = ${q} of ${peers} vectors if f = ${f} may never come; expected at most ${most}`
}

/** Why no peer could apply the rule in time, whatever is guaranteed; null if it can. */
export function whyTooMuch(query: BoundsQuery): string | null {
  const { protocol, peers, maxFaulty } = query
  const why = protocolNamed(protocol).whyTooMuch?.(peers, maxFaulty, quorumOf(query)) ?? null
  return why === null ? null : `${protocol} with n = ${peers} and f = ${maxFaulty} has ${why}`
}

/** Why nothing is guaranteed with so few vectors, though there are peers enough; null if something is. */
function whyTooFew(query: BoundsQuery): string | null {
  const { protocol, peers, maxFaulty: f, synchrony, quorum: q } = query
  const most = honestCount(peers, f)
  const least = leastOf(query)
  if (q === undefined || q >= least) return null
  const known = leastKnown(protocol)
  const faults = mostFaults(protocol, peers, synchrony, q)
  const heal = least === most ? `q = ${most} would do` : `q from ${least} to ${most} would do`
  const fewer =
    faults < f && leastQuorum(protocol, peers, faults) <= q ? `, or f = ${faults} with q = ${q}` : ''
  return `${protocol} needs q ≥ ${known.formula} = ${least} with n = ${peers} and f = ${f}, and q is ${q}: ${known.reason}; ${heal}${fewer}`
}

function explain(query: BoundsQuery, needed: number | null, feasible: boolean): string {
  const { protocol, peers, maxFaulty, synchrony } = query
  const { guarantees } = protocolNamed(protocol)
  if (guarantees === null) return `nothing is known of what ${protocol} guarantees`
  const { peersPerFault, reasons } = guarantees
  const reason = reasons[synchrony]
  const factor = peersPerFault[synchrony]
  if (factor === 'without-faults')
    return feasible
      ? 'no faulty peer to tolerate'
      : `${protocol} tolerates no faulty peer: ${reason}; use faults 0, or mda`
  if (factor === 'never') {
    const [other, there] =
      synchrony === 'synchronous'
        ? (['asynchronously', 'asynchronous'] as const)
        : (['synchronously', 'synchronous'] as const)
    const needs = peersNeeded(protocol, maxFaulty, there)
    return `${protocol} runs ${other} only: it already needs just n ≥ ${peersPerFault[there]}f + 1 = ${needs} there`
  }
  const most = mostFaults(protocol, peers, synchrony)
  const chosen =
    query.quorum === undefined
      ? ''
      : `, and q = ${query.quorum} ≥ ${leastKnown(protocol).formula} = ${leastOf(query)}`
  if (feasible)
    return `n = ${peers} ≥ ${factor}f + 1 = ${needed} under ${synchrony === 'synchronous' ? 'synchrony' : 'asynchrony'}${chosen}`
  return (
    `${protocol} needs n ≥ ${factor}f + 1 = ${needed} peers to tolerate f = ${maxFaulty} (${synchrony}), and there are ${peers}: ` +
    `${reason}; ${needed} peers would do, or f = ${most} with ${peers}`
  )
}

function trafficQuery({ protocol, peers, precision }: BoundsQuery, dimension: number) {
  return { protocol, peers, dimension, ...(precision && { precision }) }
}
