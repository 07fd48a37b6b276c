/**
 * When a rule gives a vector whatever the others are (docs/exchange.md): a peer whose own vector
 * is signed by so many authors needs no other.
 */
import type { ProtocolName } from '../bounds.ts'

/** The vectors of an iteration, by number. */
interface Tally {
  /** `m`. */
  readonly total: number
  /** How many of them are equal, to the bit, to this peer's own; that one included. */
  readonly equal: number
  readonly maxFaulty: number
  /** The size of the subset that MDA and CVA average. */
  readonly keep: number
}

/** Whether the protocol's rule gives this peer's own vector, wherever the other `total − equal` lie. */
export function givesOwn(protocol: ProtocolName, { total, equal, maxFaulty, keep }: Tally): boolean {
  const others = total - equal
  switch (protocol) {
    case 'mda':
      return equal >= keep && others < keep
    case 'cva':
      return equal >= keep
    case 'icwtm':
    case 'rb-tm':
      return total > 2 * maxFaulty && others <= maxFaulty
    case 'mean':
      return others === 0
  }
}
