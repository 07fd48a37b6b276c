/** Agreed statistics: each member's own figures, what they settle, and how examples are normalised by them. */
import test from 'ava'
import fc from 'fast-check'
import { type Dataset, writeExample } from '../../../learning/data/dataset.ts'
import { imageSchema } from '../../../learning/data/image-schema.ts'
import { shapeOfSchema, tableSchema } from '../../../learning/data/schema.ts'
import {
  farColumns,
  normalised,
  ownStatistics,
  settledImages,
  settledTable,
} from '../../../learning/data/statistics.ts'

const classes = { name: 'goal', type: 'class', classes: ['no', 'yes'] }
const schemaOf = (columns: readonly object[], target: object = classes) =>
  tableSchema.parse({ kind: 'table', columns, target })
const agreed = { type: 'number', scale: 'agreed' }
const text = { name: 'text', type: 'category', values: ['a', 'b'], missing: 'a', indicator: true }

function datasetOf(columns: readonly (readonly number[])[], values?: readonly number[]): Dataset {
  const rows = columns[0]!.length
  const examples = Float32Array.from({ length: rows * columns.length }, (_, i) => {
    return columns[i % columns.length]![Math.floor(i / columns.length)]!
  })
  return {
    name: 'rows',
    shape: [columns.length],
    classes: values ? 0 : 2,
    examples,
    labels: new Uint8Array(rows),
    ...(values && { values: Float32Array.from(values) }),
  }
}

function rowsOf(dataset: Dataset): number[][] {
  const width = dataset.shape[0]!
  return Array.from(dataset.labels, (_, row) => {
    const out = new Float32Array(width)
    writeExample(dataset, row, out, 0)
    return [...out]
  })
}

const meanOf = (numbers: readonly number[]) => numbers.reduce((sum, x) => sum + x, 0) / numbers.length

test('only columns, and a target, that are to be agreed on have coordinates: three each', t => {
  const size = (schema: ReturnType<typeof schemaOf>) => {
    const width = shapeOfSchema(schema).shape[0]!
    const dataset = datasetOf(
      Array.from({ length: width }, () => [1, 2]),
      [1, 2],
    )
    return ownStatistics(schema, dataset).length
  }
  const fixed = { name: 'fixed', type: 'number', scale: { mean: 1, deviation: 2 }, missing: 1 }
  t.is(size(schemaOf([fixed, text])), 0)
  t.is(size(schemaOf([fixed, { ...agreed, name: 'a' }, text])), 3)
  t.is(size(schemaOf([{ name: 'a', type: 'number', missing: 'agreed' }])), 3)
  t.is(size(schemaOf([{ ...agreed, name: 'a' }], { name: 'goal', type: 'number', scale: 'agreed' })), 6)
})

test('a member alone settles on the mean and the deviation of its own values', t => {
  const numbers = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 2, maxLength: 30 })
  const schema = schemaOf([text, { ...agreed, name: 'a' }])
  fc.assert(
    fc.property(numbers, values => {
      const floats = values.map(Math.fround)
      const nothing = floats.map(() => 0)
      const own = ownStatistics(schema, datasetOf([nothing, nothing, nothing, floats]))
      const [, column] = settledTable(schema, own).columns
      if (column?.type !== 'number' || typeof column.scale !== 'object') return t.fail()
      const mean = meanOf(floats)
      const deviation = Math.sqrt(meanOf(floats.map(x => (x - mean) ** 2)))
      const near = 1e-4 * Math.max(1e-6, ...floats.map(Math.abs))
      t.true(Math.abs(column.scale.mean - mean) <= near, `${column.scale.mean} and ${mean}`)
      // A spread that 32 bits cannot tell from the mean is none.
      if (deviation > 10 * near)
        t.true(Math.abs(column.scale.deviation / deviation - 1) < 0.01, `${column.scale.deviation}`)
      else t.true(column.scale.deviation > 0)
    }),
  )
})

test('missing values are passed over, and become the agreed mean; the indicator beside them stays', t => {
  const schema = schemaOf([{ ...agreed, name: 'a', missing: 'agreed', indicator: true }, text])
  const [given, marks, nothing] = [
    [1, Number.NaN, 3],
    [0, 1, 0],
    [0, 0, 0],
  ]
  const dataset = datasetOf([given!, marks!, nothing!, nothing!, nothing!])
  const rows = rowsOf(normalised(dataset, schema, ownStatistics(schema, dataset)))
  for (const [row, [value, mark]] of rows.entries()) {
    t.true(Math.abs(value! - [-1, 0, 1][row]!) < 1e-6)
    t.is(mark!, marks![row]!)
  }
})

test('a column without a scale keeps its units, and what is missing in it becomes the mean', t => {
  const schema = schemaOf([{ name: 'a', type: 'number', missing: 'agreed' }])
  const dataset = datasetOf([[10, Number.NaN, 30]])
  const rows = rowsOf(normalised(dataset, schema, ownStatistics(schema, dataset))).flat()
  t.deepEqual(rows.map(Math.round), [10, 20, 30])
})

test('a stated filling is scaled as values are', t => {
  const schema = schemaOf([{ ...agreed, name: 'a', missing: 50 }])
  const dataset = datasetOf([[10, Number.NaN, 30]])
  const rows = rowsOf(normalised(dataset, schema, ownStatistics(schema, dataset))).flat()
  t.deepEqual(rows.map(Math.round), [-1, 3, 1])
})

