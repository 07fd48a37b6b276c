/**
 * What a protocol guarantees at (n, f, synchrony), and what it needs (collaborative-learning, §5 to §8).
 * The bound of ICwTM is 5f + 1, not the paper's 4f + 1 (docs/papers.md).
 */

import { leastQuorum, quorumFormulas, quorumReasons } from './least-quorum.ts'
import type { Precision } from './precision.ts'
import type { ProtocolName } from './protocol-names.ts'
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
  /** Guaranteed factor on the honest diameter per iteration (Δ₂; on each Δ^cw[i] for icwtm and rb-tm). */
  readonly contraction: number | null
  /** Iterations of `AVG_t` for `t = 1 … 10`. */
  readonly iterations: { readonly paper: readonly number[] | null; readonly tight: readonly number[] | null }
  /** `C` in `‖mean(out) − mean(in)‖₂ ≤ C·Δ₂(in)`. */
  readonly averagingConstant: number | null
  /** No algorithm has a smaller `C` (Theorem 4). */
  readonly lowerBound: number | null
  /** The cost of an iteration among honest peers in the precision asked for, if `d` was given; not of synchronous RB-TM. */
  readonly traffic?: Traffic
  /** That of an iteration on parameters by digest. */
  readonly trafficByDigest?: TrafficByDigest
  /** That of a step of LEARN. */
  readonly stepTraffic?: StepTraffic
}

/** `k` of `n ≥ k·f + 1`: the peers needed for each fault. Null: no number of peers is enough. */
const peersPerFault: Record<ProtocolName, Record<Synchrony, number | null>> = {
  mda: { asynchronous: 6, synchronous: 5 },
  cva: { asynchronous: 7, synchronous: 5 },
  icwtm: { asynchronous: 5, synchronous: 3 },
  'rb-tm': { asynchronous: 3, synchronous: 2 },
  mean: { asynchronous: null, synchronous: null },
}

const reasons: Record<ProtocolName, string> = {
  mda: 'the subsets of least diameter of two peers must overlap in honest vectors (collaborative-learning, Assumption 5)',
  cva: 'two faulty vectors picked by two peers may lie three diameters apart',
  icwtm:
    'below 5f + 1 a scheduler can keep two halves apart for ever (Dolev et al. 1986; the 4f + 1 of the paper is wrong)',
  'rb-tm': 'reliable broadcast and witnesses need n − f ≥ 2f + 1 (Bracha 1987)',
  mean: 'one faulty vector moves a plain mean anywhere',
}

const SIGNED = 'of the vectors that two peers accept an honest one must be left (Dolev 1982, with signatures)'

/** The fewest peers that let `protocol` tolerate `faults`; null if no number does. */
export function peersNeeded(protocol: ProtocolName, maxFaulty: number, synchrony: Synchrony): number | null {
  const factor = peersPerFault[protocol][synchrony]
  if (factor === null) return maxFaulty === 0 && protocol === 'mean' ? 1 : null
  return factor * maxFaulty + 1
}

/**
 * The most faults that `protocol` tolerates among `peers`.
 * @param chosen `q`, where it is not `n − f`
 */
export function mostFaults(
  protocol: ProtocolName,
  peers: number,
  synchrony: Synchrony,
  chosen?: number,
): number {
  const factor = peersPerFault[protocol][synchrony]
  let most = factor === null ? 0 : Math.max(0, Math.floor((peers - 1) / factor))
  if (chosen === undefined) return most
  // The fewer may be faulty, the smaller the least q and the larger n − f.
  while (most > 0 && !(leastQuorum(protocol, peers, most) <= chosen && chosen <= peers - most)) most--
  return most
}

function quorumOf({ peers, maxFaulty, synchrony, quorum: chosen }: BoundsQuery): number {
  return quorum(peers, maxFaulty, synchrony, chosen)
}

/** `1 − ε̃` per iteration, whether or not it is below 1 (Lemmas 12 and 15, Theorem 6; CVA: docs/papers.md). */
export function contractionOf(query: BoundsQuery): number {
  const { protocol, peers, maxFaulty: f } = query
  const h = honestCount(peers, f)
  const q = quorumOf(query)
  if (f === 0 && q >= h && protocol !== 'rb-tm') return 0 // everyone applies the same rule to the same n vectors
  switch (protocol) {
    case 'mda':
      return (4 * f + h - q) / (q - f)
    case 'cva':
      return (5 * f + h - q) / (q - f)
    case 'icwtm':
      return 1 - (q - 2 * f - Math.floor(h / 2)) / (2 * (q - 2 * f))
    case 'rb-tm':
      return 0.5
    case 'mean':
      return f === 0 ? (h - q) / q : 1
  }
}

/** How many iterations make `AVG_t`, by the paper's count or the tight one; null if no number is enough. */
export function iterationsFor(query: BoundsQuery, t: number, count: 'paper' | 'tight'): number | null {
  const h = honestCount(query.peers, query.maxFaulty)
  if (query.protocol === 'rb-tm') return t + Math.ceil(Math.log2(h))
  if (t === 0) return 0
  const rho = contractionOf(query)
  if (rho >= 1) return null
  if (rho === 0) return 1
  const rate = count === 'paper' ? 1 - rho : -Math.log(rho)
  // Δ₂ ≤ Δ₂^cw ≤ 2√h·Δ₂: ICwTM contracts the latter and has to make up for the difference (Theorem 8).
  if (query.protocol === 'icwtm') return ceiling((2 * (t + 1) * Math.LN2 + Math.log(h)) / (2 * rate))
  return ceiling((t * Math.LN2) / rate)
}

