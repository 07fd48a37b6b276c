/** The bytes of a vector as they are hashed and sent: little-endian on every machine. */
import { endianness } from 'node:os'

export const BIG_ENDIAN = endianness() === 'BE'

/** The vector's little-endian bytes: a view of the vector itself (a swapped copy on a big-endian machine). */
export function vectorBytes(vector: Float32Array): Uint8Array {
  const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)
  return BIG_ENDIAN ? Buffer.from(bytes).swap32() : bytes
}
