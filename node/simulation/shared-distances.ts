/**
 * Distances of all pairs, for families that share most of their vectors: every liar of a simulated cohort follows the
 * protocol with its own vector in the place of its lie, and the run measures the honest vectors alone. A pair's distance
 * does not depend on the rest of its family, so only those of new vectors are computed. The bits are those of the
 * kernels.
 */
import { needsMoreBits, squaredDistances, squaredDistancesIn } from '../../agreement/kernels/index.ts'
import type { Digest } from '../../agreement/message.ts'
import type { Vector } from '../../agreement/vector.ts'
import { digestOf } from '../signatures/index.ts'

type Matrix = Float64Array

/** The last family whose distances were all computed. */
interface Known {
  readonly places: ReadonlyMap<Digest, number>
  readonly matrix: Matrix
}

/** The distances of smaller families cost nothing worth remembering. */
const FAMILY_MIN = 4
/** With more new vectors than this share of the family, all pairs are computed. */
const NEW_SHARE_MAX = 1 / 8
/** How many new vectors, and how many others, the kernels take at once: a few more pairs than are needed. */
const NEW_ROWS = 3
const OTHER_ROWS = 6

/** `squaredDistances`, remembering. */
export function sharedDistances(): (vectors: readonly Vector[]) => Matrix {
  const known = new Map<32 | 64, Known>()
  const inBits = (bits: 32 | 64, vectors: readonly Vector[]): Matrix => {
    const digests = vectors.map(vector => digestOf(vector))
    const earlier = known.get(bits)
    const fresh = [...vectors.keys()].filter(j => !earlier?.places.has(digests[j]!))
    if (earlier !== undefined && fresh.length <= NEW_SHARE_MAX * vectors.length) {
      const places = digests.map(digest => earlier.places.get(digest) ?? -1)
      return withFresh(bits, vectors, fresh, earlier.matrix, places)
    }
    const matrix = squaredDistancesIn(bits, vectors)
    known.set(bits, { places: new Map(digests.map((digest, place) => [digest, place])), matrix })
    return matrix
  }
  return vectors => {
    const n = vectors.length
    if (n < FAMILY_MIN) return squaredDistances(vectors)
    const { distinct, places } = distinctOf(vectors)
    // Equal vectors have no distance, and then the kernels doubt that 32 bits are enough for any.
    if (distinct.length < n) return expanded(inBits(64, distinct), distinct.length, places)
    const matrix = inBits(32, vectors)
    return needsMoreBits(matrix, n, vectors[0]!.length) ? inBits(64, vectors) : matrix
  }
}

/** The family with equal vectors once, and by place in the family its place there. */
function distinctOf(vectors: readonly Vector[]): { distinct: Vector[]; places: number[] } {
  const byDigest = new Map<Digest, number>()
  const distinct: Vector[] = []
  const places = vectors.map(vector => {
    const digest = digestOf(vector)
    const place = byDigest.get(digest) ?? distinct.push(vector) - 1
    byDigest.set(digest, place)
    return place
  })
  return { distinct, places }
}

function expanded(matrix: Matrix, size: number, places: readonly number[]): Matrix {
  const n = places.length
  const all = new Float64Array(n * n)
  for (let j = 0; j < n; j++)
    for (let k = 0; k < n; k++) all[j * n + k] = matrix[places[j]! * size + places[k]!]!
  return all
}

/**
 * @param fresh the indices of vectors that are not among those of the matrix
 * @param places by index: the place in the matrix; −1 for a fresh one
 */
function withFresh(
  bits: 32 | 64,
  vectors: readonly Vector[],
  fresh: readonly number[],
  earlier: Matrix,
  places: readonly number[],
): Matrix {
  const n = vectors.length
  const size = Math.sqrt(earlier.length)
  const matrix = new Float64Array(n * n)
  for (let j = 0; j < n; j++)
    for (let k = 0; k < n; k++)
      if (places[j]! >= 0 && places[k]! >= 0) matrix[j * n + k] = earlier[places[j]! * size + places[k]!]!
  for (let from = 0; from < fresh.length; from += NEW_ROWS) {
    const some = fresh.slice(from, from + NEW_ROWS)
    const others = [...vectors.keys()].filter(j => !some.includes(j))
    for (let at = 0; at < others.length; at += OTHER_ROWS) {
      const rows = [...some, ...others.slice(at, at + OTHER_ROWS)]
      const part = squaredDistancesIn(
        bits,
        rows.map(row => vectors[row]!),
      )
      for (const [j, row] of rows.entries())
        for (const [k, column] of rows.entries()) matrix[row * n + column] = part[j * rows.length + k]!
    }
  }
  return matrix
}
