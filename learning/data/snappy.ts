/**
 * Unpacks Snappy's raw format. hyparquet's own reader goes in circles in a literal with a length of 2³¹ or more.
 * Format: https://github.com/google/snappy/blob/main/format_description.txt
 */

/** A copy of 64 bytes takes 3: nothing unpacks to more than this. */
const RATIO_MAX = 22

/**
 * @param length of what comes out
 * @throws Error if the data is not that long, or is no Snappy data
 */
export function unpackSnappy(packed: Uint8Array, length: number): Uint8Array {
  if (length > packed.length * RATIO_MAX) throw new Error(`${packed.length} bytes cannot hold ${length}`)
  const out = new Uint8Array(length)
  let [at, to] = [0, 0]
  const number = (bytes: number): number => {
    let value = 0
    if (at + bytes > packed.length) throw new Error('the compressed data ends early')
    for (let i = 0; i < bytes; i++) value += packed[at++]! * 2 ** (8 * i)
    return value
  }
  let stated = 0
  for (let shift = 0; ; shift += 7) {
    if (shift > 28) throw new Error('its length has more than 5 bytes')
    const byte = number(1)
    stated += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) break
  }
  if (stated !== length) throw new Error(`it says that it holds ${stated} bytes, expected ${length}`)
  while (at < packed.length) {
    const tag = packed[at++]!
    const kind = tag & 3
    if (kind === 0) {
      const short = tag >> 2
      const size = (short < 60 ? short : number(short - 59)) + 1
      if (size > packed.length - at || size > length - to) throw new Error('a literal is too long')
      out.set(packed.subarray(at, at + size), to)
      at += size
      to += size
      continue
    }
    const size = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1
    const back = kind === 1 ? (tag >> 5) * 256 + number(1) : number(kind === 2 ? 2 : 4)
    if (back === 0 || back > to || size > length - to) throw new Error('a copy is out of range')
    // Byte by byte: a copy may reach into what it writes.
    for (let i = 0; i < size; i++) out[to + i] = out[to + i - back]!
    to += size
  }
  if (to !== length) throw new Error(`it holds ${to} bytes, expected ${length}`)
  return out
}
