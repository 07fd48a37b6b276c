/**
 * What a protocol guarantees at (n, f, synchrony), and what it needs (collaborative-learning, §5 to §8).
 * The bound of ICwTM is 5f + 1, not the paper's 4f + 1 (docs/papers.md).
 */
import type { Precision } from './precision.ts'
import type { ProtocolName } from './protocol-names.ts'
import type { Counts, PeersPerFault } from './protocols/entry.ts'
import { protocolNamed } from './protocols/registry.ts'
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
  /** The fewest peers that tolerate this many faults; null if no number does. */
  readonly needs: { readonly peers: number | null }
  readonly quorum: number
  /** Guaranteed factor on the honest diameter per iteration (Δ₂; on each Δ^cw[i] for icwtm and rb-tm). */
  readonly contraction: number | null
  /** Iterations of `AVG_t` for `t = 1 … 10`. */
  readonly iterations: { readonly paper: readonly number[] | null; readonly tight: readonly number[] | null }
  /** `C` in `‖mean(out) − mean(in)‖₂ ≤ C·Δ₂(in)`. */
  readonly averagingConstant: number | null
  /** No algorithm has a smaller `C` (Theorem 4). */
  readonly lowerBound: number | null
  /** The cost of an iteration among honest peers in the precision asked for, if `d` was given. */
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

/** The most faults that `protocol` tolerates among `peers`; of an unknown one, the most that any could under asynchrony. */
export function mostFaults(protocol: ProtocolName, peers: number, synchrony: Synchrony): number {
  const { guarantees } = protocolNamed(protocol)
  const factor = guarantees === null ? PEERS_PER_FAULT_MIN : guarantees.peersPerFault[synchrony]
  return typeof factor === 'number' ? Math.max(0, Math.floor((peers - 1) / factor)) : 0
}

/** No agreement stands a third of the peers without a clock (Fischer, Lynch and Merritt 1986). */
const PEERS_PER_FAULT_MIN = 3

function peersPerFaultOf(protocol: ProtocolName, synchrony: Synchrony): PeersPerFault {
  return protocolNamed(protocol).guarantees?.peersPerFault[synchrony] ?? 'never'
}

function countsOf({ peers, maxFaulty, synchrony, dimension = Infinity }: BoundsQuery): Counts {
  const h = honestCount(peers, maxFaulty)
  const spread = Math.min(2 * Math.sqrt(h), Math.sqrt(dimension))
  return { peers, maxFaulty, h, q: quorum(peers, maxFaulty, synchrony), synchrony, spread }
}

/** Everyone applies the same rule to the same n vectors. */
function isExact({ protocol, maxFaulty }: BoundsQuery): boolean {
  const { form, guarantees } = protocolNamed(protocol)
  return guarantees !== null && form === 'standard' && maxFaulty === 0
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
  if (isExact(query)) return 1
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
  const feasible = needed !== null && peers >= needed
  const ten = Array.from({ length: 10 }, (_, i) => i + 1)
  const counts = (count: 'paper' | 'tight') =>
    feasible ? ten.map(t => iterationsFor(query, t, count) as number) : null
  const h = honestCount(peers, maxFaulty)
  const q = quorum(peers, maxFaulty, synchrony)
  return {
    protocol,
    peers,
    maxFaulty,
    synchrony,
    feasible,
    why: explain(query, needed, feasible),
    needs: { peers: needed },
    quorum: q,
    contraction: feasible ? contractionOf(query) : null,
    iterations: { paper: counts('paper'), tight: counts('tight') },
    averagingConstant: feasible ? averagingConstantOf(query) : null,
    lowerBound: h > 0 ? (h + 2 * maxFaulty - q) / h : null,
    ...(query.dimension !== undefined && {
      traffic: trafficOf(trafficQuery(query, query.dimension)),
      trafficByDigest: trafficByDigest({ protocol, peers, dimension: query.dimension }),
      stepTraffic: stepTraffic(trafficQuery(query, query.dimension)),
    }),
  }
}

function explain(
  { protocol, peers, maxFaulty, synchrony }: BoundsQuery,
  needed: number | null,
  feasible: boolean,
): string {
  const { guarantees } = protocolNamed(protocol)
  if (guarantees === null) return `nothing is known of what ${protocol} guarantees`
  const { peersPerFault, reason } = guarantees
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
  if (feasible)
    return `n = ${peers} ≥ ${factor}f + 1 = ${needed} under ${synchrony === 'synchronous' ? 'synchrony' : 'asynchrony'}`
  return (
    `${protocol} needs n ≥ ${factor}f + 1 = ${needed} peers to tolerate f = ${maxFaulty} (${synchrony}), and there are ${peers}: ` +
    `${reason}; ${needed} peers would do, or f = ${most} with ${peers}`
  )
}

function trafficQuery({ protocol, peers, precision }: BoundsQuery, dimension: number) {
  return { protocol, peers, dimension, ...(precision && { precision }) }
}