/** `⌈x⌉`, but 3.0000000000000004 gives 3: the logarithms above leave such rounding errors. */
function ceiling(x: number): number {
  return Math.ceil(x - 1e-12)
}

/** `C` of Theorems 3, 6 and 8, and of CVA as derived in docs/papers.md; null if there is none. */
export function averagingConstantOf(query: BoundsQuery): number | null {
  const { protocol, peers, maxFaulty: f, dimension } = query
  const h = honestCount(peers, f)
  const q = quorumOf(query)
  if (f === 0 && q >= h && protocol !== 'rb-tm') return 0
  const spread = Math.min(2 * Math.sqrt(h), dimension === undefined ? Infinity : Math.sqrt(dimension))
  switch (protocol) {
    case 'mda':
      return ((2 * f + h - q) * q + (q - 2 * f) * f) / (h * (q - f) * (1 - contractionOf(query)))
    case 'icwtm':
      return ((2 * f + h - q) / h) * spread
    case 'rb-tm':
      return spread
    case 'cva':
      return cvaShift(h, f, q) / (1 - contractionOf(query))
    case 'mean':
      return f === 0 ? (h - q) / h / (1 - contractionOf(query)) : null
  }
}

/**
 * By how many diameters one iteration of CVA moves the mean at most. The papers do not say; docs/papers.md has the
 * proof. A faulty vector counts with its reach around each honest peer's *own* vector, and the mean of these is the
 * honest mean: with q = h that costs f, where Lemma 13 has more. Under synchrony peers may keep different numbers of
 * vectors, which costs `c²/4`, `c = f/h`.
 */
function cvaShift(h: number, f: number, q: number): number {
  const unheard = 2 * f + h - q
  if (q > h) return (f / h) * (1 + (1 - f / (2 * h)) ** 2)
  return ((q - 2 * f) * unheard + f * h) / (h * (q - f))
}

/** Everything about one protocol at (n, f, synchrony). Expects integers `n ≥ 1`, `0 ≤ f < n`. */
export function bounds(query: BoundsQuery): Bounds {
  const { protocol, peers, maxFaulty, synchrony } = query
  const needed = peersNeeded(protocol, maxFaulty, synchrony)
  const enoughPeers = needed !== null && peers >= needed
  const wrongQuorum = whyImpossibleQuorum(query) ?? (enoughPeers ? whyTooFew(query) : null)
  const feasible = enoughPeers && wrongQuorum === null
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
    why: wrongQuorum ?? explain(query, needed, feasible),
    needs: { peers: needed, quorum: enoughPeers && synchrony === 'asynchronous' ? leastOf(query) : null },
    quorum: q,
    contraction: feasible ? contractionOf(query) : null,
    iterations: { paper: counts('paper'), tight: counts('tight') },
    averagingConstant: feasible ? averagingConstantOf(query) : null,
    lowerBound: h > 0 ? (h + 2 * maxFaulty - q) / h : null,
    // Of signed broadcast, which no cohort learns with, nobody has counted them.
    ...(query.dimension !== undefined &&
      !(protocol === 'rb-tm' && synchrony === 'synchronous') && {
        traffic: trafficOf(trafficQuery(query, query.dimension)),
        trafficByDigest: trafficByDigest({ protocol, peers, dimension: query.dimension }),
        stepTraffic: stepTraffic(trafficQuery(query, query.dimension)),
      }),
  }
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

/** Why nothing is guaranteed with so few vectors, though there are peers enough; null if something is. */
function whyTooFew(query: BoundsQuery): string | null {
  const { protocol, peers, maxFaulty: f, synchrony, quorum: q } = query
  const most = honestCount(peers, f)
  const least = leastOf(query)
  if (q === undefined || q >= least) return null
  const faults = mostFaults(protocol, peers, synchrony, q)
  const heal = least === most ? `q = ${most} would do` : `q from ${least} to ${most} would do`
  const fewer =
    faults < f && leastQuorum(protocol, peers, faults) <= q ? `, or f = ${faults} with q = ${q}` : ''
  return `${protocol} needs q ≥ ${quorumFormulas[protocol]} = ${least} with n = ${peers} and f = ${f}, and q is ${q}: ${quorumReasons[protocol]}; ${heal}${fewer}`
}

function explain(query: BoundsQuery, needed: number | null, feasible: boolean): string {
  const { protocol, peers, maxFaulty, synchrony } = query
  const factor = peersPerFault[protocol][synchrony]
  if (factor === null) {
    return feasible
      ? 'no faulty peer to tolerate'
      : `mean tolerates no faulty peer: ${reasons.mean}; use faults 0, or mda`
  }
  const most = mostFaults(protocol, peers, synchrony)
  const chosen =
    query.quorum === undefined
      ? ''
      : `, and q = ${query.quorum} ≥ ${quorumFormulas[protocol]} = ${leastOf(query)}`
  if (feasible)
    return `n = ${peers} ≥ ${factor}f + 1 = ${needed} under ${synchrony === 'synchronous' ? 'synchrony' : 'asynchrony'}${chosen}`
  const reason = protocol === 'rb-tm' && synchrony === 'synchronous' ? SIGNED : reasons[protocol]
  return (
    `${protocol} needs n ≥ ${factor}f + 1 = ${needed} peers to tolerate f = ${maxFaulty} (${synchrony}), and there are ${peers}: ` +
    `${reason}; ${needed} peers would do, or f = ${most} with ${peers}`
  )
}

function trafficQuery({ protocol, peers, precision }: BoundsQuery, dimension: number) {
  return { protocol, peers, dimension, ...(precision && { precision }) }
}
