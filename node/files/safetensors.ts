/**
 * .safetensors files: the length of a header in 8 bytes, the header in JSON, then the numbers of all tensors.
 * Format: https://huggingface.co/docs/safetensors
 */
import { type NumberType, readNumbers, viewOf, writeNumbers } from './numbers.ts'
import { safetensorsHeader, shorten } from './safetensors-header.ts'

export interface Tensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly type: NumberType
  readonly values: Float32Array
}

/** The tensors in the order of their numbers. @throws FileError malformed, unsupported (other than F32 and F64) */
export function readSafetensors(bytes: Uint8Array, source: string): Tensor[] {
  const view = viewOf(bytes)
  return safetensorsHeader(bytes, bytes.length, source).tensors.map(({ name, shape, type, count, start }) => {
    const values = readNumbers(view, start, count, type, `${source}, tensor ${shorten(name)}`)
    return { name, shape, type, values }
  })
}

/** @param metadata notes for readers of the file, `__metadata__` */
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
