/**
 * The schema of tables: what the members of a cohort agree on, so that each can learn from a file of its own. It names
 * the columns with their types, the target with its classes, and what a missing cell becomes. The models' inputs and
 * outputs follow from it alone, never from what one member's file happens to hold.
 */
import { z } from 'zod'
import type { DataShape, Scale } from './dataset.ts'
import { type ImageSchema, imageFieldsAt, imageSchema, shapeOfImages } from './image-schema.ts'
import { CLASSES_MAX } from './targets.ts'

/** A schema is part of the cohort file, which everybody has; tables with more columns are no work for people's hands. */
export const COLUMNS_MAX = 4096
/** Of one column. */
export const CATEGORIES_MAX = 1024
/** Categories take one input each. */
const INPUTS_MAX = 65_536
export const TEXT_LENGTH_MAX = 256

const text = z.string().min(1).max(TEXT_LENGTH_MAX)
const float = z
  .number()
  .refine(value => Number.isFinite(Math.fround(value)), 'at most 3.4e38, what a 32-bit float holds')

const positive = float.refine(value => value > 0, 'a number, more than 0')
/** `(value − mean) / deviation`, cut off at `± limit`. */
const scale = z.strictObject({ mean: float, deviation: positive, limit: positive.optional() }).readonly()
/** Adds an input that is 1 where the cell is missing. */
const indicator = z.boolean().default(false)

/** The members agree on it before they learn. */
const agreed = z.literal('agreed')
/** About how large values are, where the members agree on something: figures are sent in it. Absent: 1. */
const unit = positive.optional()
const number = z.strictObject({
  name: text,
  type: z.literal('number'),
  scale: z.union([scale, agreed]).optional(),
  /** In the column's own units; "agreed": the agreed mean. Absent: a missing cell is refused. */
  missing: z.union([float, agreed]).optional(),
  unit,
  indicator,
})
/** One input for each value: 1 for the cell's, 0 for the others. */
const category = z.strictObject({
  name: text,
  type: z.literal('category'),
  values: z.array(text).min(2).max(CATEGORIES_MAX).readonly(),
  missing: text.optional(),
  indicator,
})
/** One input: 1 for yes, 0 for no. */
const yesNo = z.strictObject({
  name: text,
  type: z.literal('yes-no'),
  yes: text,
  no: text,
  missing: text.optional(),
  indicator,
})
const classes = z.strictObject({
  name: text,
  type: z.literal('class'),
  /** In the order of the model's outputs. */
  classes: z.array(text).min(2).max(CLASSES_MAX).readonly(),
})
const predicted = z.strictObject({
  name: text,
  type: z.literal('number'),
  scale: z.union([scale, agreed]).optional(),
  unit,
})

const columnTypes = { number, category, 'yes-no': yesNo }
const targetTypes = { class: classes, number: predicted }
const oneOf = (types: object) => ({ error: `one of ${Object.keys(types).join(', ')}` })

/** A schema's fields, with their ranges and defaults. */
export const tableSchema = z
  .strictObject({
    kind: z.literal('table'),
    /** The models' inputs, in this order, wherever the columns stand in a file. */
    columns: z
      .array(z.discriminatedUnion('type', [number, category, yesNo], oneOf(columnTypes)))
      .min(1)
      .max(COLUMNS_MAX)
      .readonly(),
    target: z.discriminatedUnion('type', [classes, predicted], oneOf(targetTypes)),
    /** Columns that files may have and that nobody uses. */
    unused: z.array(text).max(COLUMNS_MAX).readonly().default([]),
  })
  .superRefine((schema, { addIssue }) => {
    const wrong: Wrong = (path, input, message) => addIssue({ code: 'custom', path, input, message })
    checkNames(schema, wrong)
    for (const [index, column] of schema.columns.entries()) checkColumn(column, ['columns', index], wrong)
    if (schema.target.type === 'class')
      checkDistinct(schema.target.classes, ['target', 'classes'], wrong, 'a class of its own')
    const inputs = schema.columns.reduce((sum, column) => sum + inputsOf(column), 0)
    if (inputs > INPUTS_MAX)
      wrong(
        ['columns'],
        inputs,
        `columns that make at most ${INPUTS_MAX} inputs, one for each value of a category`,
      )
  })
  .readonly()

/** What the members agree on about their tables. */
export type TableSchema = z.infer<typeof tableSchema>

const kinds = [tableSchema, imageSchema] as const

/** A schema's fields, whichever kind it is. */
export const dataSchema = z.discriminatedUnion('kind', kinds, { error: 'one of table, images' })
/** What the members agree on about their data: tables or images. */
export type Schema = TableSchema | ImageSchema
/** A column that the models use. */
export type Column = TableSchema['columns'][number]
/** What is learnt: a class, or a number. */
export type Target = TableSchema['target']

