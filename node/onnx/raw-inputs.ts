/**
 * From raw rows and images to what a model has learnt from, as operators: the scale, what a missing cell becomes, the
 * indicators and categories, the normalisation of pixels. The same as schema-reader.ts and dataset.ts do, and with as
 * many digits.
 */
import { missingTexts } from '../../learning/data/cells.ts'
import { type ExampleForm, within } from '../../learning/data/dataset.ts'
import type { SettledColumn, SettledTable } from '../../learning/data/schema.ts'
import type { Graph, Value } from './graph.ts'

/** Unknown texts become NaN, so that nothing is said of their rows. */
const UNKNOWN = Number.NaN

/** One input `[N, 1]` for each column, by its name: floats, NaN where one is missing; texts, empty where one is. */
export function tableInputs(graph: Graph, { columns }: SettledTable): Value {
  const parts = columns.flatMap(column => columnInputs(graph, column))
  return parts.length === 1 ? parts[0]! : graph.apply('Concat', parts, { axis: 1 })
}

function columnInputs(graph: Graph, column: SettledColumn): readonly Value[] {
  if (column.type === 'number') return numberInputs(graph, column)
  const { missing } = column
  const cell = graph.input(column.name, 'string', [null, 1])
  const known = column.type === 'category' ? column.values : [column.no, column.yes]
  const absent = missing === undefined ? [] : missingTexts().filter(text => !known.includes(text))
  const codes = [...known.keys(), ...absent.map(() => known.indexOf(missing!))]
  const code = encoded(graph, cell, [...known, ...absent], codes, UNKNOWN)
  const value = column.type === 'category' ? oneHot(graph, code, known.length) : code
  return column.indicator
    ? [
        value,
        encoded(
          graph,
          cell,
          absent,
          absent.map(() => 1),
          0,
        ),
      ]
    : [value]
}

function numberInputs(graph: Graph, column: SettledColumn & { readonly type: 'number' }): readonly Value[] {
  const { name, scale, missing, indicator } = column
  const cell = graph.input(name, 'float', [null, 1])
  const value =
    scale === undefined
      ? cell
      : limited(graph, scaled(graph, cell, [scale.mean], [scale.deviation]), scale.limit)
  if (missing === undefined) return [value]
  const { mean, deviation, limit = Infinity } = scale ?? { mean: 0, deviation: 1 }
  const isMissing = graph.apply('IsNaN', [cell])
  const filling = graph.constant({
    type: 'float',
    dims: [1, 1],
    values: Float32Array.of(within(limit, (missing - mean) / deviation)),
  })
  const filled = graph.apply('Where', [isMissing, filling, value])
  return indicator ? [filled, graph.cast(isMissing, 'float')] : [filled]
}

/** Cut off at `± limit`. What is no finite number stays what it is: it must not become an end by the cut. */
function limited(graph: Graph, value: Value, limit: number | undefined): Value {
  if (limit === undefined) return value
  const bound = (end: number) => graph.constant({ type: 'float', dims: [], values: Float32Array.of(end) })
  const clipped = graph.apply('Clip', [value, bound(-limit), bound(limit)])
  const isNoNumber = graph.apply('IsNaN', [graph.apply('Sub', [value, value])])
  return graph.apply('Where', [isNoNumber, value, clipped])
}

/** `(value − mean) / deviation`, computed as 64-bit floats: a large mean must not swallow the value's digits. */
function scaled(graph: Graph, value: Value, mean: readonly number[], deviation: readonly number[]): Value {
  const constant = (values: readonly number[]) =>
    graph.constant({ type: 'double', dims: [values.length], values })
  const centred = graph.apply('Sub', [graph.cast(value, 'double'), constant(mean)])
  return graph.cast(graph.apply('Div', [centred, constant(deviation)]), 'float')
}

function encoded(
  graph: Graph,
  cell: Value,
  texts: readonly string[],
  codes: readonly number[],
  otherwise: number,
): Value {
  const attributes = {
    keys_strings: texts,
    values_floats: { floats: codes },
    default_float: { float: otherwise },
  }
  return graph.apply('LabelEncoder', [cell], attributes, 'ai.onnx.ml')
}

/** NaN in every place for a code that is NaN. */
function oneHot(graph: Graph, code: Value, count: number): Value {
  const places = Float32Array.from({ length: count }, (_, place) => place)
  const isHere = graph.apply('Equal', [
    code,
    graph.constant({ type: 'float', dims: [1, count], values: places }),
  ])
  const nothing = graph.apply('Mul', [
    code,
    graph.constant({ type: 'float', dims: [1], values: Float32Array.of(0) }),
  ])
  return graph.apply('Add', [graph.cast(isHere, 'float'), nothing])
}

/** One input: `image`, `[N, height, width, channels]`, or `example`, `[N, size]`; bytes or floats, as was learnt from. */
export function exampleInputs(graph: Graph, { shape, normalisation }: ExampleForm): Value {
  const sides = shape.length === 1 ? shape : [shape[0]!, shape[1]!, shape[2] ?? 1]
  const name = shape.length === 1 ? 'example' : 'image'
  if (normalisation === null) return graph.input(name, 'float', [null, ...sides])
  const bytes = graph.input(name, 'uint8', [null, ...sides])
  const { mean, deviation } = normalisation
  const scale = 255
  return scaled(
    graph,
    bytes,
    mean.map(value => value * scale),
    deviation.map(value => value * scale),
  )
}

/** The names of a table's inputs. */
export function inputNames(columns: readonly SettledColumn[]): readonly string[] {
  return columns.map(({ name }) => name)
}
