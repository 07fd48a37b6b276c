/** Writes .npy files as NumPy does, of every numeric type, byte order and order of axes; naive, for tests. */

/** Every numeric type as NumPy writes it, without its byte order, and the values that the tests put into it. */
export const NPY_TYPES: Readonly<Record<string, readonly number[]>> = {
  b1: [0, 1, 1],
  i1: [-128, -1, 127],
  u1: [0, 9, 255],
  i2: [-32_768, 258, 32_767],
  u2: [0, 258, 65_535],
  i4: [-(2 ** 31), 66_051, 2 ** 24],
  u4: [0, 66_051, 2 ** 31],
  i8: [-(2 ** 40), 1, 2 ** 53],
  u8: [0, 258, 2 ** 63],
  f2: [-1.5, 2 ** -24, 65_504],
  f4: [-1.5, 0.1, 3e38],
  f8: [-1.5, 0.1, 1e-300],
}

const WRITE: Readonly<Record<string, (view: DataView, value: number, little: boolean) => void>> = {
  b1: (view, value) => view.setUint8(0, value),
  i1: (view, value) => view.setInt8(0, value),
  u1: (view, value) => view.setUint8(0, value),
  i2: (view, value, little) => view.setInt16(0, value, little),
  u2: (view, value, little) => view.setUint16(0, value, little),
  i4: (view, value, little) => view.setInt32(0, value, little),
  u4: (view, value, little) => view.setUint32(0, value, little),
  i8: (view, value, little) => view.setBigInt64(0, BigInt(value), little),
  u8: (view, value, little) => view.setBigUint64(0, BigInt(value), little),
  f2: (view, value, little) => view.setUint16(0, halfOf(value), little),
  f4: (view, value, little) => view.setFloat32(0, value, little),
  f8: (view, value, little) => view.setFloat64(0, value, little),
}

interface NpyForm {
  readonly type: string
  readonly big?: boolean
  readonly fortran?: boolean
}

/** @param values row-major; all of them can be held by the type */
export function npyFile(
  shape: readonly number[],
  values: readonly number[],
  { type, big = false, fortran = false }: NpyForm,
): Buffer {
  const bytes = Number(type.at(-1))
  const numbers = placesOf(shape, fortran).map(place => {
    const number = Buffer.alloc(bytes)
    WRITE[type]!(new DataView(number.buffer, number.byteOffset, bytes), values[place]!, !big)
    return number
  })
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(', ')
  const order = bytes === 1 ? '|' : big ? '>' : '<'
  const dictionary = `{'descr': '${order}${type}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': (${sides}), }\n`
  const head = Buffer.from(`\x93NUMPY\x01\x00\0\0${dictionary}`, 'latin1')
  head.writeUInt16LE(dictionary.length, 8)
  return Buffer.concat([head, ...numbers])
}

/** The row-major places of all elements, in the order in which the file has them. */
function placesOf(shape: readonly number[], fortran: boolean): number[] {
  let indices: number[][] = [[]]
  // The last axis that is added runs fastest.
  const axes = fortran ? [...shape.keys()].reverse() : [...shape.keys()]
  for (const axis of axes)
    indices = indices.flatMap(index =>
      Array.from({ length: shape[axis]! }, (_, at) => Object.assign([...index], { [axis]: at })),
    )
  return indices.map(index => shape.reduce((place, side, axis) => place * side + index[axis]!, 0))
}

/** The half nearest to a number: all of them are tried. */
function halfOf(value: number): number {
  let best = 0
  for (let bits = 0; bits < 0x10000; bits++)
    if (Math.abs(halfValue(bits) - value) < Math.abs(halfValue(best) - value)) best = bits
  return best
}

/** IEEE 754, binary16. */
export function halfValue(bits: number): number {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023]
  if (exponent === 31) return fraction === 0 ? sign / 0 : Number.NaN
  return exponent === 0 ? (sign * fraction) / 2 ** 24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
