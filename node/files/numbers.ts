/** Numbers in a file's bytes ↔ 32-bit floats. */
import { FileError } from './error.ts'

/** A float's bytes: how many, and in which order. */
export interface NumberType {
  readonly bytes: 4 | 8
  readonly little: boolean
}

/** Reads `count` floats; a double that no 32-bit float can hold is an error, a NaN or an infinity is not. */
export function readNumbers(
  view: DataView,
  offset: number,
  count: number,
  { bytes, little }: NumberType,
  where: string,
): Float32Array {
  const values = new Float32Array(count)
  for (let i = 0; i < count; i++) {
    const at = offset + i * bytes
    const value = bytes === 4 ? view.getFloat32(at, little) : view.getFloat64(at, little)
    values[i] = value
    if (!Number.isFinite(values[i]!) && Number.isFinite(value))
      throw new FileError(
        'unsupported',
        `${where}: number ${i} is ${value}, more than a 32-bit float holds (3.4e38)`,
      )
  }
  return values
}

export function writeNumbers(
  view: DataView,
  offset: number,
  values: Float32Array,
  { bytes, little }: NumberType,
): void {
  for (const [i, value] of values.entries())
    if (bytes === 4) view.setFloat32(offset + i * 4, value, little)
    else view.setFloat64(offset + i * 8, value, little)
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
