/**
 * Reads a table by its schema: finds the columns by their names, turns each row into what models are given, and notes
 * everything that does not fit.
 */

import { cleaned, isMissing, numberExpected, numberOf, placeOf, shownCell } from './cells.ts'
import { type Scale, within } from './dataset.ts'
import type { MisfitKind, Misfits } from './misfits.ts'
import { createNumberList } from './number-list.ts'
import { type Column, inputsOf, shapeOfSchema, type TableSchema, type Target } from './schema.ts'
import { shortened } from './shortened.ts'
import { unitOf, withHeader } from './table-file.ts'
import { listText } from './targets.ts'

/** The rows of one file as models are given them, up to the first that does not fit; none if they were only checked. */
interface Rows {
  /** `count × inputs`. */
  readonly examples: Float32Array
  /** All 0 if a number is predicted. */
  readonly labels: Uint8Array
  /** The targets if a number is predicted. */
  readonly values: Float32Array | null
  readonly count: number
  /** How many rows there are of each class. */
  readonly perClass: readonly number[]
  /** What a person should know and nobody need change. */
  readonly notes: readonly string[]
}

/** Takes the rows of a file that fit, one by one, in place of keeping them. The file need not have the target. */
interface RowTaker {
  header(names: readonly string[]): void
  /**
   * @param inputs what models are given; the next row overwrites it
   * @param target its class, or the number as models learn it; null if the row does not have it
   * @param cells as the file has them
   */
  row(inputs: Float32Array, target: number | null, cells: readonly string[]): void
}

/** Null if the cell fits. */
type Wrong = { readonly kind: MisfitKind; readonly expected: string } | null
/** Writes a cell's inputs to the row, from `at` on. */
type Encode = (cell: string, row: Float32Array, at: number) => Wrong

interface Place {
  /** Its figures are agreed on: it needs a value in some row. */
  readonly isAgreed: boolean
  hasValue: boolean
  readonly column: number
  readonly at: number
  readonly name: string
  readonly encode: Encode
}

/** Names that pandas gives a column without one, or that say nothing. */
const NAMELESS = /^(unnamed: ?\d+)?$/i
const NAMED_MAX = 8

/**
 * Takes the header and the rows of a file in order.
 * @param keep whether the rows are kept, or only checked; or who takes them
 */
export function createSchemaReader(
  file: string,
  schema: TableSchema,
  misfits: Misfits,
  keep: boolean | RowTaker,
) {
  const taker = typeof keep === 'boolean' ? null : keep
  const width = shapeOfSchema(schema).shape[0]!
  const examples = createNumberList(file, Float32Array)
  const targets = createTargetReader(file, schema.target, keep === true)
  const unit = unitOf(file)
  const row = new Float32Array(width)
  let header: Header | null = null
  let count = 0
  const report = (wrong: Exclude<Wrong, null>, cell: string, line: number, column: number) =>
    misfits.add({
      kind: wrong.kind,
      column: header!.names[column]!,
      text: `${placeOf(header!.names, unit, line, column)} is ${shownCell(cell)}; expected ${wrong.expected}`,
    })
  const readRow = (cells: readonly string[], line: number, { places, target, names }: Header) => {
    count += 1
    if (cells.length !== names.length) {
      const text = `${unit} ${line} has ${cells.length} columns; expected ${names.length}, as in the header`
      misfits.add({ kind: 'row', column: null, text })
      return
    }
    for (const place of places) {
      const { column, at, encode } = place
      const cell = cleaned(cells[column]!)
      const wrong = encode(cell, row, at)
      if (wrong !== null) report(wrong, cell, line, column)
      else if (place.isAgreed && !place.hasValue) place.hasValue = !isMissing(cell)
    }
    const cell = target === null ? null : cleaned(cells[target]!)
    const isOpen = cell === null || (taker !== null && isMissing(cell) && !targets.names(cell))
    const wrong = isOpen ? null : targets.read(cell)
    if (wrong !== null) report(wrong, cell!, line, target!)
    if (!keep || misfits.count > 0) return
    if (taker !== null) return taker.row(row, isOpen ? null : targets.last(), cells)
    for (const value of row) examples.push(value)
    targets.keep()
  }
  return {
    ...withHeader(
      (names, where) => {
        header = readHeader(names, where, schema, misfits, taker === null)
        taker?.header(names)
      },
      (cells, line) => readRow(cells, line, header!),
    ),
    end(): Rows {
      if (count === 0 && misfits.count === 0)
        misfits.add({
          kind: 'file',
          column: null,
          text: `${header === null ? 'it is empty' : 'it has a header and no rows'}; expected a line of names, and the rows below it`,
        })
      if (count > 0) for (const place of header?.places ?? []) noteValueless(place, misfits)
      return {
        ...targets.end(),
        examples: examples.end(),
        count,
        notes: [...(header?.notes ?? []), ...(count === 0 || taker !== null ? [] : targets.notes())],
      }
    },
  }
}

