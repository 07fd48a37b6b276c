/**
 * .safetensors files: the length of a header in 8 bytes, the header in JSON, then the numbers of all tensors.
 * Format: https://huggingface.co/docs/safetensors
 */
import { FileError } from './error.ts'
import { type NumberType, readNumbers, viewOf, writeNumbers } from './numbers.ts'

export interface Tensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly type: NumberType
  readonly values: Float32Array
}

const types: Readonly<Record<string, NumberType>> = {
  F32: { bytes: 4, little: true },
  F64: { bytes: 8, little: true },
}

/** Whether it looks like one: a header's length and the brace that opens it. */
export function isSafetensors(bytes: Uint8Array): boolean {
  return bytes.length > 8 && viewOf(bytes).getUint32(4, true) === 0 && bytes[8] === 0x7b
}

/** The tensors in the order of their numbers. @throws FileError malformed, unsupported (other than F32 and F64) */
export function readSafetensors(bytes: Uint8Array, source: string): Tensor[] {
  const start = 8 + Number(bytes.length > 8 ? viewOf(bytes).getBigUint64(0, true) : 0n)
  if (!isSafetensors(bytes) || start > bytes.length) throw malformed(source, 'it has no header')
  const header = parsed(Buffer.from(bytes.subarray(8, start)).toString('utf8'), source)
  return Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, entry]) => tensor(name, entry, bytes, start, source))
    .sort((a, b) => a.offset - b.offset)
    .map(({ offset: _, ...rest }) => rest)
}

/** What the writer noted about the file, `__metadata__`; empty where it noted nothing. @throws FileError malformed */
export function readMetadata(bytes: Uint8Array, source: string): Readonly<Record<string, string>> {
  const start = 8 + Number(bytes.length > 8 ? viewOf(bytes).getBigUint64(0, true) : 0n)
  if (!isSafetensors(bytes) || start > bytes.length) throw malformed(source, 'it has no header')
  const noted = parsed(Buffer.from(bytes.subarray(8, start)).toString('utf8'), source).__metadata__
  const entries = typeof noted === 'object' && noted !== null ? Object.entries(noted) : []
  return Object.fromEntries(entries.filter(([, value]) => typeof value === 'string'))
}

function parsed(text: string, source: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Told below, as for any other value that is no object.
  }
  throw malformed(source, 'its header is no JSON object')
}

function tensor(
  name: string,
  entry: unknown,
  bytes: Uint8Array,
  start: number,
  source: string,
): Tensor & { offset: number } {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>
  const whole = (value: unknown): value is number[] =>
    Array.isArray(value) && value.every(part => Number.isSafeInteger(part) && part >= 0)
  if (typeof dtype !== 'string' || !whole(shape) || !whole(offsets) || offsets.length !== 2)
    throw malformed(source, `tensor ${name} lacks its dtype, shape or data_offsets`)
  const type = types[dtype]
  if (type === undefined)
    throw new FileError('unsupported', `${source}: tensor ${name} holds ${dtype}; expected F32 or F64`)
  const count = shape.reduce((product, part) => product * part, 1)
  const [from, to] = offsets as [number, number]
  if (to - from !== count * type.bytes || start + to > bytes.length)
    throw malformed(
      source,
      `tensor ${name} of shape ${shape.join('×')} does not fill bytes ${from} to ${to}, or the file ends before`,
    )
  const values = readNumbers(viewOf(bytes), start + from, count, type, `${source}, tensor ${name}`)
  return { name, shape, type, values, offset: from }
}

/** @param metadata notes for whoever reads the file, `__metadata__` */
export function writeSafetensors(
  tensors: readonly Tensor[],
  metadata: Readonly<Record<string, string>> | null = null,
): Uint8Array {
  let offset = 0
  const entries = tensors.map(({ name, shape, type, values }) => {
    const from = offset
    offset += values.length * type.bytes
    return [name, { dtype: `F${type.bytes * 8}`, shape, data_offsets: [from, offset] }]
  })
  const header = { ...(metadata && { __metadata__: metadata }), ...Object.fromEntries(entries) }
  const json = Buffer.from(JSON.stringify(header), 'utf8')
  const length = Math.ceil(json.length / 8) * 8
  const result = new Uint8Array(8 + length + offset).fill(0x20, 8, 8 + length)
  viewOf(result).setBigUint64(0, BigInt(length), true)
  result.set(json, 8)
  let at = 8 + length
  for (const { values, type } of tensors) {
    writeNumbers(viewOf(result), at, values, type)
    at += values.length * type.bytes
  }
  return result
}

function malformed(source: string, why: string): FileError {
  return new FileError('malformed', `${source} is no .safetensors file that can be read: ${why}`)
}
