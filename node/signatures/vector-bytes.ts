/** The bytes of a vector as they are hashed and sent: little-endian on every machine. */
import { endianness } from 'node:os'
import { narrowBytes, type Precision } from '../../agreement/precision.ts'

export const BIG_ENDIAN = endianness() === 'BE'

/**
 * The vector's little-endian bytes in the precision that it was rounded to. In 32 bits they are a view of the vector
 * itself (a swapped copy on a big-endian machine).
 */
export function vectorBytes(vector: Float32Array, precision: Precision = 'f32'): Uint8Array {
  if (precision !== 'f32') return narrowBytes(vector, precision)
  const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)
  return BIG_ENDIAN ? Buffer.from(bytes).swap32() : bytes
}
