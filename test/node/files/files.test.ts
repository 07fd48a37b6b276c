/** Files of vectors: what is written is read back, and what is no such file says why. */

import test from 'ava'
import fc from 'fast-check'
import { FLOAT32 } from '../../../learning/data/number-type.ts'
import { inMemory } from '../../../learning/data/read-file.ts'
import { FileError } from '../../../node/files/error.ts'
import { familyOf, readPart } from '../../../node/files/family.ts'
import { parseNpyVectors, writeNpy } from '../../../node/files/npy.ts'
import { parseSafetensors, type Tensor, writeSafetensors } from '../../../node/files/safetensors.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1')

/** An .npy file as NumPy writes it, from its parts. */
function npy(dictionary: string, numbers: Uint8Array, version = 1): Uint8Array {
  const length = Buffer.alloc(version === 1 ? 2 : 4)
  if (version === 1) length.writeUInt16LE(dictionary.length)
  else length.writeUInt32LE(dictionary.length)
  return Buffer.concat([
    bytes(`\x93NUMPY${String.fromCharCode(version)}\x00`),
    length,
    bytes(dictionary),
    numbers,
  ])
}

const doubles = (...values: number[]): Uint8Array => new Uint8Array(Float64Array.from(values).buffer)
const rowsOf = (file: Uint8Array): number[][] =>
  parseNpyVectors(file, 'x.npy').rows.map(row => Array.from(row))

test('an .npy vector is read back, in both widths', t => {
  t.notThrows(() =>
    fc.assert(
      fc.property(fc.float32Array({ minLength: 1 }), fc.constantFrom(4, 8), (vector, bytes) => {
        const file = writeNpy(vector, { kind: 'float', bytes: bytes as 4 | 8, little: true })
        const [row] = parseNpyVectors(file, 'x').rows
        return Buffer.compare(Buffer.from(row!.buffer), Buffer.from(vector.slice().buffer)) === 0
      }),
    ),
  )
})

test('an .npy matrix is read by rows, by columns, in either byte order and in each version', t => {
  const header = (order: string, descr = '<f8', shape = '(2, 3)') =>
    `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }\n`
  const numbers = doubles(1, 2, 3, 4, 5, 6)
  const swapped = numbers.slice()
  for (let at = 0; at < swapped.length; at += 8) swapped.subarray(at, at + 8).reverse()
  t.deepEqual(rowsOf(npy(header('False'), numbers)), [
    [1, 2, 3],
    [4, 5, 6],
  ])
  t.deepEqual(rowsOf(npy(header('True'), numbers)), [
    [1, 3, 5],
    [2, 4, 6],
  ])
  t.deepEqual(rowsOf(npy(header('False', '>f8'), swapped)), [
    [1, 2, 3],
    [4, 5, 6],
  ])
  t.deepEqual(rowsOf(npy(header('False'), numbers, 2)), [
    [1, 2, 3],
    [4, 5, 6],
  ])
  t.deepEqual(rowsOf(npy(header('False', '<f8', '(6,)'), numbers)), [[1, 2, 3, 4, 5, 6]])
})

test('an .npy file that cannot be read says why', t => {
  const dictionary = (descr: string, shape: string) =>
    `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`
  const cases: [Uint8Array, string, RegExp][] = [
    [bytes('hello, world, this is text'), 'malformed', /does not begin as/],
    [npy(dictionary('<c8', '(1, 1)'), doubles(1)), 'unsupported', /numbers are '<c8'; expected bool, int8/],
    [
      npy(dictionary('<f8', '(1, 1, 1)'), doubles(1)),
      'unsupported',
      /shape is \(1, 1, 1\); expected a matrix/,
    ],
    [npy(dictionary('<f8', '(2, 3)'), doubles(1)), 'malformed', /it has 8 bytes of numbers, expected 48/],
    [npy(dictionary('<f8', '(1, 1)'), doubles(1e300)), 'unsupported', /row 0, column 0 is 1e\+300/],
    [npy("{'descr': '<f8'}", doubles(1)), 'malformed', /no shape/],
    [npy(dictionary('<f8', '(1, 1)'), doubles(1)).slice(0, 20), 'malformed', /within its header/],
  ]
  for (const [file, code, message] of cases) {
    const error = t.throws(() => parseNpyVectors(file, 'x.npy'), { instanceOf: FileError, message })
    t.is(error?.code as string, code)
  }
})

