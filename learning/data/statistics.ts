/**
 * Agreed statistics: what normalisation needs of each column, as coordinates behind the model's parameters.
 *
 * Each member puts its own figures there; the first averaging agreement on parameters makes them the cohort's. So a liar
 * moves them no further than it could move parameters, and they are recovered, handed on and kept as parameters are.
 *
 * A column, or a channel of images, takes three coordinates: asinh of its mean, of its root mean square, and of its own deviation. The rules compare
 * whole vectors, and asinh, linear near 0 and logarithmic beyond, keeps a column of millions from outweighing all others.
 */
import type { Vector } from '../../agreement/vector.ts'
import { type Dataset, exampleSize, type Scale } from './dataset.ts'
import { DEVIATION_MIN, type ImageSchema } from './image-schema.ts'
import { type Column, inputsOf, type Schema, type SettledTable, type TableSchema } from './schema.ts'

/** Coordinates of one column. */
const FIGURES = 3
/** Beyond, sinh overflows a 32-bit float. No honest member sends more. */
const ASINH_MAX = 88
/** A spread of the members' means below this share of the mean is lost in 32-bit floats. */
const SPREAD_MIN = 1e-5

/** The column at this place of the schema; null: the target. */
type Place = number | null

/** What a run does in its first step, in a line for people; none if this schema leaves nothing to be agreed on. */
export function agreedNotes(schema: Schema): readonly string[] {
  const columns = schema.kind === 'table' ? placesOf(schema).length : 0
  const which = schema.kind === 'images' ? 'the pixels' : columns === 1 ? 'one column' : `${columns} columns`
  return columns === 0 && !(schema.kind === 'images' && schema.scale === 'agreed')
    ? []
    : [`step 1 agrees with the other members on mean and deviation of ${which}, and learns nothing yet`]
}

/** A member's own figures. A column of which it has no value counts as zeros. @param dataset not normalised yet */
export function ownStatistics(schema: Schema, dataset: Dataset): Vector {
  const figures =
    schema.kind === 'images' ? figuresOfImages(schema, dataset) : figuresOfTable(schema, dataset)
  return Float32Array.from(figures, Math.asinh)
}

function figuresOfImages({ scale, channels }: ImageSchema, { examples }: Dataset): readonly number[] {
  if (scale !== 'agreed') return []
  return Array.from({ length: channels }, (_, channel) => figuresOf(examples, channel, channels))
    .flat()
    .map(byte => byte / 255)
}

function figuresOfTable(schema: TableSchema, dataset: Dataset): readonly number[] {
  const starts = startsOf(schema)
  const width = exampleSize(dataset.shape)
  const { examples, values } = dataset
  return placesOf(schema).flatMap(place =>
    place === null ? figuresOf(values!, 0, 1) : figuresOf(examples, starts[place]!, width),
  )
}

/** Mean, root mean square and deviation of the numbers at `from`, `from + stride`, …; NaNs are passed over. */
function figuresOf(numbers: ArrayLike<number>, from: number, stride: number): readonly number[] {
  let [count, sum] = [0, 0]
  for (let i = from; i < numbers.length; i += stride)
    if (!Number.isNaN(numbers[i]!)) {
      count += 1
      sum += numbers[i]!
    }
  if (count === 0) return [0, 0, 0]
  const mean = sum / count
  let squares = 0
  for (let i = from; i < numbers.length; i += stride)
    if (!Number.isNaN(numbers[i]!)) squares += (numbers[i]! - mean) ** 2
  const variance = squares / count
  return [mean, Math.sqrt(mean ** 2 + variance), Math.sqrt(variance)]
}

/** The schema with the agreed figures in the place of "agreed". @param statistics what stands behind agreed parameters */
export function settledTable(schema: TableSchema, statistics: Vector): SettledTable {
  const scales = new Map(placesOf(schema).map((place, i) => [place, scaleAt(statistics, FIGURES * i)]))
  const scaleOf = (scale: Scale | 'agreed' | undefined, place: Place) =>
    scale === 'agreed' ? scales.get(place)! : scale
  const { target } = schema
  return {
    ...schema,
    columns: schema.columns.map((column, place) => {
      if (column.type !== 'number') return column
      const { scale, missing, ...rest } = column
      return {
        ...rest,
        ...present('scale', scaleOf(scale, place)),
        ...present('missing', missing === 'agreed' ? scales.get(place)!.mean : missing),
      }
    }),
    target:
      target.type === 'number'
        ? { name: target.name, type: target.type, ...present('scale', scaleOf(target.scale, null)) }
        : target,
  }
}

