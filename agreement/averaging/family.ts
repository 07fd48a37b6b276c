/** What the rule of an averaging agreement is given. */
import type { Exchange } from '../message.ts'
import type { ProtocolName } from '../protocol-names.ts'
import type { Vector } from '../vector.ts'

/** The vectors of an iteration: checked on arrival, in ascending order of their authors. */
export interface Family {
  readonly vectors: readonly Vector[]
  readonly own: Vector
  readonly maxFaulty: number
  /** `q − f`: the size of the subset that MDA and CVA average, also when more than `q` are in (docs/papers.md, Silent). */
  readonly keep: number
  /** The exchange that brought them, for those who look on: it changes no result. */
  readonly exchange?: Exchange
}

/** A driver may pass a function of its own, to measure or to spread the work; it must give the same bits. */
export type Aggregate = (protocol: ProtocolName, family: Family) => Vector

/** The vectors of an iteration, by number. */
export interface Tally {
  /** `m`. */
  readonly total: number
  /** How many of them are equal, to the bit, to this peer's own; that one included. */
  readonly equal: number
  readonly maxFaulty: number
  /** The size of the subset that MDA and CVA average. */
  readonly keep: number
}
