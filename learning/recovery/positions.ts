/** Where the others say that they stand, and how much of it can be relied on though f of them may lie. */

/** What one peer says of itself. Units: LEARN steps. */
export interface Position {
  /** Where it stands. */
  readonly step: number
  /** The oldest step whose parameters it holds. */
  readonly oldest: number
  /** Of steps before this it says nothing any more, or not all: it was not there, or has forgotten. */
  readonly completeFrom: number
  /** The newest in which it has seen a vector of whoever asks; 0: none. */
  readonly seenStep: number
}

/** The positions of those that have answered. */
interface Positions {
  readonly heard: number
  /** The newest step in which anybody has seen a vector of whoever asks; 0: nobody has. */
  readonly seenStep: number
  /** How many hold the parameters of this step, or will come to it. */
  holders(step: number): number
  /** How many have nothing more to say of this step: they stand more than `past` beyond it, or were not there. */
  gone(step: number, past: number): number
  /** The step that so many others are below, or at. */
  lowest(others: number): number
  /** The step that so many others are beyond, or at. */
  highest(others: number): number
  /** The step whose parameters so many others hold, and one more. */
  heldBy(others: number): number
}

/**
 * Counts what was said; where fewer have been heard, `lowest`, `highest` and `heldBy` take the last of them. A peer that
 * says nothing before a later step than its own is still looking for its place, and counts as gone only.
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
    gone: (of, past) =>
      everyone.filter(({ step, completeFrom }) => step > of + past || completeFrom > of).length,
    lowest: others => steps[Math.min(others, last)]!,
    highest: others => steps[Math.max(0, last - others)]!,
    heldBy: others => oldests[Math.min(others, last)]!,
  }
}
