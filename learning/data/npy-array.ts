/**
 * The numbers of NumPy's .npy files, of every numeric type, either byte order and either order of axes: the one reader
 * for data sets and for vectors. A file is read in pieces, so that only its numbers are in memory.
 */
import { NPY_HEAD_BYTES, npyHeader } from './npy-header.ts'
import { FLOAT32_LIMIT, type NumberType, readNumbers, viewOf } from './number-type.ts'
import { DATA_BYTES_MAX, type Input, PIECE_BYTES, piecesOf } from './read-file.ts'

/** What can be wrong with such a file. */
export type NpyProblem = 'magic' | 'header' | 'type' | 'truncated' | 'trailing' | 'number' | 'size'

/** Makes the caller's kind of error. `why` begins with "it" or "its"; the caller adds the file's name. */
export type RefuseNpy = (problem: NpyProblem, why: string) => Error

/** What a file holds, by its head. */
interface NpyLayout {
  readonly shape: readonly number[]
  /** The product of the sides. */
  readonly count: number
  readonly type: NumberType
  /** Fortran order: the first index runs fastest. */
  readonly byColumns: boolean
  /** The offset of the numbers. */
  readonly start: number
}

export interface NpyArray extends Pick<NpyLayout, 'shape' | 'type'> {
  /** Row-major, whatever the order in the file; bytes stay bytes. */
  readonly values: Uint8Array | Float32Array
}

const KINDS: Readonly<Record<string, NumberType['kind']>> = { f: 'float', i: 'int', u: 'uint', b: 'bool' }
const EXPECTED = 'expected bool, int8 to int64, uint8 to uint64, float16, float32 or float64'

/**
 * @param head the file, or its first `NPY_HEAD_BYTES`
 * @param size of the whole file, in bytes
 * @throws what `refuse` makes
 */
export function npyLayout(head: Uint8Array, size: number, refuse: RefuseNpy): NpyLayout {
  const header = npyHeader(head)
  if (header === null) throw refuse('magic', 'it does not begin as an .npy file does')
  if (typeof header === 'string') throw refuse('header', header)
  const { descr, shape, count, start, byColumns } = header
  const type = typeOf(descr)
  if (type === null) throw refuse('type', `its numbers are '${descr.slice(0, 20)}'; ${hintFor(descr)}`)
  const [held, needed] = [size - start, count * type.bytes]
  const counted = `${held} bytes of numbers, expected ${needed} for shape (${shape.join(', ')})`
  if (held < needed) throw refuse('truncated', `it has ${counted}`)
  if (held > needed)
    throw refuse('trailing', `it has ${counted}: ${held - needed} bytes follow its last number`)
  if (count * roomOf(type) > DATA_BYTES_MAX)
    throw refuse('size', `its numbers take ${count * roomOf(type)} bytes; expected at most ${DATA_BYTES_MAX}`)
  return { shape, count, type, byColumns: byColumns && shape.length > 1, start }
}

/** Reads a whole file in memory. @throws what `refuse` makes */
export function parseNpyArray(bytes: Uint8Array, refuse: RefuseNpy): NpyArray {
  const layout = npyLayout(bytes, bytes.length, refuse)
  const filling = startFilling(layout, refuse)
  filling.add(bytes.subarray(layout.start))
  return filling.end()
}

/** Reads a file piece by piece. @throws what `refuse` makes */
export async function readNpyArray(
  input: Input,
  refuse: RefuseNpy,
  pieceBytes: number = PIECE_BYTES,
): Promise<NpyArray> {
  const { size } = input
  const layout = npyLayout(await input.read(0, Math.min(NPY_HEAD_BYTES, size)), size, refuse)
  const filling = startFilling(layout, refuse)
  for await (const piece of piecesOf(input, layout.start, size, pieceBytes)) filling.add(piece)
  return filling.end()
}

