/**
 * .safetensors files: the length of a header in 8 bytes, the header in JSON, then the numbers of all tensors.
 * Format: https://huggingface.co/docs/safetensors
 *
 * Floats of any width become vectors of 32-bit floats. Integers keep their bytes: they count or number something, and
 * no rule for vectors is for them.
 */
import {
  FLOAT32_LIMIT,
  isFloat,
  type NumberType,
  readNumbers,
  viewOf,
} from '../../learning/data/number-type.ts'
import { type Input, PIECE_BYTES, piecesOf } from '../../learning/data/read-file.ts'
import { FileError } from './error.ts'
import { writeFloats } from './floats.ts'
import {
  dtypeOf,
  SAFETENSORS_HEAD_BYTES,
  safetensorsHeader,
  shorten,
  type TensorEntry,
} from './safetensors-header.ts'

interface Named {
  readonly name: string
  readonly shape: readonly number[]
  readonly type: NumberType
}

export interface FloatTensor extends Named {
  readonly values: Float32Array
}

/** Integers or truth values, as the file has them. */
export interface IntegerTensor extends Named {
  readonly raw: Uint8Array
}

export type Tensor = FloatTensor | IntegerTensor

export interface TensorFile {
  /** In the order of their numbers. */
  readonly tensors: readonly Tensor[]
  /** The floats of all tensors in the order of the tensors' names, of which each tensor has its part. */
  readonly floats: Float32Array
  /** Notes of the writer; empty if there are none. */
  readonly metadata: Readonly<Record<string, string>>
}

/** @throws FileError malformed, unsupported */
export function parseSafetensors(bytes: Uint8Array, source: string): TensorFile {
  const { tensors, metadata } = safetensorsHeader(bytes, bytes.length, source)
  const { floats, partOf } = roomFor(tensors)
  const filled = tensors.map(entry => {
    const filling = startFilling(entry, partOf(entry), source)
    filling.add(bytes.subarray(entry.start, entry.start + sizeOf(entry)))
    return filling.end()
  })
  return { tensors: filled, floats, metadata }
}

/** Reads the tensors piece by piece. @throws FileError as `parseSafetensors` */
export async function readSafetensors(
  input: Input,
  source: string,
  pieceBytes: number = PIECE_BYTES,
): Promise<TensorFile> {
  const head = await input.read(0, Math.min(SAFETENSORS_HEAD_BYTES, input.size))
  const { tensors, metadata } = safetensorsHeader(head, input.size, source)
  const { floats, partOf } = roomFor(tensors)
  const filled: Tensor[] = []
  for (const entry of tensors) {
    const filling = startFilling(entry, partOf(entry), source)
    const pieces = piecesOf(input, entry.start, entry.start + sizeOf(entry), pieceBytes)
    for await (const piece of pieces) filling.add(piece)
    filled.push(filling.end())
  }
  return { tensors: filled, floats, metadata }
}

/** @param metadata notes for readers of the file, `__metadata__` */
export function writeSafetensors(
  tensors: readonly Tensor[],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  let offset = 0
  const entries = tensors.map(tensor => {
    const { name, shape, type } = tensor
    const from = offset
    offset += 'raw' in tensor ? tensor.raw.length : tensor.values.length * type.bytes
    return [name, { dtype: dtypeOf(type), shape, data_offsets: [from, offset] }]
  })
  const notes = Object.keys(metadata).length > 0 && { __metadata__: metadata }
  const json = Buffer.from(JSON.stringify({ ...notes, ...Object.fromEntries(entries) }), 'utf8')
  const length = Math.ceil(json.length / 8) * 8
  const result = new Uint8Array(8 + length + offset).fill(0x20, 8, 8 + length)
  viewOf(result).setBigUint64(0, BigInt(length), true)
  result.set(json, 8)
  let at = 8 + length
  for (const tensor of tensors) {
    const size = 'raw' in tensor ? tensor.raw.length : tensor.values.length * tensor.type.bytes
    const out = result.subarray(at, at + size)
    if ('raw' in tensor) out.set(tensor.raw)
    else writeFloats(out, tensor.values, tensor.type, `tensor ${shorten(tensor.name)}`)
    at += size
  }
  return result
}

function sizeOf({ count, type }: TensorEntry): number {
  return count * type.bytes
}

/** One array for all floats: a vector of several gigabytes is in memory once. */
function roomFor(entries: readonly TensorEntry[]) {
  const places = new Map<string, number>()
  let total = 0
  const sorted = entries.filter(({ type }) => isFloat(type)).sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const { name, count } of sorted) {
    places.set(name, total)
    total += count
  }
  const floats = new Float32Array(total)
  const partOf = ({ name, count }: TensorEntry): Float32Array | null => {
    const from = places.get(name)
    return from === undefined ? null : floats.subarray(from, from + count)
  }
  return { floats, partOf }
}

/**
 * Takes a tensor's bytes in pieces of whole numbers.
 * @param values room for its floats; null for integers
 */
function startFilling(entry: TensorEntry, values: Float32Array | null, source: string) {
  const { name, shape, type, count } = entry
  const raw = values === null ? new Uint8Array(sizeOf(entry)) : null
  let done = 0
  const where = `${source}, tensor ${shorten(name)}`
  return {
    add(piece: Uint8Array): void {
      raw?.set(piece, done * type.bytes)
      const length = Math.floor(piece.length / type.bytes)
      const bad = values && readNumbers(viewOf(piece), type, values.subarray(done, done + length))
      if (bad)
        throw new FileError(
          'unsupported',
          `${where}: number ${done + bad.at} is ${bad.value}, more than a 32-bit float holds (${FLOAT32_LIMIT})`,
        )
      done += length
    },
    end(): Tensor {
      if (done < count)
        throw new FileError('malformed', `${where} ended after ${done} of ${count} numbers while it was read`)
      return values === null ? { name, shape, type, raw: raw! } : { name, shape, type, values }
    },
  }
}