/** What the members had to agree on is there in numbers. */
type Settled<T> = T extends { readonly type: 'number' }
  ? Omit<T, 'scale' | 'missing' | 'unit'> & {
      readonly scale?: Scale | undefined
      readonly missing?: number | undefined
    }
  : T
/** A column of which nothing is left to be agreed on. */
export type SettledColumn = Settled<Column>
/** A schema of which nothing is left to be agreed on, as a finished model has it. */
export interface SettledTable extends Omit<TableSchema, 'columns' | 'target'> {
  readonly columns: readonly SettledColumn[]
  readonly target: Settled<Target>
}

export function isSettled(schema: TableSchema): schema is TableSchema & SettledTable {
  const isOpen = (column: Column | Target) =>
    column.type === 'number' &&
    (column.scale === 'agreed' || ('missing' in column && column.missing === 'agreed'))
  return !isOpen(schema.target) && !schema.columns.some(isOpen)
}

/** The names of the fields at a place of a schema, for messages. */
export function schemaFieldsAt(path: readonly PropertyKey[], document: unknown): readonly string[] {
  const [first, second, third] = path
  const within = (value: unknown, key: PropertyKey) =>
    typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
  const typeOf = (value: unknown) => String(within(value, 'type'))
  if (within(document, 'kind') === 'images') return imageFieldsAt(path)
  if (first === undefined) return ['kind', 'columns', 'target', 'unused']
  if (third !== undefined || (first === 'target' && second !== undefined))
    return ['mean', 'deviation', 'limit']
  const known: Readonly<Record<string, z.ZodObject>> = first === 'target' ? targetTypes : columnTypes
  const place = first === 'target' ? within(document, first) : within(within(document, first), second ?? 0)
  return Object.keys(known[typeOf(place)]?.shape ?? {})
}

/** How many inputs of a model a column becomes. */
export function inputsOf(column: Column): number {
  return (column.type === 'category' ? column.values.length : 1) + (column.indicator ? 1 : 0)
}

/** What models are given, whichever file it comes from. */
export function shapeOfSchema(schema: Schema): DataShape {
  if (schema.kind === 'images') return shapeOfImages(schema)
  const { columns, target } = schema
  const shape = [columns.reduce((sum, column) => sum + inputsOf(column), 0)]
  return target.type === 'class'
    ? { shape, classes: target.classes.length, classNames: target.classes }
    : { shape, classes: 0 }
}

type Wrong = (path: PropertyKey[], input: unknown, message: string) => void

function checkNames(
  { columns, target, unused }: { columns: readonly Column[]; target: Target; unused: readonly string[] },
  wrong: Wrong,
): void {
  const seen = new Set<string>()
  const see = (name: string, path: PropertyKey[]) => {
    if (seen.has(name)) wrong(path, name, 'a name that no other column has')
    seen.add(name)
  }
  for (const [index, { name }] of columns.entries()) see(name, ['columns', index, 'name'])
  see(target.name, ['target', 'name'])
  for (const [index, name] of unused.entries()) see(name, ['unused', index])
}

function checkColumn(column: Column, path: PropertyKey[], wrong: Wrong): void {
  const { missing } = column
  if (column.indicator && missing === undefined)
    wrong(
      [...path, 'indicator'],
      true,
      'false, or beside it "missing", the value that a missing cell becomes',
    )
  if (column.type === 'number') {
    if (missing === 'agreed' && column.scale !== undefined && column.scale !== 'agreed')
      wrong([...path, 'missing'], missing, 'a number, or beside it a scale that is agreed on as well')
    if (column.scale === 'agreed' || missing === 'agreed') return
    if (column.unit !== undefined) wrong([...path, 'unit'], column.unit, 'none, or a scale that is agreed on')
    const { mean = 0, deviation = 1 } = column.scale ?? {}
    if (missing !== undefined && !Number.isFinite(Math.fround((Number(missing) - mean) / deviation)))
      wrong([...path, 'missing'], missing, 'a value that the scale leaves below 3.4e38')
    return
  }
  const values = column.type === 'category' ? column.values : [column.yes, column.no]
  if (column.type === 'category')
    checkDistinct(column.values, [...path, 'values'], wrong, 'a value of its own')
  else if (column.yes === column.no) wrong([...path, 'no'], column.no, 'another text than yes has')
  if (missing !== undefined && !values.includes(String(missing)))
    wrong([...path, 'missing'], missing, "one of the column's own values")
}

function checkDistinct(values: readonly string[], path: PropertyKey[], wrong: Wrong, expected: string): void {
  const seen = new Set<string>()
  for (const [index, value] of values.entries()) {
    if (seen.has(value)) wrong([...path, index], value, expected)
    seen.add(value)
  }
}