/** What the members agree on about a column, a member without any value of it can say nothing of. */
function noteValueless({ name, isAgreed, hasValue }: Place, misfits: Misfits): void {
  if (!isAgreed || hasValue) return
  misfits.add({
    kind: 'missing-cell',
    column: name,
    text: `column "${shortened(name)}" has no value in any row; expected some, as the members agree on its mean: a schema that states its scale, or leaves it out, needs none`,
  })
}

interface Header {
  readonly names: readonly string[]
  readonly places: readonly Place[]
  /** Null if the file does not have it. */
  readonly target: number | null
  readonly notes: readonly string[]
}

function readHeader(
  names: readonly string[],
  where: string,
  { columns, target, unused }: TableSchema,
  misfits: Misfits,
  needsTarget: boolean,
): Header {
  const known = new Set([...columns.map(({ name }) => name), target.name, ...unused])
  const others = names.filter(name => !known.has(name) && !NAMELESS.test(name))
  const placesOf = new Map<string, { readonly first: number; again?: number }>()
  for (const [column, name] of names.entries()) {
    const found = placesOf.get(name)
    if (found === undefined) placesOf.set(name, { first: column })
    else found.again ??= column
  }
  const wanted = [...columns.map(({ name }) => name), ...(needsTarget ? [target.name] : [])]
  if (!wanted.some(name => placesOf.has(name))) {
    misfits.add({
      kind: 'file',
      column: null,
      text: `${where} names none of the schema's columns; expected a header with ${listText(wanted)}`,
    })
    return { names, places: [], target: null, notes: [] }
  }
  const find = (name: string): number | null => {
    const { first: found, again } = placesOf.get(name) ?? {}
    if (found === undefined) {
      const have = others.length === 0 ? '' : `; the schema does not know ${namesText(others)} of this file`
      misfits.add({
        kind: 'missing-column',
        column: name,
        text: `${where} has no column "${shortened(name)}"; expected every column of the schema, under its name${have}`,
      })
      return null
    }
    if (again !== undefined)
      misfits.add({
        kind: 'doubled-column',
        column: name,
        text: `${where}: columns ${found + 1} and ${again + 1} are both called "${shortened(name)}"; expected one`,
      })
    return found
  }
  let at = 0
  const places: Place[] = []
  for (const column of columns) {
    const found = find(column.name)
    if (found !== null)
      places.push({
        column: found,
        at,
        name: column.name,
        encode: encoderOf(column),
        isAgreed: column.type === 'number' && (column.scale === 'agreed' || column.missing === 'agreed'),
        hasValue: false,
      })
    at += inputsOf(column)
  }
  const notes = others.length === 0 ? [] : [`not in the schema, and not used: ${namesText(others)}`]
  const hasTarget = needsTarget || placesOf.has(target.name)
  return { names, places, target: hasTarget ? find(target.name) : null, notes }
}

