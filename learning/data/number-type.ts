/**
 * Numbers in a file's bytes ↔ 32-bit floats: every numeric type that NumPy and safetensors know, except complex numbers
 * and those of 8 or 128 bits with a point. Readers of both formats, and of data and vectors alike, use this one table.
 */

/** What a number in a file is: floats as of IEEE 754, `bfloat` the upper half of a 32-bit one. */
type NumberKind = 'float' | 'bfloat' | 'int' | 'uint' | 'bool'

/** A number's bytes: what they mean, how many they are, and in which order. */
export interface NumberType {
  readonly kind: NumberKind
  readonly bytes: 1 | 2 | 4 | 8
  readonly little: boolean
}

/** What vectors are in memory, and results of rules are written as. */
export const FLOAT32: NumberType = { kind: 'float', bytes: 4, little: true }

/** The most that may stand in a 32-bit float, for messages. */
export const FLOAT32_LIMIT = '3.4e38'

const reusable = new DataView(new ArrayBuffer(4))

/** Whether it has a fraction: results of rules can be written in such a type. */
export function isFloat({ kind }: NumberType): boolean {
  return kind === 'float' || kind === 'bfloat'
}

/** How one number of this type is read. @returns a number, exact but for integers of more than 53 bits */
function readerOf({ kind, bytes, little }: NumberType): (view: DataView, at: number) => number {
  switch (kind) {
    case 'float':
      if (bytes === 2) return (view, at) => fromHalf(view.getUint16(at, little))
      if (bytes === 4) return (view, at) => view.getFloat32(at, little)
      return (view, at) => view.getFloat64(at, little)
    case 'bfloat':
      return (view, at) => fromBrain(view.getUint16(at, little))
    case 'bool':
      return (view, at) => (view.getUint8(at) === 0 ? 0 : 1)
    case 'int':
      if (bytes === 1) return (view, at) => view.getInt8(at)
      if (bytes === 2) return (view, at) => view.getInt16(at, little)
      if (bytes === 4) return (view, at) => view.getInt32(at, little)
      return (view, at) => Number(view.getBigInt64(at, little))
    case 'uint':
      if (bytes === 1) return (view, at) => view.getUint8(at)
      if (bytes === 2) return (view, at) => view.getUint16(at, little)
      if (bytes === 4) return (view, at) => view.getUint32(at, little)
      return (view, at) => Number(view.getBigUint64(at, little))
  }
}

/**
 * Reads numbers until `out` is full or one of them is finite and larger than a 32-bit float holds. NaNs and infinities
 * are read as they are.
 * @param view the bytes of as many numbers, from its beginning on
 * @returns the place and value of such a number; null if there is none
 */
export function readNumbers(
  view: DataView,
  type: NumberType,
  out: Float32Array | Float64Array,
): { readonly at: number; readonly value: number } | null {
  const read = readerOf(type)
  for (let i = 0; i < out.length; i++) {
    const value = read(view, i * type.bytes)
    out[i] = value
    if (!Number.isFinite(out[i]!) && Number.isFinite(value)) return { at: i, value }
  }
  return null
}

/**
 * Writes floats, rounded to the nearest, ties to even.
 * @param type of floats
 * @returns the place of the first finite number that the type cannot hold; null if there is none
 */
export function writeNumbers(view: DataView, values: Float32Array, type: NumberType): number | null {
  const { kind, bytes, little } = type
  for (let i = 0; i < values.length; i++) {
    const [at, value] = [i * bytes, values[i]!]
    if (bytes === 4) view.setFloat32(at, value, little)
    else if (bytes === 8) view.setFloat64(at, value, little)
    else {
      const bits = kind === 'float' ? toHalf(value) : toBrain(value)
      if (Number.isFinite(value) && isEndless(bits, kind)) return i
      view.setUint16(at, bits, little)
    }
  }
  return null
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** binary16: one bit for the sign, five for the exponent, ten for the fraction. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const [exponent, fraction] = [(bits >> 10) & 0x1f, bits & 0x3ff]
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25))
}

function toHalf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0
  const size = Math.abs(value)
  if (Number.isNaN(value)) return 0x7e00
  // From the middle between the largest number and the next power of two on, it is infinite.
  if (size >= 65_520) return sign | 0x7c00
  if (size < 2 ** -14) return sign | roundEven(size * 2 ** 24)
  const exponent = Math.floor(Math.log2(size))
  // A carry out of the fraction makes the exponent one larger, as it should.
  return sign | (((exponent + 14) << 10) + roundEven(size * 2 ** (10 - exponent)))
}

function fromBrain(bits: number): number {
  reusable.setUint32(0, bits << 16)
  return reusable.getFloat32(0)
}

function toBrain(value: number): number {
  if (Number.isNaN(value)) return 0x7fc0
  reusable.setFloat32(0, value)
  const bits = reusable.getUint32(0)
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff
}

function isEndless(bits: number, kind: NumberKind): boolean {
  const mask = kind === 'float' ? 0x7c00 : 0x7f80
  return (bits & mask) === mask
}

function roundEven(value: number): number {
  const whole = Math.floor(value)
  const rest = value - whole
  return rest > 0.5 || (rest === 0.5 && whole % 2 === 1) ? whole + 1 : whole
}
