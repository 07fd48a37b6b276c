/** Protobuf and varints by hand, both ways, without any opinion on what is sensible. */
import { RawError } from './queue.ts'

/** A field to be written: its number, and a varint, or bytes, or a text. */
export type Field = readonly [number: number, value: bigint | number | Uint8Array | string]

export function varint(value: bigint | number): Buffer {
  const bytes: number[] = []
  let rest = BigInt(value)
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return Buffer.from(bytes)
}

/** The bytes behind their length. */
export function prefixed(bytes: Uint8Array): Buffer {
  return Buffer.concat([varint(bytes.length), bytes])
}

/** A message of these fields in this order; a zero is written as any other number. */
export function message(...fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([number, value]) => {
      const isNumber = typeof value === 'bigint' || typeof value === 'number'
      const tag = varint((number << 3) | (isNumber ? 0 : 2))
      return [tag, isNumber ? varint(value) : prefixed(Buffer.from(value as Uint8Array))]
    }),
  )
}

interface Parsed {
  readonly numbers: ReadonlyMap<number, bigint>
  readonly bytes: ReadonlyMap<number, readonly Buffer[]>
}

/** The varints (the last of each number) and byte fields (all). Throws a `RawError` at anything else. */
export function parse(input: Uint8Array): Parsed {
  const buffer = Buffer.from(input.buffer, input.byteOffset, input.length)
  const numbers = new Map<number, bigint>()
  const bytes = new Map<number, Buffer[]>()
  for (let at = 0; at < buffer.length; ) {
    const [tag, afterTag] = readVarint(buffer, at)
    const [value, afterValue] = readVarint(buffer, afterTag)
    const number = Number(tag >> 3n)
    at = afterValue
    if ((tag & 7n) === 0n) numbers.set(number, value)
    else if ((tag & 7n) === 2n) {
      at += Number(value)
      bytes.set(number, [...(bytes.get(number) ?? []), buffer.subarray(afterValue, at)])
    } else throw new RawError(`a protobuf field of type ${tag & 7n}`)
    if (at > buffer.length) throw new RawError('a protobuf field runs past the end')
  }
  return { numbers, bytes }
}

/** The number, and where the next byte is. */
export function readVarint(buffer: Uint8Array, start: number): readonly [bigint, number] {
  let value = 0n
  for (let at = start; at < start + 10; at++) {
    const byte = buffer[at]
    if (byte === undefined) throw new RawError('a varint runs past the end')
    value |= BigInt(byte & 127) << BigInt(7 * (at - start))
    if (byte < 128) return [value, at + 1]
  }
  throw new RawError('a varint does not end')
}
