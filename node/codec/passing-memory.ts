/**
 * Memory that bytes pass through once: what the cipher makes, on its way to the socket or to a vector. Exchanges of long
 * vectors make so much of it that the garbage collector, which marks the whole heap each time, would cost as much as
 * the cipher. So the last user of such memory hands it back.
 */

const passing = new WeakSet<ArrayBufferLike>()

/** These bytes fill their memory, and nobody but their last user keeps them: `release` may free them. */
export function markPassing<Bytes extends Uint8Array>(bytes: Bytes): Bytes {
  if (bytes.byteLength === bytes.buffer.byteLength) passing.add(bytes.buffer)
  return bytes
}

/** Frees the memory of these bytes, if they pass and fill it; a part of them frees nothing. */
export function releasePassing(bytes: Uint8Array): void {
  const { buffer } = bytes
  if (bytes.byteLength === buffer.byteLength && passing.has(buffer)) free(buffer)
}

/** Frees the memory of bytes that the caller knows to be the only ones there; a part of them frees nothing. */
export function releaseOwn({ buffer, byteLength }: Uint8Array): void {
  if (byteLength === buffer.byteLength) free(buffer)
}

function free(buffer: ArrayBufferLike): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0)
}