test('a target is given to models by the agreed scale, and stays in its own units for people', t => {
  const schema = schemaOf([{ ...agreed, name: 'a' }], { name: 'goal', type: 'number', scale: 'agreed' })
  const dataset = datasetOf([[1, 2]], [100, 300])
  const { values, targetScale } = normalised(dataset, schema, ownStatistics(schema, dataset))
  t.deepEqual([...values!], [100, 300])
  t.is(Math.round(targetScale!.mean), 200)
  t.is(Math.round(targetScale!.deviation), 100)
})

test('members whose means lie apart settle on a deviation that covers both', t => {
  const schema = schemaOf([{ ...agreed, name: 'a' }])
  const [low, high] = [
    [-1001, -999],
    [999, 1001],
  ].map(values => ownStatistics(schema, datasetOf([values])))
  const [column] = settledTable(
    schema,
    low!.map((x, i) => (x + high![i]!) / 2),
  ).columns
  if (column?.type !== 'number' || typeof column.scale !== 'object') return t.fail()
  t.true(Math.abs(column.scale.mean) < 1)
  t.true(Math.abs(column.scale.deviation - 1000) < 10)
})

test('in a column’s unit figures are averaged as they are: the deviation covers how far apart members lie', t => {
  const schema = schemaOf([{ ...agreed, name: 'a', unit: 100 }])
  const members = [
    [39, 41],
    [59, 61],
    [49, 51],
  ].map(values => ownStatistics(schema, datasetOf([values])))
  const means = members[0]!.map((_, i) => meanOf(members.map(own => own[i]!)))
  const [column] = settledTable(schema, means).columns
  if (column?.type !== 'number') return t.fail()
  t.true(Math.abs(column.scale!.mean - 50) < 1, `${column.scale!.mean}`)
  // Of all six values together 8.2; asinh is nearly linear here.
  t.true(Math.abs(column.scale!.deviation - 8.2) < 1.5, `${column.scale!.deviation}`)
})

test('values far from what was agreed are cut off, and their member is told', t => {
  const schema = schemaOf([
    { ...agreed, name: 'mass', missing: 1e9 },
    { ...agreed, name: 'age' },
  ])
  const here = datasetOf([
    [70_000, Number.NaN, 80_000],
    [40, 50, 60],
  ])
  const there = datasetOf([
    [70, 75, 80],
    [40, 50, 60],
  ])
  const [own, cohorts] = [ownStatistics(schema, here), ownStatistics(schema, there)]
  t.deepEqual(
    rowsOf(normalised(here, schema, cohorts)).map(([mass]) => mass),
    [10, 10, 10],
  )
  const lines = farColumns(schema, own, cohorts)
  t.is(lines.length, 1)
  t.regex(
    lines[0]!,
    /mean of 75 and a deviation of 4\.08 for "mass", .* deviations away: is the column in the same unit/,
  )
  t.deepEqual(farColumns(schema, cohorts, cohorts), [])
})

test('whatever coordinates come, the scale is finite and its deviation more than 0', t => {
  const schema = schemaOf([{ ...agreed, name: 'a', missing: 'agreed' }])
  fc.assert(
    fc.property(fc.tuple(fc.float(), fc.float(), fc.float()), figures => {
      const coordinates = Float32Array.from(figures, x => (Number.isNaN(x) ? 0 : x))
      // A settled schema is a schema: its numbers are checked as those of a file are.
      t.notThrows(() => tableSchema.parse(settledTable(schema, coordinates)))
    }),
  )
})

test('a scale that is agreed on leaves no filling in other units', t => {
  const parsed = tableSchema.safeParse({
    kind: 'table',
    columns: [{ name: 'a', type: 'number', scale: { mean: 0, deviation: 1 }, missing: 'agreed' }],
    target: classes,
  })
  t.regex(parsed.error!.issues[0]!.message, /a number, or beside it a scale that is agreed on/)
})

test('of images the members agree on mean and deviation by channel', t => {
  const by = imageSchema.parse({
    kind: 'images',
    size: { width: 2, height: 1 },
    channels: 3,
    classes: ['no', 'yes'],
    scale: 'agreed',
  })
  const dataset: Dataset = {
    name: 'pixels',
    ...shapeOfSchema(by),
    // Red is 0 or 255, green 51 everywhere, blue 102 or 204.
    examples: Uint8Array.of(0, 51, 102, 255, 51, 204, 255, 51, 102, 0, 51, 204),
    labels: Uint8Array.of(0, 1),
  }
  const own = ownStatistics(by, dataset)
  t.is(own.length, 9)
  const { scale } = settledImages(by, own)
  if (typeof scale !== 'object') return t.fail()
  const rounded = (values: readonly number[]) => values.map(value => Number(value.toFixed(4)))
  t.deepEqual(rounded(scale.mean), [0.5, 0.2, 0.6])
  // No spread would make large numbers of nothing; a column of one value is left as it is.
  t.deepEqual(rounded(scale.deviation), [0.5, 1, 0.2])
  const rows = rowsOf({ ...normalised(dataset, by, own), shape: [6] })
  t.deepEqual(
    rows.map(row => row.map(value => Math.round(value) + 0)),
    [
      [-1, 0, -1, 1, 0, 1],
      [1, 0, -1, -1, 0, 1],
    ],
  )
})
