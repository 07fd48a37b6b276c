/**
 * Protobuf fields by hand, over the reader and writer of `protons-runtime`: a loop that hands each field to its
 * message. Unknown fields are skipped, as protobuf requires; groups are refused.
 */
import { type Reader, reader, type Writer, writer } from 'protons-runtime'

export type { Reader, Writer }

/** Decoders throw this inside this folder; `decodeLinkFrame` turns it into a fault. */
export class MalformedError extends Error {
  readonly code = 'malformed'
}

const VARINT = 0
const BYTES = 2

/**
 * Calls `take(field, reader)` for each varint or length-delimited field; `take` returns false for a field that it does
 * not know.
 */
export function readFields(bytes: Uint8Array, take: (field: number, input: Reader) => boolean): void {
  const input = reader(bytes)
  while (input.pos < input.len) {
    const tag = input.uint32()
    const field = tag >>> 3
    const type = tag & 7
    if (type === 3 || type === 4) throw new MalformedError('a protobuf group')
    const start = input.pos
    if ((type !== VARINT && type !== BYTES) || !take(field, input)) input.skipType(type)
    else checkType(type, input, start)
  }
  if (input.pos !== input.len) throw new MalformedError('a field runs past the end of its header')
}

/** Reading a field with the wrong wire type has moved the reader by a wrong length. */
function checkType(type: number, input: Reader, start: number): void {
  const end = input.pos
  input.pos = start
  input.skipType(type)
  if (input.pos !== end) throw new MalformedError('a field of the wrong type')
}

/** An unsigned integer up to 2⁵³ − 1. */
export function readInteger(input: Reader): number {
  const value = input.uint64Number()
  if (!Number.isSafeInteger(value)) throw new MalformedError('an integer above 2^53')
  return value
}

/** Packed unsigned 32-bit integers. */
export function readPacked(bytes: Uint8Array): number[] {
  const input = reader(bytes)
  const values: number[] = []
  while (input.pos < input.len) values.push(input.uint32())
  if (input.pos !== input.len) throw new MalformedError('a packed list runs past its end')
  return values
}

const tagged = (output: Writer, field: number, type: number) => output.uint32((field << 3) | type)

/** Writes nothing for 0, the default of a protobuf integer. */
export function putInteger(output: Writer, field: number, value: number): void {
  if (value !== 0) tagged(output, field, VARINT).uint64Number(value)
}

export function putBytes(output: Writer, field: number, value: Uint8Array): void {
  if (value.length > 0) tagged(output, field, BYTES).bytes(value)
}

export function putText(output: Writer, field: number, value: string): void {
  if (value !== '') tagged(output, field, BYTES).string(value)
}

export function putPacked(output: Writer, field: number, values: readonly number[]): void {
  if (values.length === 0) return
  tagged(output, field, BYTES).fork()
  for (const value of values) output.uint32(value)
  output.ldelim()
}

/** A nested message, written also when it is empty (its presence chooses a `oneof`). */
export function putNested(output: Writer, field: number, write: (output: Writer) => void): void {
  tagged(output, field, BYTES).fork()
  write(output)
  output.ldelim()
}

/** The header that `write` writes, behind its varint length, as one chunk. */
export function headerChunk(write: (output: Writer) => void): Uint8Array {
  const output = writer()
  output.fork()
  write(output)
  return output.ldelim().finish()
}

/** The message that `write` writes, without a length. */
export function messageBytes(write: (output: Writer) => void): Uint8Array {
  const output = writer()
  write(output)
  return output.finish()
}
