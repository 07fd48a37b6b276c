/**
 * Unpacks gzip files whose contents say at the beginning how long they are. A packed file may unpack to a thousand
 * times its size. So room is made once, for what the head asks for and the packed size allows; reading ends at anything
 * beyond it. Several members after each other are one file (RFC 1952, 2.2); zeros after the last one are padding.
 */
import { createGunzip } from 'node:zlib'

/** DEFLATE unpacks one byte to at most this many (RFC 1951: 258 bytes from two bits). */
const RATIO_MAX = 1032

/** The file holds more than its own head says. */
export class OverlongError extends Error {
  override readonly name = 'OverlongError'
}

/**
 * @param lengthOf how long a file that begins with these `headBytes` bytes is, head included; with fewer of them if
 *   the file has no more
 * @returns the file; shorter than its head says where the packed data ends before
 * @throws OverlongError; what `lengthOf` throws; the decompressor's error
 */
export async function gunzipHeaded(
  packed: Uint8Array,
  headBytes: number,
  lengthOf: (head: Uint8Array) => number,
): Promise<Uint8Array> {
  const source = createGunzip()
  source.end(packed)
  const head = new Uint8Array(headBytes)
  let have = 0
  let whole: Uint8Array | null = null
  const begin = () => {
    const length = lengthOf(head.subarray(0, have))
    // No room is made for what cannot come: the file is then found to end early.
    const room = new Uint8Array(Math.max(headBytes, Math.min(length, packed.length * RATIO_MAX)))
    room.set(head)
    return room
  }
  for await (const chunk of source as AsyncIterable<Uint8Array>) {
    const first = chunk.subarray(0, Math.max(0, headBytes - have))
    if (first.length > 0) head.set(first, have)
    have += first.length
    if (have < headBytes) continue
    whole ??= begin()
    const rest = chunk.subarray(first.length)
    if (rest.length > whole.length - have) throw new OverlongError('more data than the head says')
    whole.set(rest, have)
    have += rest.length
  }
  return (whole ?? begin()).subarray(0, have)
}
