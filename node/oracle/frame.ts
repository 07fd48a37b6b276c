/**
 * The frames between Concord and an oracle process, as docs/oracles.md specifies them:
 *
 *     magic     8 bytes   0x93 'CONCORD'
 *     header    u32       length H of the header, little-endian
 *     payload   u32       length P of the payload in bytes, a multiple of 4
 *               H bytes   the header: a JSON object in UTF-8
 *               P bytes   the payload: 32-bit floats, little-endian
 *
 * Bytes between two frames were printed to standard output by mistake. They are handed on as text, and the reader looks
 * for the next magic.
 */
import type { Vector } from '../../agreement/vector.ts'

const MAGIC = Uint8Array.from([0x93, ...Buffer.from('CONCORD')])
const PREAMBLE = MAGIC.length + 8

/** Many times what the names of a model's tensors need. */
export const HEADER_BYTES_MAX = 4 * 2 ** 20
/** Half a billion parameters. */
const PAYLOAD_BYTES_MAX = 2 ** 31

export interface Frame {
  readonly header: unknown
  readonly payload: Vector
}

/** The parts of a frame in order; the payload is not copied and must not change until it is written. */
export function encodeFrame(header: object, payload: Vector | null = null): Uint8Array[] {
  const json = Buffer.from(JSON.stringify(header))
  const head = Buffer.alloc(PREAMBLE + json.length)
  head.set(MAGIC)
  head.writeUInt32LE(json.length, MAGIC.length)
  head.writeUInt32LE(payload?.byteLength ?? 0, MAGIC.length + 4)
  head.set(json, PREAMBLE)
  if (payload === null) return [head]
  return [head, new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength)]
}

interface FrameHandlers {
  frame(frame: Frame): void
  /** Bytes between frames. */
  stray(bytes: Uint8Array): void
  /** The stream cannot be read any further; nothing is handed on after this. */
  broken(why: string): void
}

interface Reading {
  readonly header: unknown
  readonly payload: Vector
  readonly bytes: Uint8Array
  filled: number
}

/** Takes chunks as they come; the payload is copied once, from them into a vector of its own. */
export function createFrameReader(handlers: FrameHandlers): (chunk: Uint8Array) => void {
  let held: Uint8Array = new Uint8Array(0)
  let reading: Reading | null = null
  let isBroken = false

  /** Takes one piece off the front of `bytes`; null if more must come first. */
  const take = (bytes: Uint8Array): Uint8Array | null => {
    if (reading !== null) {
      const part = bytes.subarray(0, reading.bytes.length - reading.filled)
      reading.bytes.set(part, reading.filled)
      reading.filled += part.length
      if (reading.filled === reading.bytes.length) {
        const { header, payload } = reading
        reading = null
        handlers.frame({ header, payload })
      }
      return bytes.subarray(part.length)
    }
    const start = findMagic(bytes)
    if (start > 0) handlers.stray(bytes.subarray(0, start))
    const rest = bytes.subarray(start)
    const opened = openFrame(rest)
    if (opened === null) {
      held = rest
      return null
    }
    reading = opened.reading
    return rest.subarray(opened.length)
  }
  return chunk => {
    if (isBroken) return
    let bytes: Uint8Array | null = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    held = new Uint8Array(0)
    try {
      while (bytes !== null && (bytes.length > 0 || isComplete(reading))) bytes = take(bytes)
    } catch (error) {
      isBroken = true
      handlers.broken(error instanceof Error ? error.message : String(error))
    }
  }
}

/** A frame without payload is complete as soon as it is open. */
function isComplete(reading: Reading | null): boolean {
  return reading !== null && reading.filled === reading.bytes.length
}

/** The offset of the magic, or of the beginning of one at the end; the length if there is none. */
function findMagic(bytes: Uint8Array): number {
  for (let from = bytes.indexOf(MAGIC[0]!); from >= 0; from = bytes.indexOf(MAGIC[0]!, from + 1)) {
    const there = bytes.subarray(from, from + MAGIC.length)
    if (there.every((byte, i) => byte === MAGIC[i])) return from
  }
  return bytes.length
}

/** @throws Error if a length or the header is invalid */
function openFrame(bytes: Uint8Array): { reading: Reading; length: number } | null {
  if (bytes.length < PREAMBLE) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const headerBytes = view.getUint32(MAGIC.length, true)
  const payloadBytes = view.getUint32(MAGIC.length + 4, true)
  if (headerBytes > HEADER_BYTES_MAX)
    throw new Error(`a header of ${headerBytes} bytes; expected at most ${HEADER_BYTES_MAX}`)
  if (payloadBytes % 4 !== 0 || payloadBytes > PAYLOAD_BYTES_MAX)
    throw new Error(
      `a payload of ${payloadBytes} bytes; expected a multiple of 4, at most ${PAYLOAD_BYTES_MAX}`,
    )
  const length = PREAMBLE + headerBytes
  if (bytes.length < length) return null
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + PREAMBLE, headerBytes).toString()
  const payload = new Float32Array(payloadBytes / 4)
  return {
    reading: { header: parseHeader(text), payload, bytes: new Uint8Array(payload.buffer), filled: 0 },
    length,
  }
}

function parseHeader(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(`a header that is not JSON: ${JSON.stringify(text.slice(0, 80))}`)
  }
}
