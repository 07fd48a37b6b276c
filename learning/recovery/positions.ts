/** Where the others say that they stand, and how much of this is reliable when f of them may lie. */

/** What one peer says about itself. Units: LEARN steps. */
export interface Position {
  /** Where it stands. */
  readonly step: number
  /** The oldest step whose parameters it holds. */
  readonly oldest: number
  /** It says nothing more, or not everything, of steps before this one: it was not there, or has lost its memory. */
  readonly completeFrom: number
  /** The newest step in which it has seen a vector of the peer that asks; 0: none. */
  readonly seenStep: number
}

/** The positions of those that have answered. */
interface Positions {
  readonly heard: number
  /** The newest step in which any of them has seen a vector of the peer that asks; 0: none has. */
  readonly seenStep: number
  /** How many hold the parameters of this step, or will reach it. */
  holders(step: number): number
  /** How many say that they say nothing more, or not everything, in this step. */
  silent(step: number): number
  /** How many send nothing more in this step: they are silent there, or stand more than `past` beyond it. */
  gone(step: number, past: number): number
  /** The lowest step but `others`: that many stand below it, or at it. */
  lowest(others: number): number
  /** The highest step but `others`: that many stand beyond it, or at it. */
  highest(others: number): number
  /** The oldest step whose parameters `others` and one more hold. */
  heldBy(others: number): number
}

/**
 * Counts the answers. Where there are fewer than `others`, `lowest`, `highest` and `heldBy` take the last of them.
 * A peer that is complete only from a step beyond its own is still looking for its place, and counts only as gone.
 */
export function positionsOf(said: Iterable<Position>): Positions {
  const everyone = [...said]
  const positions = everyone.filter(({ step, completeFrom }) => completeFrom <= step)
  const ascending = (of: (position: Position) => number) => positions.map(of).sort((a, b) => a - b)
  const steps = ascending(({ step }) => step)
  const oldests = ascending(({ oldest }) => oldest)
  const last = positions.length - 1
  return {
    heard: positions.length,
    seenStep: Math.max(0, ...everyone.map(({ seenStep }) => seenStep)),
    holders: step => positions.filter(({ oldest }) => oldest <= step).length,
    silent: of => everyone.filter(({ completeFrom }) => completeFrom > of).length,
    gone: (of, past) =>
      everyone.filter(({ step, completeFrom }) => step > of + past || completeFrom > of).length,
    lowest: others => steps[Math.min(others, last)]!,
    highest: others => steps[Math.max(0, last - others)]!,
    heldBy: others => oldests[Math.min(others, last)]!,
  }
}
