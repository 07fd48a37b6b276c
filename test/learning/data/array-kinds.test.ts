/** Arrays of the kinds that people have: each test names its kind, and makes its own small input. */
import test from 'ava'
import { openData } from '../../../learning/data/open.ts'
import { NPY_TYPES, npyFile } from './npy-writer.ts'
import { directoryOf, refused } from './support.ts'

const arrays = (x: Uint8Array, y: Uint8Array) => ({
  'train-x.npy': x,
  'train-y.npy': y,
  'test-x.npy': x,
  'test-y.npy': y,
})
const six = [0, 1, 2, 2, 1, 0]
const x6 = npyFile([6, 2], [...Array(12).keys()], { type: 'f4' })

test('targets of shape (n, 1), of every whole type and order', async t => {
  for (const type of Object.keys(NPY_TYPES).filter(each => !each.startsWith('f') && each !== 'b1'))
    for (const big of [false, true])
      for (const shape of [[6], [6, 1]]) {
        const source = await openData(await directoryOf(t, arrays(x6, npyFile(shape, six, { type, big }))))
        t.deepEqual([source.classes, [...source.trainLabels]], [3, six], `${type} ${big} ${shape}`)
      }
  const bool = await openData(
    await directoryOf(t, arrays(x6, npyFile([6], [0, 1, 1, 0, 0, 1], { type: 'b1' }))),
  )
  t.deepEqual([bool.classes, [...bool.trainLabels]], [2, [0, 1, 1, 0, 0, 1]])
})

test('one-hot targets: each column a class, in every type and order; anything else of two columns is told', async t => {
  const hot = six.flatMap(label => [0, 1, 2, 3].map(column => (column === label ? 1 : 0)))
  for (const type of Object.keys(NPY_TYPES))
    for (const fortran of [false, true]) {
      const y = npyFile([6, 4], hot, { type, fortran })
      const source = await openData(await directoryOf(t, arrays(x6, y)))
      t.deepEqual([source.classes, [...source.trainLabels]], [4, six], type)
      t.deepEqual(source.notes, ['the targets are one-hot, each column a class: classes 0 to 3'])
    }
  for (const [place, value] of [
    [9, 1],
    [0, 0],
    [0, 2],
  ] as const) {
    const bad = npyFile([6, 4], Object.assign([...hot], { [place]: value }), { type: 'i2' })
    await refused(
      t,
      async () => openData(await directoryOf(t, arrays(x6, bad))),
      'DATA_LABEL',
      new RegExp(`train-y\\.npy: row ${Math.floor(place / 4)} of shape \\(6, 4\\) is not one-hot; expected`),
    )
  }
})

test('examples in Fortran order are rows again, bytes and floats alike', async t => {
  for (const type of ['u1', 'u2', 'f2', 'f8']) {
    const x = npyFile([6, 2, 3], [...Array(36).keys()], { type, fortran: true })
    const source = await openData(await directoryOf(t, arrays(x, npyFile([6], six, { type: 'u1' }))))
    t.deepEqual([...source.train([1]).examples], [6, 7, 8, 9, 10, 11], type)
  }
})

test('a missing value of an array is told with its row, or filled; an infinity is never filled', async t => {
  const y = npyFile([6], six, { type: 'i8' })
  const x = (value: number) => npyFile([6, 2], [1, value, 2, 3, 4, 3, 0, 0, 0, 0, 0, 0], { type: 'f4' })
  const folder = await directoryOf(t, arrays(x(Number.NaN), y))
  await refused(
    t,
    () => openData(folder),
    'DATA_NUMBER',
    /train-x\.npy: row 0, column 1 is NaN, .*\?missing=mean/,
  )
  const filled = await openData(`${folder}?missing=mean`)
  t.is(filled.train([0]).examples[1], Math.fround(6 / 5))
  t.deepEqual(filled.notes, ["filled 2 missing values with the mean of the column's training values"])
  const endless = await directoryOf(t, arrays(x(Number.POSITIVE_INFINITY), y))
  await refused(
    t,
    () => openData(`${endless}?missing=0`),
    'DATA_NUMBER',
    /row 0, column 1 is Infinity, expected a finite/,
  )
})
