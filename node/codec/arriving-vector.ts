/**
 * Receives a vector part by part. Each part is copied to its place, hashed and checked at once, while the cache still
 * holds it, and then need not be kept. A separate pass for any of these would fetch megabytes from memory again.
 */
import { areFinite, writeBytes } from '../../agreement/kernels/index.ts'
import { markFinite, type Vector } from '../../agreement/vector.ts'
import { arrivingDigest } from '../signatures/digest.ts'
import { BIG_ENDIAN } from '../signatures/vector-bytes.ts'
import { arrivingVector } from './arrival-buffers.ts'
import { type Cursor, need, nextPart } from './cursor.ts'

/** Yields while there is nothing to read. */
export function* receiveVector(cursor: Cursor, dimension: number): Generator<void, Vector> {
  need(cursor, 4 * dimension)
  const vector = arrivingVector(dimension)
  const bytes = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength)
  const digest = arrivingDigest()
  let finite = true
  let whole = 0
  for (let filled = 0; filled < bytes.length; ) {
    const part = nextPart(cursor, bytes.length - filled)
    if (part.length === 0) {
      yield
      continue
    }
    writeBytes(bytes, filled, part)
    digest.add(part)
    filled += part.length
    const before = whole
    whole = filled >>> 2
    if (BIG_ENDIAN) bytes.subarray(4 * before, 4 * whole).swap32()
    finite &&= areFinite(vector, before, whole)
  }
  digest.end(vector)
  if (finite) markFinite(vector)
  return vector
}

/** Skips bytes that are of no use. */
export function* skip(cursor: Cursor, length: number): Generator<void, void> {
  need(cursor, length)
  for (let left = length; left > 0; ) {
    const { length: passed } = nextPart(cursor, left)
    if (passed === 0) yield
    left -= passed
  }
}