function namesText(names: readonly string[]): string {
  const shown = names.slice(0, NAMED_MAX).map(name => `"${shortened(name)}"`)
  const more = names.length - shown.length
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

/** A column's cells as inputs. What is missing is looked for last: a category may be called "none". */
function encoderOf(column: Column): Encode {
  const { missing } = column
  const value = valueEncoderOf(column)
  const width = inputsOf(column)
  const indicator = column.indicator ? width - 1 : null
  const filling = new Float32Array(width)
  // What the members have yet to agree on is filled once they have.
  if (column.type === 'number' && (column.scale === 'agreed' || missing === 'agreed')) filling[0] = Number.NaN
  else if (missing !== undefined) value(String(missing), filling, 0)
  if (indicator !== null) filling[indicator] = 1
  return (cell, row, at) => {
    const wrong = value(cell, row, at)
    if (wrong === null) {
      if (indicator !== null) row[at + indicator] = 0
      return null
    }
    if (!isMissing(cell)) return wrong
    if (missing === undefined)
      return {
        kind: 'missing-cell',
        expected: `a value in every row, or in the schema "missing", what a missing cell becomes`,
      }
    row.set(filling, at)
    return null
  }
}

function valueEncoderOf(column: Column): Encode {
  switch (column.type) {
    case 'number': {
      const { scale } = column
      return (cell, row, at) => {
        const read = scaledNumber(cell, scale)
        if (typeof read !== 'number') return read
        row[at] = read
        return null
      }
    }
    case 'category': {
      const { values } = column
      const places = new Map(values.map((value, place) => [value, place]))
      const wrong = { kind: 'category', expected: oneOfText(values) } as const
      return (cell, row, at) => {
        const place = places.get(cell)
        if (place === undefined) return wrong
        row.fill(0, at, at + values.length)
        row[at + place] = 1
        return null
      }
    }
    case 'yes-no': {
      const { yes, no } = column
      const wrong = { kind: 'category', expected: oneOfText([yes, no]) } as const
      return (cell, row, at) => {
        if (cell !== yes && cell !== no) return wrong
        row[at] = cell === yes ? 1 : 0
        return null
      }
    }
  }
}

function oneOfText(values: readonly string[]): string {
  return `one of ${listText(values)}, or a schema for all members that has this value too`
}

function scaledNumber(cell: string, scale: Scale | 'agreed' | undefined): number | Exclude<Wrong, null> {
  const value = numberOf(cell)
  if (value === null) return { kind: 'number', expected: numberExpected(cell, '') }
  if (scale === undefined || scale === 'agreed') return value
  const scaled = within(scale.limit ?? Infinity, (value - scale.mean) / scale.deviation)
  if (Number.isFinite(Math.fround(scaled))) return scaled
  return { kind: 'number', expected: "a number that the schema's scale leaves below 3.4e38" }
}

/** Reads targets: the class or number of the row that was read last is kept by `keep`. */
function createTargetReader(file: string, target: Target, isKept: boolean) {
  const labels = createNumberList(file, Uint8Array)
  const values = createNumberList(file, Float32Array)
  const names = target.type === 'class' ? target.classes : []
  const places = new Map(names.map((name, place) => [name, place]))
  const perClass = names.map(() => 0)
  let last = 0
  const readClass = (cell: string): Wrong => {
    const place = places.get(cell)
    if (place === undefined) {
      const expected = `one of the classes ${listText(names)}`
      return isMissing(cell)
        ? { kind: 'missing-cell', expected: `a target in every row: ${expected}` }
        : { kind: 'class', expected: `${expected}; no member can learn another` }
    }
    perClass[place]! += 1
    last = place
    return null
  }
  const readNumber = (cell: string): Wrong => {
    if (isMissing(cell)) return { kind: 'missing-cell', expected: 'a target in every row' }
    const scaled = scaledNumber(cell, target.type === 'number' ? target.scale : undefined)
    if (typeof scaled !== 'number') return scaled
    last = numberOf(cell)!
    return null
  }
  return {
    read: target.type === 'class' ? readClass : readNumber,
    /** Whether a class is called so: one may be called "none". */
    names: (cell: string) => places.has(cell),
    /** What was read last. */
    last: () => last,
    keep(): void {
      if (!isKept) return
      labels.push(target.type === 'class' ? last : 0)
      if (target.type === 'number') values.push(last)
    },
    notes(): readonly string[] {
      const lacking = names.filter((_, place) => perClass[place] === 0)
      return lacking.length === 0
        ? []
        : [`no row here has the class ${listText(lacking)}; the other members may have such rows`]
    },
    end: (): Pick<Rows, 'labels' | 'values' | 'perClass'> => ({
      labels: labels.end(),
      values: target.type === 'number' ? values.end() : null,
      perClass,
    }),
  }
}
