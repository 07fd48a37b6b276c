/** Finished models of every kind, and rows for them. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { type ExampleForm, exampleSize } from '../../../learning/data/dataset.ts'
import { shapeOfSchema, type TableSchema, tableSchema } from '../../../learning/data/schema.ts'
import { joinParameters } from '../../../learning/models/model.ts'
import { modelNamed } from '../../../learning/models/registry.ts'
import { randomStream } from '../../../learning/random.ts'
import { saveCheckpoint } from '../../../node/oracle/open.ts'

export async function folder(t: ExecutionContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'concord-models-'))
  t.teardown(() => rm(directory, { recursive: true }))
  return directory
}

/** One column of each kind, with and without scale, missing value and indicator. */
const columns = [
  {
    name: 'age',
    type: 'number',
    scale: { mean: 50, deviation: 12, limit: 1 },
    missing: 47.5,
    indicator: true,
  },
  { name: 'dose', type: 'number' },
  {
    name: 'ward',
    type: 'category',
    values: ['none', 'north, upper', 'south'],
    missing: 'south',
    indicator: true,
  },
  { name: 'site', type: 'category', values: ['a', 'b'] },
  { name: 'smokes', type: 'yes-no', yes: 'ja', no: 'nein', missing: 'nein' },
  { name: 'insured', type: 'yes-no', yes: '1', no: '0' },
]

export const classSchema: TableSchema = tableSchema.parse({
  kind: 'table',
  columns,
  target: { name: 'outcome', type: 'class', classes: ['well', 'ill', 'unknown'] },
  unused: ['id'],
})

export const twoClassSchema: TableSchema = tableSchema.parse({
  kind: 'table',
  columns,
  target: { name: 'outcome', type: 'class', classes: ['no', 'yes'] },
})

export const numberSchema: TableSchema = tableSchema.parse({
  kind: 'table',
  columns,
  target: { name: 'cost', type: 'number', scale: { mean: 1000, deviation: 250 } },
})

export const imageForm: ExampleForm = {
  shape: [16, 18],
  classes: 3,
  normalisation: { mean: [0.1307], deviation: [0.3081] },
}
export const colourForm: ExampleForm = {
  shape: [16, 18, 3],
  classes: 3,
  classNames: ['cat', 'dog', 'owl'],
  normalisation: { mean: [0.4914, 0.4822, 0.4465], deviation: [0.2023, 0.1994, 0.201] },
}

export const learntIn = { cohort: { id: 'c0ffee', name: 'clinics' }, step: 120 }

/** A checkpoint of a model with parameters drawn by its name. */
export async function savedModel(
  path: string,
  model: string,
  { schema, form }: { readonly schema?: TableSchema; readonly form?: ExampleForm },
): Promise<void> {
  const shape = schema === undefined ? form! : shapeOfSchema(schema)
  const built = modelNamed(model, shape)
  const random = randomStream(3, 'finished', model)
  // Twice as large as they start; what starts at one number is drawn around it.
  const vector = joinParameters(
    built,
    built.parameters.map(parameter => {
      const [middle, bound] =
        'start' in parameter ? [parameter.start, 0.25] : [0, 2 / Math.sqrt(parameter.fanIn)]
      const length = exampleSize(parameter.shape)
      return Float32Array.from({ length }, () => middle + bound * (2 * random.uniform() - 1))
    }),
  )
  const spec = {
    model,
    data: 'ours.csv',
    partition: 'own',
    peer: 0,
    peers: 1,
    seed: 1,
    ...(schema && { own: { schema, holdout: 0.2, seed: 1 } }),
  }
  const oracle = { parameters: built.parameters, ...(form && { form }) }
  await saveCheckpoint(path, oracle, vector, { spec, command: null }, learntIn)
}

/** Cells by the schemas' columns, in their order; null is a missing cell. */
export type Row = readonly (number | string | null)[]

export function drawRows(count: number): readonly Row[] {
  const random = randomStream(5, 'rows')
  const pick = <T>(...values: readonly T[]): T => values[random.integer(values.length)]!
  return Array.from({ length: count }, () => [
    random.integer(8) === 0 ? null : Math.fround(20 + 60 * random.uniform()),
    Math.fround(random.uniform() - 0.5),
    pick('none', 'north, upper', 'south', null),
    pick('a', 'b'),
    pick('ja', 'nein', null),
    pick('0', '1'),
  ])
}

/** The rows as CSV: a missing cell is empty, or one of the words for it. */
export function csvOf(rows: readonly Row[]): string {
  const words = ['', 'NA', 'null', 'NaN', '?']
  const lines = rows.map((row, place) =>
    row
      .map((cell, column) => {
        const text = cell === null ? words[(place + column) % words.length]! : String(cell)
        return text.includes(',') ? `"${text}"` : text
      })
      .join(','),
  )
  return `${['age,dose,ward,site,smokes,insured', ...lines].join('\n')}\n`
}
