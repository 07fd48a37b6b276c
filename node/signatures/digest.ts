/** The digest of a vector: SHA-256 of its little-endian bytes, computed once for each vector. */
import { createHash } from 'node:crypto'
import type { Digest } from '../../agreement/message.ts'
import type { Vector } from '../../agreement/vector.ts'
import { vectorBytes } from './vector-bytes.ts'

/** Vectors are immutable by convention, so the object stands for its bytes. */
const digests = new WeakMap<Vector, Digest>()

/** The digest of a vector while its bytes arrive: each part is hashed while the cache still holds it. */
interface ArrivingDigest {
  /** The next bytes, little-endian. */
  add(bytes: Uint8Array): void
  /** All bytes were added: they belong to this vector; null: to none that is in memory. */
  end(vector: Vector | null): Digest
}

export function arrivingDigest(): ArrivingDigest {
  const hash = createHash('sha256')
  return {
    add: bytes => void hash.update(bytes),
    end(vector) {
      const digest = hash.digest('hex')
      if (vector !== null) digests.set(vector, digest)
      return digest
    },
  }
}

/** Lower-case hexadecimal. */
export function digestOf(vector: Vector): Digest {
  let digest = digests.get(vector)
  if (digest === undefined) {
    digest = createHash('sha256').update(vectorBytes(vector)).digest('hex')
    digests.set(vector, digest)
  }
  return digest
}
