/**
 * The honest vectors iteration by iteration: `x_0` the inputs, `x_r` what was sealed for iteration `r`, the last one
 * the outputs. A peer that lost an unsent vector in a crash seals another, which then takes its place.
 */
import type { AveragingOutput } from '../../agreement/averaging/averaging.ts'
import { type Precision, roundedTo } from '../../agreement/precision.ts'
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { CheckedRun } from './checker.ts'

/** One iteration as all honest peers entered it; complete. */
export interface Round {
  readonly index: number
  /** In the order of `CheckedRun.honest`. */
  readonly vectors: readonly Vector[]
  /** The authors whose vectors each peer used, in the same order; null if a restart lost them. */
  readonly used: readonly (readonly PeerIndex[] | null)[]
}

interface Rounds {
  output(peer: PeerIndex, output: AveragingOutput): void
  /** The complete rounds, from 0. */
  at(index: number): Round | undefined
}

interface Open {
  readonly vectors: (Vector | null)[]
  readonly used: (readonly PeerIndex[] | null)[]
  missing: number
}

/** @param complete called for a round when its last vector has come, and again when one is replaced */
export function createRounds(run: CheckedRun, complete: (round: Round) => void): Rounds {
  const { honest, settings } = run
  const places = new Map(honest.map((peer, place) => [peer, place]))
  const rounds: (Open | undefined)[] = []
  /** By place: the result of the last iteration, until it is sealed. */
  const iterated: ({ vector: Vector; used: readonly PeerIndex[] } | null)[] = honest.map(() => null)
  /** The outputs are not sealed. */
  const precisionAt = (index: number): Precision =>
    index < settings.iterations ? (settings.precision ?? 'f32') : 'f32'
  const settle = (peer: PeerIndex, index: number, vector: Vector) => {
    const place = places.get(peer)!
    const open = rounds[index] ?? newRound(honest.length)
    rounds[index] = open
    const earlier = open.vectors[place]!
    if (earlier === null) open.missing--
    else if (sameVector(earlier, vector)) return
    open.vectors[place] = vector
    const source = iterated[place]!
    open.used[place] =
      source !== null && sameVector(roundedTo(source.vector, precisionAt(index)), vector) ? source.used : null
    if (open.missing === 0) complete({ index, vectors: open.vectors as Vector[], used: open.used })
  }
  return {
    output(peer, output) {
      if (output.kind === 'iterated') iterated[places.get(peer)!] = output
      else if (output.kind === 'sealed') settle(peer, output.slot.iteration, output.vector)
      else if (output.kind === 'agreed') settle(peer, settings.iterations, output.vector)
    },
    at(index) {
      const open = rounds[index]
      if (open === undefined || open.missing > 0) return undefined
      return { index, vectors: open.vectors as Vector[], used: open.used }
    },
  }
}

function newRound(size: number): Open {
  return {
    vectors: Array.from({ length: size }, () => null),
    used: Array.from({ length: size }, () => null),
    missing: size,
  }
}

function sameVector(a: Vector, b: Vector): boolean {
  return a === b || (a.length === b.length && a.every((x, i) => Object.is(x, b[i])))
}
