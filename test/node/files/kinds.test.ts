/** Models and vectors of the kinds that people have: integers of batch normalisation, 16-bit floats, notes, any order. */
import test from 'ava'
import fc from 'fast-check'
import { FLOAT32, type NumberType } from '../../../learning/data/number-type.ts'
import { inMemory } from '../../../learning/data/read-file.ts'
import { familyOf, readPart } from '../../../node/files/family.ts'
import { parseNpyVectors } from '../../../node/files/npy.ts'
import {
  parseSafetensors,
  readSafetensors,
  type Tensor,
  writeSafetensors,
} from '../../../node/files/safetensors.ts'
import { npyFile } from '../../learning/data/npy-writer.ts'

const family = async (...files: Uint8Array[]) =>
  familyOf(await Promise.all(files.map((bytes, index) => readPart(inMemory(bytes), `file ${index}`))))
const floats = (name: string, values: number[], type: NumberType = FLOAT32): Tensor => ({
  name,
  shape: [values.length],
  type,
  values: Float32Array.from(values),
})
const INT64: NumberType = { kind: 'int', bytes: 8, little: true }
const integers = (name: string, ...values: bigint[]): Tensor => ({
  name,
  shape: values.length === 1 ? [] : [values.length],
  type: INT64,
  raw: new Uint8Array(BigInt64Array.from(values).buffer),
})
const wholeOf = (file: Uint8Array) =>
  parseSafetensors(file, 'x').tensors.flatMap(tensor =>
    'raw' in tensor ? [[...new BigInt64Array(tensor.raw.slice().buffer)]] : [],
  )
const HALF: NumberType = { kind: 'float', bytes: 2, little: true }
const BRAIN: NumberType = { kind: 'bfloat', bytes: 2, little: true }

test('integer tensors that all models agree on are carried over, and floats go to the rule', async t => {
  const model = (value: number) =>
    writeSafetensors([integers('bn.num_batches_tracked', 7n), floats('weight', [value, 1])])
  const { vectors, notes, write } = await family(model(1), model(2), model(3))
  t.deepEqual(vectors, [Float32Array.of(1, 1), Float32Array.of(2, 1), Float32Array.of(3, 1)])
  t.deepEqual(notes, ['carried over, since all files have the same: bn.num_batches_tracked'])
  const { tensors } = parseSafetensors(write(Float32Array.of(5, 6), false), 'x')
  t.deepEqual(tensors, [integers('bn.num_batches_tracked', 7n), floats('weight', [5, 6])])
})

test('integer tensors on which most models agree are theirs, and without a majority the middle of each element', async t => {
  const result = async (...steps: bigint[][]) => {
    const files = steps.map(values => writeSafetensors([integers('n', ...values), floats('w', [1])]))
    const { notes, write } = await family(...files)
    return [wholeOf(write(Float32Array.of(1), false))[0], notes]
  }
  t.deepEqual(await result([5n], [-9n], [5n]), [[5n], ['n (I64): 2 of 3 files hold 5, which the result has']])
  t.deepEqual(await result([5n], [-9n], [7n]), [
    [5n],
    ['n (I64): no majority among 3 files; the result has 5, the middle of each element'],
  ])
  t.deepEqual(await result([1n, 9n], [2n, 8n]), [
    [1n, 8n],
    ['n (I64): no majority among 2 files; the result has the same values, the middle of each element'],
  ])
})

test('the integers of a majority are kept whatever a minority says', async t => {
  const property = fc.asyncProperty(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { maxLength: 3 }),
    fc.nat(),
    async (honest, lies, turn) => {
      const all = [...Array<bigint>(lies.length + 1).fill(honest), ...lies]
      const turned = all.map((_, i) => all[(i + turn) % all.length]!)
      const models = turned.map(value => writeSafetensors([integers('n', value), floats('w', [1])]))
      if (models.length < 2) return
      t.deepEqual(wholeOf((await family(...models)).write(Float32Array.of(1), false)), [[honest]])
    },
  )
  await t.notThrowsAsync(fc.assert(property))
})

