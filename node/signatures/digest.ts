/** The digest of a vector: SHA-256 of its bytes as they travel, computed once for each vector. */
import { createHash } from 'node:crypto'
import type { Digest } from '../../agreement/message.ts'
import type { Precision } from '../../agreement/precision.ts'
import type { Vector } from '../../agreement/vector.ts'
import { vectorBytes } from './vector-bytes.ts'

/** Vectors are immutable by convention, so the object stands for its bytes. */
const digests: Readonly<Record<Precision, WeakMap<Vector, Digest>>> = {
  f32: new WeakMap(),
  bf16: new WeakMap(),
  int8: new WeakMap(),
}

/** The digest of a vector while its bytes arrive: each part is hashed while the cache still holds it. */
interface ArrivingDigest {
  /** The next bytes, as they travel. */
  add(bytes: Uint8Array): void
  /** All bytes were added: they belong to this vector; null: to none that is in memory. */
  end(vector: Vector | null): Digest
}

export function arrivingDigest(precision: Precision): ArrivingDigest {
  const hash = createHash('sha256')
  return {
    add: bytes => void hash.update(bytes),
    end(vector) {
      const digest = hash.digest('hex')
      if (vector !== null) digests[precision].set(vector, digest)
      return digest
    },
  }
}

/**
 * Lower-case hexadecimal.
 * @param vector rounded to the precision
 */
export function digestOf(vector: Vector, precision: Precision = 'f32'): Digest {
  let digest = digests[precision].get(vector)
  if (digest === undefined) {
    digest = createHash('sha256').update(vectorBytes(vector, precision)).digest('hex')
    digests[precision].set(vector, digest)
  }
  return digest
}
