/** The digest of a vector: SHA-256 of its little-endian bytes, computed once a vector. */
import { createHash } from 'node:crypto'
import type { Digest } from '../../agreement/message.ts'
import type { Vector } from '../../agreement/vector.ts'
import { vectorBytes } from '../codec/cursor.ts'

/** Vectors are immutable by convention, so the object stands for its bytes. */
const digests = new WeakMap<Vector, Digest>()

/** Lower-case hexadecimal. */
export function digestOf(vector: Vector): Digest {
  let digest = digests.get(vector)
  if (digest === undefined) {
    digest = createHash('sha256').update(vectorBytes(vector)).digest('hex')
    digests.set(vector, digest)
  }
  return digest
}
