/**
 * The header of an image, read before anything is decoded: a PNG or JPEG of a few bytes may claim two billion pixels.
 * Formats: https://www.w3.org/TR/png-3/ and ITU-T T.81, Annex B.
 */
import { inflateSync } from 'node:zlib'

export interface ImageHeader {
  readonly format: 'png' | 'jpeg'
  readonly width: number
  readonly height: number
  readonly isGrey: boolean
  /** Of a JPEG: its three components are red, green and blue as they are. */
  readonly isPlainColour: boolean
}

/** Nobody trains on larger photographs; decoding one takes some 20 bytes a pixel. */
export const PIXELS_MAX = 2 ** 25

/** DEFLATE unpacks one byte to at most this many. */
const RATIO_MAX = 1032
const PNG_MAGIC = '\x89PNG\r\n\x1a\n'
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }

/** @throws Error saying what is wrong and what would be right */
export function imageHeader(bytes: Buffer): ImageHeader {
  const header = headerOf(bytes)
  const { width, height } = header
  if (width === 0 || height === 0) throw new Error(`it is ${width} × ${height} pixels; expected some`)
  if (width * height > PIXELS_MAX)
    throw new Error(`it is ${width} × ${height} pixels; expected at most ${PIXELS_MAX}: make it smaller`)
  if (header.format === 'png') checkRows(bytes, width, height)
  // Each block of 8 × 8 takes a bit at least.
  else if (Math.ceil(width / 8) * Math.ceil(height / 8) > 8 * bytes.length)
    throw new Error(
      `${bytes.length} bytes cannot hold ${width} × ${height} pixels; expected a whole JPEG image`,
    )
  return header
}

function headerOf(bytes: Buffer): ImageHeader {
  if (bytes.toString('latin1', 0, 8) === PNG_MAGIC) return pngHeader(bytes)
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return jpegHeader(bytes)
  throw new Error('it is neither PNG nor JPEG, whatever its name says')
}

function pngHeader(bytes: Buffer): ImageHeader {
  if (bytes.length < 33 || bytes.readUInt32BE(8) !== 13 || bytes.toString('latin1', 12, 16) !== 'IHDR')
    throw new Error('it does not begin as a PNG image does')
  return {
    format: 'png',
    width: bytes.readUInt32BE(16),
    height: bytes.readUInt32BE(20),
    isGrey: bytes[25] === 0 || bytes[25] === 4,
    isPlainColour: true,
  }
}

/**
 * Checks that there is one head, and that the rows unpack to what it says, neither far less nor more: pngjs believes the last
 * head, makes room for its size at once, and unpacks interlaced rows without a limit.
 */
function checkRows(bytes: Buffer, width: number, height: number): void {
  const packed: Buffer[] = []
  for (let at = 33; at + 12 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at)
    const kind = bytes.toString('latin1', at + 4, at + 8)
    if (kind === 'IHDR') throw new Error('it has two heads')
    if (kind === 'IDAT') packed.push(bytes.subarray(at + 8, at + 8 + length))
    if (kind === 'IEND') break
    at += length + 12
  }
  if (packed.length === 0) throw new Error('it has no pixels; expected a whole PNG image')
  const [depth = 8, colour = 0, , , interlaced] = bytes.subarray(24, 29)
  const rowBytes = Math.ceil((width * depth * (CHANNELS[colour] ?? 4)) / 8) + 1
  const bytesMax = RATIO_MAX * packed.reduce((sum, { length }) => sum + length, 0)
  if (bytesMax < height * (rowBytes - 1))
    throw new Error(
      `${bytes.length} bytes cannot hold ${width} × ${height} pixels; expected a whole PNG image`,
    )
  if (interlaced !== 1) return
  // Seven small images, each with a byte before its rows.
  inflateSync(Buffer.concat(packed), { maxOutputLength: 2 * height * (rowBytes + 8) + 64 })
}

/** Frames that jpeg-js decodes: baseline, extended, progressive. */
const FRAMES = new Set([0xc0, 0xc1, 0xc2])
/** Huffman tables, arithmetic conditioning, and an extension share the range of the frames' markers. */
const NO_FRAMES = new Set([0xc4, 0xc8, 0xcc])
const RED_GREEN_BLUE = 'RGB'

function jpegHeader(bytes: Buffer): ImageHeader {
  let adobe: number | null = null
  for (let at = 2; at + 4 <= bytes.length; ) {
    if (bytes[at] !== 0xff)
      throw new Error('its segments do not follow each other; expected a whole JPEG image')
    const marker = bytes[at + 1]!
    if (marker === 0xff) {
      at += 1
      continue
    }
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
      at += 2
      continue
    }
    const segment = bytes.subarray(at + 4, at + 2 + bytes.readUInt16BE(at + 2))
    if (marker === 0xee && segment.toString('latin1', 0, 5) === 'Adobe') adobe = segment[11] ?? null
    if (marker === 0xda || marker === 0xd9) break
    if (marker >= 0xc0 && marker <= 0xcf && !NO_FRAMES.has(marker)) return frameOf(marker, segment, adobe)
    at += 2 + bytes.readUInt16BE(at + 2)
  }
  throw new Error('it says nowhere how large it is; expected a whole JPEG image')
}

function frameOf(marker: number, segment: Buffer, adobe: number | null): ImageHeader {
  if (!FRAMES.has(marker))
    throw new Error('it is a lossless or arithmetic JPEG; expected a baseline or progressive one')
  if (segment.length < 6) throw new Error('its frame ends early; expected a whole JPEG image')
  const [depth, components] = [segment[0]!, segment[5]!]
  if (depth !== 8) throw new Error(`it has ${depth} bits a sample; expected a JPEG of 8`)
  if (components !== 1 && components !== 3)
    throw new Error(
      `it has ${components} components${components === 4 ? ' (CMYK)' : ''}; expected a grey or an RGB image`,
    )
  const names = Array.from({ length: components }, (_, i) => String.fromCharCode(segment[6 + 3 * i] ?? 0))
  return {
    format: 'jpeg',
    height: segment.readUInt16BE(1),
    width: segment.readUInt16BE(3),
    isGrey: components === 1,
    isPlainColour: adobe === 0 || names.join('') === RED_GREEN_BLUE,
  }
}