const present = <K extends string, V>(key: K, value: V | undefined) =>
  (value === undefined ? {} : { [key]: value }) as { readonly [key in K]?: V }

/** The same of images. */
export function settledImages(schema: ImageSchema, statistics: Vector): ImageSchema {
  if (schema.scale !== 'agreed') return schema
  const scales = Array.from({ length: schema.channels }, (_, channel) =>
    scaleAt(statistics, FIGURES * channel),
  )
  const within = (low: number, value: number) => Math.max(low, Math.min(1, value))
  const scale = {
    mean: scales.map(({ mean }) => within(0, mean)),
    deviation: scales.map(({ deviation }) => within(DEVIATION_MIN, deviation)),
  }
  return { ...schema, scale }
}

/**
 * Around the agreed mean lie the members' own deviations and the spread of their means. The agreement averages each figure
 * for itself, so the mean square alone would not do: less the mean's square it may come out at nothing.
 */
function scaleAt(statistics: Vector, at: number): Scale {
  const [mean, root, own] = [0, 1, 2].map(i => sinh(statistics[at + i]!)) as [number, number, number]
  const spread = root ** 2 - mean ** 2
  const deviation = Math.sqrt(Math.max(spread > SPREAD_MIN * root ** 2 ? spread : 0, own ** 2))
  // A column with one value needs no scale.
  return { mean, deviation: Math.fround(deviation) > 0 ? deviation : 1 }
}

function sinh(value: number): number {
  return Math.fround(Math.sinh(Math.max(-ASINH_MAX, Math.min(ASINH_MAX, value))))
}

/** The same examples, normalised by agreed statistics when they are written to a batch. */
export function normalised(dataset: Dataset, schema: Schema, statistics: Vector): Dataset {
  if (schema.kind === 'table') return normalisedTable(dataset, schema, settledTable(schema, statistics))
  const { scale } = settledImages(schema, statistics)
  return typeof scale === 'object' ? { ...dataset, normalisation: scale } : dataset
}

function normalisedTable(dataset: Dataset, schema: TableSchema, settled: SettledTable): Dataset {
  const width = exampleSize(dataset.shape)
  const mean = new Float64Array(width)
  const deviation = new Float64Array(width).fill(1)
  const missing = new Float64Array(width)
  const starts = startsOf(schema)
  for (const place of placesOf(schema)) {
    const column = place === null ? settled.target : settled.columns[place]!
    if (place === null || column.type !== 'number') continue
    const at = starts[place]!
    // A column with a stated scale has nothing to be agreed on, and was scaled when the table was read.
    const { scale = UNSCALED } = column
    ;[mean[at], deviation[at]] = [scale.mean, scale.deviation]
    if (column.missing !== undefined) missing[at] = (column.missing - scale.mean) / scale.deviation
  }
  const { target } = settled
  return {
    ...dataset,
    columns: { mean, deviation, missing },
    ...(target.type === 'number' && { targetScale: target.scale ?? UNSCALED }),
  }
}

const UNSCALED: Scale = { mean: 0, deviation: 1 }

/** Which columns, in order, the members agree on figures of; the target last. */
function placesOf({ columns, target }: TableSchema): readonly Place[] {
  const isAgreed = (column: Column) =>
    column.type === 'number' && (column.scale === 'agreed' || column.missing === 'agreed')
  const places: Place[] = [...columns.keys()].filter(place => isAgreed(columns[place]!))
  return target.type === 'number' && target.scale === 'agreed' ? [...places, null] : places
}

/** At which input each column begins. */
function startsOf({ columns }: TableSchema): readonly number[] {
  let at = 0
  return columns.map(column => {
    const start = at
    at += inputsOf(column)
    return start
  })
}
