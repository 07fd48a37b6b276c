/**
 * The passes over vectors that the rules are made of. Emitted kernels run them if the machine has WebAssembly SIMD and
 * there are not too many rows, otherwise plain code does. The bits are the same either way.
 */
import * as emitted from './emitted.ts'
import * as means from './emitted-means.ts'
import * as pairs from './emitted-pairs.ts'
import * as plain from './plain.ts'
import { hasKernels } from './support.ts'
import { ROWS_MAX } from './tiles.ts'

export { blend } from './blend.ts'
export { areFinite } from './finite.ts'
export { needsMoreBits } from './matrix.ts'
export { allocatePassing, allocateVector, growPassing, writeBytes } from './memory.ts'
export { hasKernels } from './support.ts'

/** The emitted pass for up to `ROWS_MAX` vectors, the plain one for more. */
function choose<Rest extends unknown[], Result>(
  fast: (vectors: readonly Float32Array[], ...rest: Rest) => Result,
  slow: (vectors: readonly Float32Array[], ...rest: Rest) => Result,
): (vectors: readonly Float32Array[], ...rest: Rest) => Result {
  if (!hasKernels) return slow
  return (vectors, ...rest) => (vectors.length <= ROWS_MAX ? fast : slow)(vectors, ...rest)
}

export const meanOf = choose(emitted.meanOf, plain.meanOf)
export const sumOf = choose(emitted.sumOf, plain.sumOf)
export const combine = choose(emitted.combine, plain.combine)
export const meanOfRanks = choose(emitted.meanOfRanks, plain.meanOfRanks)
export const middleOfRanks = choose(emitted.middleOfRanks, plain.middleOfRanks)
export const meanAroundMedian = choose(emitted.meanAroundMedian, plain.meanAroundMedian)
export const squaredDistancesTo = hasKernels ? pairs.squaredDistancesTo : plain.squaredDistancesTo
export const squaredDistances = hasKernels ? pairs.squaredDistances : plain.squaredDistances
export const squaredDistancesIn = hasKernels ? pairs.squaredDistancesIn : plain.squaredDistancesIn
export const gram = choose(pairs.gram, plain.gram)
export const meansOf = choose(means.meansOf, plain.meansOf)
export const mixturesOf = choose(means.mixturesOf, plain.mixturesOf)