const tensor = (name: string, shape: number[], values: number[], bytes: 4 | 8 = 4): Tensor => ({
  name,
  shape,
  type: { kind: 'float', bytes, little: true },
  values: Float32Array.from(values),
})

test('.safetensors: tensors are read back', t => {
  const tensors = [tensor('bias', [2], [1, 2]), tensor('weight', [2, 2], [3, 4, 5, 6], 8)]
  t.deepEqual(parseSafetensors(writeSafetensors(tensors), 'x').tensors, tensors)
})

test('.safetensors that cannot be read say why', t => {
  const file = (header: string, length = header.length) => {
    const size = Buffer.alloc(8)
    size.writeBigUInt64LE(BigInt(length))
    return Buffer.concat([size, bytes(header)])
  }
  const cases: [Uint8Array, RegExp][] = [
    [file('{', 500), /no header/],
    [file('{"a":'), /not a JSON object/],
    [file('{"a":{"dtype":"F32"}}'), /tensor a lacks/],
    [
      file('{"a":{"dtype":"F8_E5M2","shape":[1],"data_offsets":[0,1]}}'),
      /holds F8_E5M2; expected one of F16, BF16/,
    ],
    [file('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'), /does not fill bytes 0 to 8/],
  ]
  for (const [bytes, message] of cases)
    t.throws(() => parseSafetensors(bytes, 'x'), { instanceOf: FileError, message })
})

const floatsOf = (file: Uint8Array) =>
  parseSafetensors(file, 'x').tensors.filter(tensor => 'values' in tensor)
const family = async (...files: Uint8Array[]) =>
  familyOf(await Promise.all(files.map((bytes, index) => readPart(inMemory(bytes), `file ${index}`))))

test('several models are a vector each, and the result is a model again', async t => {
  const model = (...values: [number, number, number]) =>
    writeSafetensors([tensor('w', [2, 1], values.slice(0, 2)), tensor('b', [1], values.slice(2))])
  const reordered = writeSafetensors([tensor('b', [1], [9]), tensor('w', [2, 1], [7, 8])])
  const { vectors, write } = await family(model(1, 2, 3), reordered)
  t.deepEqual(
    vectors.map(vector => Array.from(vector)),
    [
      [3, 1, 2],
      [9, 7, 8],
    ],
  )
  const [b, w] = floatsOf(write(vectors[1]!, false))
  t.deepEqual([b!.name, Array.from(b!.values)], ['b', [9]])
  t.deepEqual(
    [w!.shape, Array.from(w!.values)],
    [
      [2, 1],
      [7, 8],
    ],
  )
})

test('a matrix in .safetensors is a vector a row; rows of several .npy files follow each other', async t => {
  const matrix = writeSafetensors([tensor('x', [2, 2], [1, 2, 3, 4])])
  t.deepEqual(
    (await family(matrix)).vectors.map(row => Array.from(row)),
    [
      [1, 2],
      [3, 4],
    ],
  )
  const one = (value: number) => writeNpy(Float32Array.of(value), FLOAT32)
  t.deepEqual(
    (await family(one(1), one(2))).vectors.map(row => row[0]),
    [1, 2],
  )
})

test('files that do not fit each other say which', async t => {
  const npyFile = writeNpy(Float32Array.of(1), FLOAT32)
  const model = writeSafetensors([tensor('w', [1], [1])])
  const other = writeSafetensors([tensor('w', [2], [1, 2])])
  await t.throwsAsync(family(npyFile, model), { code: 'mismatch', message: /file 1 and file 0/ })
  await t.throwsAsync(family(model, other), {
    code: 'mismatch',
    message: /file 1 holds w 2 where file 0 holds w 1/,
  })
  await t.throwsAsync(family(writeSafetensors([])), {
    code: 'unsupported',
    message: /holds nothing; expected one matrix/,
  })
  await t.throwsAsync(family(bytes('whatever this is')), { code: 'unknown-format', message: /neither/ })
})
