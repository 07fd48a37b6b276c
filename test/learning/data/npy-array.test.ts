/** The one reader of .npy files, against a naive writer: every numeric type, byte order, order of axes and piece. */
import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { parseNpyArray, placeText, readNpyArray } from '../../../learning/data/npy-array.ts'
import { readNumbers, viewOf, writeNumbers } from '../../../learning/data/number-type.ts'
import { inMemory, piecesOf, withInput } from '../../../learning/data/read-file.ts'
import { halfValue, NPY_TYPES, npyFile } from './npy-writer.ts'
import { directoryOf } from './support.ts'

const refuse = (problem: string, why: string) => new Error(`${problem}: ${why}`)
const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 4 })

test('.npy: every numeric type, in either byte order and either order of axes, in pieces of any size', async t => {
  for (const [type, kept] of Object.entries(NPY_TYPES)) {
    const property = fc.asyncProperty(
      shapes,
      fc.boolean(),
      fc.boolean(),
      fc.integer({ min: 1, max: 5 }),
      async (shape, big, fortran, numbers) => {
        const count = shape.reduce((product, side) => product * side, 1)
        const values = Array.from({ length: count }, (_, i) => kept[(i * i) % kept.length]!)
        const file = npyFile(shape, values, { type, big, fortran })
        const whole = parseNpyArray(file, refuse)
        const wanted = type === 'u1' ? Uint8Array.from(values) : Float32Array.from(values)
        t.deepEqual(whole.values, wanted)
        t.deepEqual(whole.shape, shape)
        t.deepEqual(await readNpyArray(inMemory(file), refuse, 8 * numbers), whole)
      },
    )
    await t.notThrowsAsync(fc.assert(property, { numRuns: 40 }), type)
  }
})

test('.npy: a float64 that no 32-bit float holds is told with its row and column, in either order', t => {
  const values = [1, 2, 3, 4, 1e300, 6]
  for (const fortran of [false, true])
    t.throws(() => parseNpyArray(npyFile([2, 3], values, { type: 'f8', fortran }), refuse), {
      message: 'number: row 1, column 1 is 1e+300, more than a 32-bit float holds (3.4e38)',
    })
  t.is(placeText([2, 3, 4], 23), 'row 1, place 2, 3')
  t.is(placeText([2], 1), 'row 1')
})

test('.npy: what is no number is told with what would be', t => {
  const cases: [string, RegExp][] = [
    ['<c8', /'<c8'; expected bool, int8 .*numpy\.float32/],
    ['<U10', /'<U10'; .*numpy\.unique\(y, return_inverse=True\)/],
    ['|O', /'\|O'; expected bool/],
    ['<M8[ns]', /'<M8\[ns\]'; expected bool/],
    ['<f16', /'<f16'; expected bool/],
    ['|f1', /'\|f1'; expected/],
    ['<b2', /'<b2'; expected/],
  ]
  for (const [descr, message] of cases) {
    const file = npyFile([1], [0], { type: 'u1' }).toString('latin1').replace('|u1', descr)
    const bytes = Buffer.from(file, 'latin1')
    bytes.writeUInt16LE(bytes.indexOf('\n') + 1 - 10, 8)
    t.throws(() => parseNpyArray(bytes, refuse), { message })
  }
})

test('.npy: bytes after the last number are refused, as is a file that ends before', t => {
  const file = npyFile([2, 2], [1, 2, 3, 4], { type: 'i2' })
  t.throws(() => parseNpyArray(Buffer.concat([file, Buffer.of(0)]), refuse), {
    message:
      'trailing: it has 9 bytes of numbers, expected 8 for shape (2, 2): 1 bytes follow its last number',
  })
  t.throws(() => parseNpyArray(file.subarray(0, -1), refuse), { message: /^truncated: it has 7 bytes/ })
})

test('a file that is cut while it is read is one that ends before', async t => {
  const file = npyFile([4], [1, 2, 3, 4], { type: 'f8' })
  const input = {
    size: file.length,
    read: async (at: number, length: number) => file.subarray(at, Math.min(at + length, file.length - 8)),
  }
  await t.throwsAsync(readNpyArray(input, refuse, 8), {
    message: /^truncated: it ended after 3 of 4 numbers/,
  })
})

test('a file of more than 2 GiB is read at any place, and in pieces', async t => {
  const size = 2 ** 31 + 64
  const path = join(await directoryOf(t, {}), 'large.npy')
  const head = npyFile([0], [], { type: 'f4' })
  const text = head.toString('latin1').replace('(0,)', `(${(size - head.length) / 4 - 3},)`)
  await writeFile(path, Buffer.from(text, 'latin1'))
  // A file with holes: it takes no room on the disk.
  await truncate(path, size)
  await withInput(path, size, async input => {
    t.is(input.size, size)
    t.deepEqual(await input.read(2 ** 31 + 60, 100), Buffer.alloc(4))
    const lengths: number[] = []
    // Not all of it is read here: the reader asks for the numbers in pieces, from a place that 31 bits cannot say.
    const far = { size: 100, read: (at: number, length: number) => input.read(2 ** 31 + at, length) }
    for await (const piece of piecesOf(far, 0, 100, 40)) lengths.push(piece.length)
    t.deepEqual(lengths, [40, 24])
  })
})

test('halves: every one is read as defined, and the nearest is written, ties to even', t => {
  const type = { kind: 'float', bytes: 2, little: true } as const
  const bits = Uint16Array.from({ length: 0x10000 }, (_, i) => i)
  const values = new Float32Array(0x10000)
  t.is(readNumbers(viewOf(new Uint8Array(bits.buffer)), type, values), null)
  t.deepEqual([...values], [...bits].map(halfValue))
  const back = new Uint16Array(0x10000)
  t.is(writeNumbers(viewOf(new Uint8Array(back.buffer)), values, type), null)
  for (const i of bits) if (!Number.isNaN(values[i])) t.is(back[i], i, `${i}`)
  const write = (value: number) => {
    const out = new Uint8Array(2)
    const bad = writeNumbers(viewOf(out), Float32Array.of(value), type)
    return bad ?? viewOf(out).getUint16(0, true)
  }
  for (let i = 1; i < 0x7bff; i++) {
    const middle = (halfValue(i) + halfValue(i + 1)) / 2
    if (Math.fround(middle) === middle) t.is(write(middle), i % 2 === 0 ? i : i + 1)
  }
  t.is(write(65_519), 0x7bff)
  t.is(write(65_520), 0)
})

test('BF16: the upper half of a 32-bit float, rounded to the nearest, ties to even', t => {
  const type = { kind: 'bfloat', bytes: 2, little: true } as const
  t.notThrows(() =>
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), value => {
        const out = new Uint8Array(2)
        const bad = writeNumbers(viewOf(out), Float32Array.of(value), type)
        const read = new Float32Array(1)
        readNumbers(viewOf(out), type, read)
        const upper = (bits: number) => new Float32Array(Uint32Array.of(bits << 16).buffer)[0]!
        const bits = new Uint32Array(Float32Array.of(value).buffer)[0]! >>> 16
        const [below, above] = [upper(bits), upper(bits + 1)]
        if (bad !== null) return !Number.isFinite(above)
        const [down, up] = [Math.abs(value - below), Math.abs(above - value)]
        return read[0] === (down < up || (down === up && bits % 2 === 0) ? below : above)
      }),
    ),
  )
})
