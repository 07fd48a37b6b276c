/**
 * What there is to know of an averaging agreement, in one value: how vectors travel, the rule on what has come, and what
 * is proved of the two. Everything that differs between protocols hangs on it.
 */
import type { Averaging, AveragingOptions } from '../averaging/averaging.ts'
import type { Family, Tally } from '../averaging/family.ts'
import type { ProtocolName } from '../protocol-names.ts'
import type { Synchrony } from '../thresholds.ts'
import type { Vector } from '../vector.ts'

/** How many there are of everything that a guarantee depends on. */
export interface Counts {
  /** `n`. */
  readonly peers: number
  /** `f`. */
  readonly maxFaulty: number
  /** `h = n − f`. */
  readonly h: number
  /** How many vectors an iteration waits for. */
  readonly q: number
  readonly synchrony: Synchrony
  /** `min(2√h, √d)`: what a protocol that works coordinate by coordinate pays. */
  readonly spread: number
}

/**
 * For how many peers a protocol tolerates `f` faults: a number `k` stands for `n ≥ k·f + 1`. `without-faults`: it runs
 * where nobody is faulty. `never`: it does not run under this synchrony.
 */
export type PeersPerFault = number | 'without-faults' | 'never'

/**
 * The fewest vectors that an iteration may wait for (collaborative-learning, §2.1 allows any `q ≤ n − f`, Assumptions 5
 * and 6 say how small it may be). docs/papers.md derives them, and shows what happens one below.
 */
export interface LeastQuorum {
  /** The least `q` with which the protocol contracts, `h = n − f`: above `h` where none does. */
  of(h: number, f: number): number
  /** The same, for people. */
  readonly formula: string
  readonly reason: string
}

/** What is proved of a protocol. */
export interface Guarantees {
  readonly peersPerFault: Readonly<Record<Synchrony, PeersPerFault>>
  /** Why it needs so many peers, with the source. */
  readonly reasons: Readonly<Record<Synchrony, string>>
  /** Absent: nothing is known of fewer than `n − f` vectors. */
  readonly leastQuorum?: LeastQuorum
  /** Whether it is about every coordinate by itself, and no honest vector leaves the honest range of any. */
  readonly coordinateWise: boolean
  /** `1 − ε̃`: the factor on the honest diameter of an iteration, whether or not it is below 1. */
  contraction(counts: Counts): number
  /** `C` in `‖mean(out) − mean(in)‖₂ ≤ C·Δ₂(in)`; null if there is none. */
  averagingConstant(counts: Counts, contraction: number): number | null
  /**
   * The iterations of `AVG_t`, `t ≥ 1`, not rounded, where `rate` is what the logarithm of the diameter loses in each.
   * Absent: `t·ln 2/rate`, for a protocol that contracts Δ₂.
   */
  iterations?(counts: Counts, t: number, rate: number): number
}

/** How much of each vector enters a rule's result, for those who look on. */
export type Parts =
  /** The result is the mean of some of the vectors: these. @param squares `n × n`: all `‖x_j − x_k‖²` */
  | { readonly kind: 'subset'; kept(family: Family, squares: Float64Array): readonly number[] }
  /** The result is made of ranks, coordinate by coordinate. */
  | { readonly kind: 'ranks'; weight(rank: number, total: number, maxFaulty: number): number }

/** An averaging agreement. */
export interface AveragingProtocol {
  readonly name: ProtocolName
  /**
   * How vectors travel. `standard`: to all at once, and an iteration waits for `q` of them (collaborative-learning, §5).
   * `broadcast`: by reliable broadcast and witnesses, so that any two honest peers share `n − f` of them (§6).
   */
  readonly form: 'standard' | 'broadcast'
  /** `R`: an honest peer's next vector. A function of its arguments alone. The result is a new vector, or one of these. */
  rule(family: Family, distances: (vectors: readonly Vector[]) => Float64Array): Vector
  /** Whether the result depends on whose vectors they are: on `family.own`. Peers with equal families share results otherwise. */
  readonly usesOwn: boolean
  /** Whether the rule leaves `2f` of `n − f` vectors out, so that one must be left. */
  readonly dropsFaulty: boolean
  /** Whether the rule gives this peer's own vector, wherever the other vectors lie; absent: this is not known. */
  givesOwn?(tally: Tally): boolean
  /** Why its rule would take too long on the vectors of `peers`; null: it would not. Absent: it never does. */
  whyTooMuch?(peers: number, maxFaulty: number, q: number): string | null
  /** How many vectors an iteration of the standard form needs at least; absent: `n − f`. */
  needed?(peers: number, maxFaulty: number): number
  /** Absent: not known, and a page shows no shares. */
  readonly parts?: Parts
  /** In place of the form: the whole state machine. Nothing that checks an exchange holds of it. */
  create?(options: AveragingOptions): Averaging
  /** Null: nothing is known. The protocol runs, its bounds say so, and no checker holds it to any. */
  readonly guarantees: Guarantees | null
}