/** `<f4`, `>i8`, `|u1`, `?`. */
function typeOf(descr: string): NumberType | null {
  const [, order, letter, digits] = /^([<>|=]?)(?:([fiub])([1248])|\?)$/.exec(descr) ?? []
  if (order === undefined) return null
  const bytes = Number(digits ?? 1) as NumberType['bytes']
  const kind = KINDS[letter ?? 'b']!
  if ((kind === 'bool' && bytes !== 1) || (kind === 'float' && bytes === 1)) return null
  return { kind, bytes, little: order !== '>' }
}

function hintFor(descr: string): string {
  if (/[US]\d/.test(descr)) return `${EXPECTED}; numpy.unique(y, return_inverse=True)[1] numbers names`
  return `${EXPECTED}, as of a.astype(numpy.float32)`
}

/** Bytes of a number in memory. */
function roomOf(type: NumberType): number {
  return isByte(type) ? 1 : 4
}

function isByte({ kind, bytes }: NumberType): boolean {
  return kind === 'uint' && bytes === 1
}

/** Takes a file's numbers in pieces of whole numbers, in the file's order. */
function startFilling(layout: NpyLayout, refuse: RefuseNpy) {
  const { shape, count, type, byColumns } = layout
  const values = isByte(type) ? new Uint8Array(count) : new Float32Array(count)
  const next = byColumns ? columnPlaces(shape) : null
  let done = 0
  const decode = (piece: Uint8Array, out: Float32Array): Float32Array => {
    const bad = readNumbers(viewOf(piece), type, out)
    if (bad !== null)
      throw refuse(
        'number',
        `${placeText(shape, rowMajor(layout, done + bad.at))} is ${bad.value}, more than a 32-bit float holds (${FLOAT32_LIMIT})`,
      )
    return out
  }
  return {
    add(piece: Uint8Array): void {
      const length = Math.min(Math.floor(piece.length / type.bytes), count - done)
      if (values instanceof Float32Array) {
        if (next === null) decode(piece, values.subarray(done, done + length))
        else for (const value of decode(piece, new Float32Array(length))) values[next()] = value
      } else if (next === null) values.set(piece.subarray(0, length), done)
      else for (let i = 0; i < length; i++) values[next()] = piece[i]!
      done += length
    },
    end(): NpyArray {
      if (done < count)
        throw refuse('truncated', `it ended after ${done} of ${count} numbers while it was read`)
      return { shape, type, values }
    },
  }
}

/** For people: where a row-major array has this element. Rows count from 0, as in NumPy. */
export function placeText(shape: readonly number[], place: number): string {
  const width = shape.slice(1).reduce((product, side) => product * side, 1)
  const row = `row ${Math.floor(place / width)}`
  if (shape.length < 2) return row
  if (shape.length === 2) return `${row}, column ${place % width}`
  let rest = place % width
  const index = shape.slice(1).map((_, axis, sides) => {
    const stride = sides.slice(axis + 1).reduce((product, side) => product * side, 1)
    const at = Math.floor(rest / stride)
    rest %= stride
    return at
  })
  return `${row}, place ${index.join(', ')}`
}

/** The row-major place of the element that comes `nth` in the file. */
function rowMajor({ shape, byColumns }: NpyLayout, nth: number): number {
  if (!byColumns) return nth
  const next = columnPlaces(shape)
  let place = 0
  for (let i = 0; i <= nth; i++) place = next()
  return place
}

/** The row-major places of an array's elements in Fortran order, one after the other. */
function columnPlaces(shape: readonly number[]): () => number {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, side) => product * side, 1))
  const index = shape.map(() => 0)
  let place = 0
  return () => {
    const current = place
    for (let axis = 0; axis < shape.length; axis++) {
      place += strides[axis]!
      index[axis]! += 1
      if (index[axis]! < shape[axis]!) break
      place -= index[axis]! * strides[axis]!
      index[axis] = 0
    }
    return current
  }
}