test('integers of another type or shape, and models without floats, are told', async t => {
  const model = (tensor: Tensor) => writeSafetensors([tensor, floats('w', [1])])
  const int32 = { ...integers('n', 1n), type: { ...INT64, bytes: 4 as const }, raw: new Uint8Array(4) }
  await t.throwsAsync(family(model(integers('n', 1n)), model(int32)), {
    message: 'file 1 holds n (one number) of I32 where file 0 holds n (one number) of I64',
  })
  const counts = writeSafetensors([integers('n', 1n)])
  await t.throwsAsync(family(counts, counts), {
    message: 'file 0 holds no floats; expected some for the rule',
  })
})

test('notes that all inputs share are kept, others are not', async t => {
  const model = (notes: Record<string, string>) => writeSafetensors([floats('w', [1])], notes)
  const shared = { format: 'pt', layout: 'own' }
  const { write } = await family(
    model({ ...shared, who: 'a', only: 'x' }),
    model({ ...shared, who: 'b' }),
    model({ ...shared, who: 'a' }),
  )
  t.deepEqual(parseSafetensors(write(Float32Array.of(1), false), 'x').metadata, shared)
  const matrix = writeSafetensors([{ ...floats('x', [1, 2]), shape: [1, 2] }], { made: 'by hand' })
  const { write: writeRow } = await family(matrix)
  t.deepEqual(parseSafetensors(writeRow(Float32Array.of(1, 2), false), 'x').metadata, { made: 'by hand' })
})

test('F16 and BF16 are widened to 32 bits, and written back where asked', async t => {
  const model = (values: number[]) =>
    writeSafetensors([floats('b', values, BRAIN), floats('h', values, HALF)])
  const { vectors, write } = await family(model([1, -2.5]), model([3, 0.5]))
  t.deepEqual(vectors[0], Float32Array.of(1, -2.5, 1, -2.5))
  const mean = Float32Array.of(2, -1, 0.1, 65_504)
  t.deepEqual(parseSafetensors(write(mean, false), 'x').tensors, [
    floats('b', [2, -1]),
    floats('h', [0.1, 65_504]),
  ])
  t.deepEqual(parseSafetensors(write(mean, true), 'x').tensors, [
    floats('b', [2, -1], BRAIN),
    floats('h', [0.0999755859375, 65_504], HALF),
  ])
  t.throws(() => write(Float32Array.of(0, 0, 0, 1e5), true), {
    message: 'tensor h: number 1 is 100000, more than float16 holds; write it in 32 bits',
  })
})

test('vectors of any numeric .npy type are floats; the result is in 32 bits, or in the type where it has fractions', async t => {
  for (const type of ['b1', 'i1', 'u1', 'i2', 'u2', 'i4', 'u4', 'i8', 'u8', 'f2', 'f4', 'f8'])
    for (const big of [false, true])
      for (const fortran of [false, true]) {
        const file = npyFile([3, 2], [0, 1, 1, 0, 1, 1], { type, big, fortran })
        const { vectors, names, write } = await family(file)
        t.deepEqual(vectors, [Float32Array.of(0, 1), Float32Array.of(1, 0), Float32Array.of(1, 1)])
        t.is(names[2], 'file 0, row 2')
        const result = parseNpyVectors(write(vectors[0]!, false), 'x')
        t.deepEqual(result, { rows: [vectors[0]!], type: { ...FLOAT32, bytes: type === 'f8' ? 8 : 4 } })
        if (!type.startsWith('f'))
          t.throws(() => write(vectors[0]!, true), { message: /what a rule gives is not whole/ }, type)
        else
          t.deepEqual(parseNpyVectors(write(vectors[0]!, true), 'x'), {
            rows: [vectors[0]!],
            type: { kind: 'float', bytes: Number(type[1]) as 2 | 4 | 8, little: !big },
          })
      }
})

test('.safetensors: what is read in pieces is what is read as a whole', async t => {
  const file = writeSafetensors([
    floats('a', [1, 2, 3, 4, 5], { ...FLOAT32, bytes: 8 }),
    floats('b', [1, 2, 3], BRAIN),
    integers('c', 1n, 2n, 3n),
  ])
  for (const piece of [8, 16, 24, 1000])
    t.deepEqual(await readSafetensors(inMemory(file), 'x', piece), parseSafetensors(file, 'x'))
})
