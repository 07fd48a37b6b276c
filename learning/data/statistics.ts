/**
 * Agreed statistics: what normalisation needs of each column, as coordinates behind the model's parameters.
 *
 * Each member puts its own figures there; the first averaging agreement on parameters makes them the cohort's. So a liar
 * moves them no further than it could move parameters, and they are recovered, handed on and kept as parameters are.
 *
 * A column, or a channel of images, takes three coordinates: its mean, its mean square and its own deviation, in the
 * column's unit. Some rules compare whole vectors: so a column of millions must not outweigh all others. asinh, linear up to
 * about the unit and logarithmic beyond, keeps one whose unit is wrong from doing so.
 */
import type { Vector } from '../../agreement/vector.ts'
import { type Dataset, exampleSize, type Scale, within } from './dataset.ts'
import { DEVIATION_MIN, type ImageSchema } from './image-schema.ts'
import { type Column, inputsOf, type Schema, type SettledTable, type TableSchema } from './schema.ts'
import { shortened } from './shortened.ts'

/** Coordinates of one column. */
const FIGURES = 3
/** asinh of the square of the largest 32-bit float: no honest member sends more. */
const ASINH_MAX = 176
const FLOAT_MAX = 3.4e38
/**
 * Normalised values are cut off here: where a liar has moved a deviation as far as the agreement lets it, or one member's
 * values lie far from all others', inputs stay of a size that models can learn from.
 */
const LIMIT = 10
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
    : [
        `the mean and deviation of ${which} are agreed on with the other members, in step 1, which learns nothing yet`,
      ]
}

/** A member's own figures. A column without a training value, all being held out, counts as zeros. @param dataset not normalised yet */
export function ownStatistics(schema: Schema, dataset: Dataset): Vector {
  const figures =
    schema.kind === 'images' ? figuresOfImages(schema, dataset) : figuresOfTable(schema, dataset)
  return Float32Array.from(figures, Math.asinh)
}

function figuresOfImages({ scale, channels }: ImageSchema, { examples }: Dataset): readonly number[] {
  if (scale !== 'agreed') return []
  return Array.from({ length: channels }, (_, channel) => figuresOf(examples, channel, channels, 255)).flat()
}

function figuresOfTable(schema: TableSchema, dataset: Dataset): readonly number[] {
  const starts = startsOf(schema)
  const width = exampleSize(dataset.shape)
  const { examples, values } = dataset
  return placesOf(schema).flatMap(place =>
    place === null
      ? figuresOf(values!, 0, 1, unitAt(schema, place))
      : figuresOf(examples, starts[place]!, width, unitAt(schema, place)),
  )
}

function unitAt({ columns, target }: TableSchema, place: Place): number {
  const column = place === null ? target : columns[place]!
  return (column.type === 'number' && column.unit) || 1
}

/** Mean, mean square and deviation of the numbers at `from`, `from + stride`, …, in a unit; NaNs are passed over. */
function figuresOf(
  numbers: ArrayLike<number>,
  from: number,
  stride: number,
  unit: number,
): readonly number[] {
  let [count, sum] = [0, 0]
  for (let i = from; i < numbers.length; i += stride)
    if (!Number.isNaN(numbers[i]!)) {
      count += 1
      sum += numbers[i]! / unit
    }
  if (count === 0) return [0, 0, 0]
  const mean = sum / count
  let squares = 0
  for (let i = from; i < numbers.length; i += stride)
    if (!Number.isNaN(numbers[i]!)) squares += (numbers[i]! / unit - mean) ** 2
  const variance = squares / count
  return [mean, mean ** 2 + variance, Math.sqrt(variance)]
}

/** The schema with the agreed figures in the place of "agreed". @param statistics what stands behind agreed parameters */
export function settledTable(schema: TableSchema, statistics: Vector): SettledTable {
  const scales = new Map(
    placesOf(schema).map((place, i) => [place, scaleAt(statistics, FIGURES * i, unitAt(schema, place))]),
  )
  const scaleOf = (scale: Scale | 'agreed' | undefined, place: Place) =>
    scale === 'agreed' ? scales.get(place)! : scale
  const { target } = schema
  return {
    ...schema,
    columns: schema.columns.map((column, place) => {
      if (column.type !== 'number') return column
      const { scale, missing, unit: _, ...rest } = column
      const settled = scaleOf(scale, place)
      return {
        ...rest,
        ...present('scale', scale === 'agreed' ? { ...settled!, limit: LIMIT } : settled),
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
    scaleAt(statistics, FIGURES * channel, 1),
  )
  const between = (low: number, value: number) => Math.max(low, Math.min(1, value))
  const scale = {
    mean: scales.map(({ mean }) => between(0, mean)),
    deviation: scales.map(({ deviation }) => between(DEVIATION_MIN, deviation)),
  }
  return { ...schema, scale }
}

/**
 * Around the agreed mean lie the members' own deviations and the spread of their means. The agreement averages each figure
 * for itself, so the mean square alone would not do: less the mean's square it may come out at nothing.
 */
function scaleAt(statistics: Vector, at: number, unit: number): Scale {
  const [mean, square, own] = [0, 1, 2].map(i => sinh(statistics[at + i]!)) as [number, number, number]
  const spread = square - mean ** 2
  const deviation = Math.sqrt(Math.max(spread > SPREAD_MIN * square ? spread : 0, own ** 2))
  // A column with one value needs no scale.
  return { mean: float(mean * unit), deviation: float(deviation * unit) || 1 }
}

function sinh(value: number): number {
  return Math.sinh(within(ASINH_MAX, value))
}

function float(value: number): number {
  return Math.fround(within(FLOAT_MAX, value))
}

/** Values of a member that lie so far from what was agreed, in deviations, are worth a word. */
const FAR = 5

/**
 * Where a member's own values do not suit what the members agreed on, in lines for its operator.
 * @param own what the member itself put into the agreement
 */
export function farColumns(schema: Schema, own: Vector, agreed: Vector): readonly string[] {
  if (schema.kind === 'images') return []
  return placesOf(schema).flatMap((place, i) => {
    const unit = unitAt(schema, place)
    const [here, all] = [scaleAt(own, FIGURES * i, unit), scaleAt(agreed, FIGURES * i, unit)]
    const far = Math.hypot(here.mean - all.mean, here.deviation) / all.deviation
    const name = place === null ? schema.target.name : schema.columns[place]!.name
    const short = (value: number) => String(Number(value.toPrecision(3)))
    return far <= FAR
      ? []
      : [
          `the members agreed on a mean of ${short(all.mean)} and a deviation of ${short(all.deviation)} for "${shortened(name)}", from which this member's values lie ${short(far)} deviations away: is the column in the same unit everywhere? Values beyond ${LIMIT} deviations are cut off`,
        ]
  })
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
  const limit = new Float64Array(width).fill(Infinity)
  const missing = new Float64Array(width)
  const starts = startsOf(schema)
  for (const place of placesOf(schema)) {
    const column = place === null ? settled.target : settled.columns[place]!
    if (place === null || column.type !== 'number') continue
    const at = starts[place]!
    // A column with a stated scale has nothing to be agreed on, and was scaled when the table was read.
    const { mean: middle, deviation: spread, limit: end = Infinity } = column.scale ?? UNSCALED
    mean[at] = middle
    deviation[at] = spread
    limit[at] = end
    if (column.missing !== undefined) missing[at] = within(end, (column.missing - middle) / spread)
  }
  const { target } = settled
  return {
    ...dataset,
    columns: { mean, deviation, limit, missing },
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
