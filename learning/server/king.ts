/**
 * Agreement on many bits at once, in synchronous rounds, with `n ≥ 3f + 1` peers and no signatures (Berman, Garay and
 * Perry 1989, the king algorithm): `f + 1` phases of three rounds, each with another king.
 *
 * Guarantees, for each bit by itself:
 *   validity   if all honest peers begin with the same bit, all end with it
 *   agreement  all honest peers end with the same bit
 *
 * Why: `n − f` equal values of a phase are more than half of the honest ones, so honest peers propose at most one bit. A
 * peer that hears it proposed by `n − f` knows that `f + 1` honest peers propose it, whom all hear: all have it, the king
 * too. So in the phase of an honest king all end with one bit, and keep it.
 */

/** A bit for each question; null says nothing. */
export type Ballot = readonly (0 | 1 | null)[]

interface KingOptions {
  readonly self: number
  readonly peers: number
  readonly maxFaulty: number
  readonly bits: readonly (0 | 1)[]
}

interface King {
  /** The bits at present: after `kingRounds` rounds those of all honest peers. */
  readonly bits: readonly (0 | 1)[]
  /** What this peer sends to all in a round, from 0; null: nothing. */
  say(round: number): Ballot | null
  /** What it has from each peer in a round, its own included; null: nothing, or nonsense. */
  hear(round: number, ballots: readonly (Ballot | null)[]): void
}

export function kingRounds(maxFaulty: number): number {
  return 3 * (maxFaulty + 1)
}

export function createKing({ self, peers, maxFaulty, bits: begun }: KingOptions): King {
  const bits = [...begun]
  const places = [...bits.keys()]
  /** What this peer proposes in a phase, and whether so many propose its bit that the king does not matter. */
  const proposed: (0 | 1 | null)[] = places.map(() => null)
  const settled = places.map(() => false)
  const kingOf = (round: number) => Math.floor(round / 3)
  const votes = (ballots: readonly (Ballot | null)[], place: number, bit: 0 | 1) =>
    ballots.filter(ballot => ballot?.[place] === bit).length
  return {
    bits,
    say(round) {
      if (round % 3 === 0) return [...bits]
      if (round % 3 === 1) return [...proposed]
      return kingOf(round) === self ? [...bits] : null
    },
    hear(round, ballots) {
      for (const place of places) {
        if (round % 3 === 0)
          proposed[place] = choices.find(bit => votes(ballots, place, bit) >= peers - maxFaulty) ?? null
        else if (round % 3 === 1) {
          bits[place] = choices.find(bit => votes(ballots, place, bit) > maxFaulty) ?? bits[place]!
          settled[place] = votes(ballots, place, bits[place]) >= peers - maxFaulty
        } else if (!settled[place]) bits[place] = ballots[kingOf(round)]?.[place] ?? 0
      }
    },
  }
}

const choices = [0, 1] as const
