/**
 * Memory for long vectors that arrive. The garbage collector frees such a vector a long time after it was used, and
 * meanwhile as many again have arrived. So its last user hands its memory back here, and the next one gets it.
 */
import { allocatePassing } from '../../agreement/kernels/index.ts'
import type { Vector } from '../../agreement/vector.ts'

/** Shorter vectors lie in the kernels' memory, where there is room for many. */
const LONG_BYTES = 2 ** 20

/** More than these are free at once after a burst, as of a peer that has caught up; their memory is given back. */
const FREE_MAX = 64
const FREE_BYTES_MAX = 128 * 2 ** 20

/** All of one size: a peer is a member of one cohort. */
let free: ArrayBuffer[] = []
const arrived = new WeakSet<Vector>()

/** A vector to be filled with what arrives. What it holds until then is unspecified. */
export function arrivingVector(length: number): Vector {
  const bytes = 4 * length
  if (bytes < LONG_BYTES) return allocatePassing(length)
  if (free[0]?.byteLength !== bytes) free = []
  const vector = new Float32Array(free.pop() ?? new ArrayBuffer(bytes))
  arrived.add(vector)
  return vector
}

/**
 * Nobody needs this vector any more. If it is a long one that arrived here, its memory is used again, and a reference
 * that was kept all the same shows it empty.
 */
export function discardArrived(vector: Vector): void {
  const { buffer } = vector
  if (!arrived.delete(vector) || !(buffer instanceof ArrayBuffer)) return
  const isKept = free.length < FREE_MAX && (free.length + 1) * buffer.byteLength <= FREE_BYTES_MAX
  const memory = buffer.transfer(isKept ? buffer.byteLength : 0)
  if (isKept) free.push(memory)
}
