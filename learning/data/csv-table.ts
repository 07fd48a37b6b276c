/**
 * A table from its records, whatever file they come from: which line is a header, which column the target, which one only
 * counts the rows. Of the file only numbers are kept.
 */
import { cleaned, isMissing, numberExpected, numberOf, placeOf, type RecordUnit, shownCell } from './cells.ts'
import { watchIndex } from './csv-index.ts'
import { DataError } from './dataset.ts'
import { createNumberList } from './number-list.ts'
import { shortened } from './shortened.ts'
import { CLASSES_MAX, type RawTargets } from './targets.ts'

const TARGET_NAMES = ['label', 'target', 'class', 'y']
/** So many records, cells or characters are seen before it is decided whether the first one is a header. */
const RECORDS_SEEN = 100
const CELLS_SEEN = 100_000
const CHARACTERS_SEEN = 2 ** 24
/** More than any model here takes, and less than a record's bytes allow. */
const COLUMNS_MAX = 1_000_000
/** Lines are counted in 32 bits. */
const LINES_MAX = 2 ** 32 - 1
/** A longer text in the column of targets is no name of a class. */
const LABEL_LENGTH_MAX = 256

export interface Table {
  /** Values of one example. */
  readonly width: number
  /** NaN where a value is missing. */
  readonly examples: Float32Array
  readonly targets: RawTargets
  /** The line in which each example begins, or its row. */
  readonly lines: Uint32Array
  readonly unit: RecordUnit
  /** The header's, target and index included; null without one. */
  readonly names: readonly string[] | null
  /** Which column is taken for the target, in words; null if the header names it. */
  readonly targetNote: string | null
  /** Whether the first column only counts or names the rows; it is among the values. */
  readonly hasIndex: boolean
  /** The first missing value. */
  readonly missing: { readonly count: number; readonly where: string } | null
}

interface Shape {
  readonly unit: RecordUnit
  readonly names: readonly string[] | null
  readonly columns: number
  readonly target: number
}

/** Takes the records of a file in order. @throws DataError naming file, line and column */
export function createTableReader(file: string, unit: RecordUnit = 'line') {
  const seen: { readonly cells: readonly string[]; readonly line: number }[] = []
  let [cellsSeen, charactersSeen] = [0, 0]
  let rows: ReturnType<typeof createRows> | null = null
  const begin = () => {
    const shape = shapeOf(seen, file, unit)
    const next = createRows(file, shape)
    for (const { cells, line } of shape.names === null ? seen : seen.slice(1)) next.add(cells, line)
    rows = next
    return next
  }
  const refuse = (why: string) => new DataError('DATA_FORMAT', `${file}: ${why}`)
  return {
    /** Before any record, where the file itself says that these are names. */
    header(raw: readonly string[]): void {
      if (raw.length > COLUMNS_MAX) throw refuse(`${raw.length} columns, expected at most ${COLUMNS_MAX}`)
      if (raw.length < 2)
        throw refuse(`it has ${raw.length} column; expected at least one value and the target`)
      rows = createRows(file, shapeFrom(raw.map(cleaned), raw.length, unit))
    },
    record(raw: readonly string[], line: number): void {
      if (raw.length > COLUMNS_MAX)
        throw refuse(`${unit} ${line} has ${raw.length} columns, expected at most ${COLUMNS_MAX}`)
      if (line > LINES_MAX) throw refuse(`more than ${LINES_MAX} ${unit}s; expected a smaller file`)
      const cells = raw.map(cleaned)
      if (rows !== null) {
        rows.add(cells, line)
        return
      }
      seen.push({ cells, line })
      cellsSeen += cells.length
      for (const cell of cells) charactersSeen += cell.length
      if (seen.length >= RECORDS_SEEN || cellsSeen >= CELLS_SEEN || charactersSeen >= CHARACTERS_SEEN) begin()
    },
    end(): Table {
      return (rows ?? begin()).end()
    },
  }
}

function shapeOf(
  seen: readonly { readonly cells: readonly string[] }[],
  file: string,
  unit: RecordUnit,
): Shape {
  const [first, ...others] = seen.map(({ cells }) => cells)
  const columns = first?.length ?? 0
  if (first === undefined || columns < 2)
    throw new DataError(
      'DATA_FORMAT',
      `${file}: ${first === undefined ? 'it is empty' : `line 1 has ${columns} column`}; expected at least one value and the target, separated by commas, semicolons or tabs`,
    )
  return shapeFrom(isHeader(first, others) ? first : null, columns, unit)
}

function shapeFrom(names: readonly string[] | null, columns: number, unit: RecordUnit): Shape {
  const named = names?.findIndex(name => TARGET_NAMES.includes(name.toLowerCase())) ?? -1
  return { unit, names, columns, target: named >= 0 ? named : columns - 1 }
}

/**
 * A header names columns: it has text where all that follows are numbers, or no number at all, or the name of a target.
 * An empty cell is no name by itself: it is a missing value just as well.
 */
function isHeader(first: readonly string[], others: readonly (readonly string[])[]): boolean {
  const isText = (cell: string) => !isMissing(cell) && numberOf(cell) === null
  if (!first.some(isText)) return false
  if (!first.some(cell => numberOf(cell) !== null)) return true
  if (first.some(cell => TARGET_NAMES.includes(cell.toLowerCase()))) return true
  return first.some((cell, column) => {
    if (!isText(cell)) return false
    const below = others.map(cells => cells[column] ?? '').filter(other => !isMissing(other))
    return below.length > 0 && below.every(other => numberOf(other) !== null)
  })
}

function createRows(file: string, shape: Shape) {
  const { unit, names, columns, target } = shape
  const examples = createNumberList(file, Float32Array)
  const lines = createNumberList(file, Uint32Array)
  let rows = 0
  const place = (line: number, column: number) => placeOf(names, unit, line, column)
  const targets = createTargets(file, place)
  const index = watchIndex(names === null ? null : names[0]!, file)
  let [missing, firstMissing] = [0, '']
  /** Of each column what its cells are: numbers (1), yes and no (2), or neither yet. */
  const kinds = new Uint8Array(columns)
  const numberIn = (cell: string, value: number | null, line: number, column: number): number => {
    const truth = value === null ? truthOf(cell) : null
    const kind = truth === null ? 1 : 2
    if (value === null && isMissing(cell)) {
      if (missing++ === 0) firstMissing = place(line, column)
      return Number.NaN
    }
    if ((value === null && truth === null) || (kinds[column] ?? 0) + kind === 3)
      throw notNumber(file, place(line, column), cell, kinds[column] === 2 ? null : targetHint(shape))
    kinds[column] = kind
    return value ?? truth!
  }
  return {
    add(cells: readonly string[], line: number): void {
      if (cells.length !== columns)
        throw new DataError(
          'DATA_FORMAT',
          `${file}: ${unit} ${line} has ${cells.length} columns, expected ${columns}`,
        )
      for (let column = 0; column < columns; column++) {
        const cell = cells[column]!
        const value = numberOf(cell)
        if (column === target) {
          targets.add(cell, value, line, column)
          continue
        }
        if (column === 0) index.see(value)
        examples.push(numberIn(cell, value, line, column))
      }
      lines.push(line)
      rows += 1
    },
    end(): Table {
      if (rows === 0) throw new DataError('DATA_FORMAT', `${file}: no examples, expected at least one`)
      const width = columns - 1
      const hasIndex = target !== 0 && width > 1 && index.isIndex()
      return {
        width,
        examples: examples.end(),
        targets: targets.end(),
        lines: lines.end(),
        unit,
        names,
        targetNote: isTargetNamed(shape) ? null : targetText(shape),
        hasIndex,
        missing: missing === 0 ? null : { count: missing, where: firstMissing },
      }
    },
  }
}

/** Targets are all numbers or all names: one name among numbers is a slip. */
function createTargets(file: string, place: (line: number, column: number) => string) {
  const values = createNumberList(file, Float64Array)
  const names = new Map<string, number>()
  let kind: RawTargets['kind'] | null = null
  let isReal = false
  return {
    add(cell: string, value: number | null, line: number, column: number): void {
      const refuse = (why: string) =>
        new DataError('DATA_LABEL', `${file}: ${place(line, column)} is ${shownCell(cell)}${why}`)
      if (value === null && isMissing(cell)) throw refuse('; expected a target in every row')
      kind ??= value === null ? 'names' : 'numbers'
      if ((value === null) !== (kind === 'names'))
        throw refuse(`, and the targets before it are ${kind}; expected all to be numbers or all to be names`)
      if (value === null) {
        if (cell.includes('\ufffd')) throw refuse(', which is not UTF-8; expected a file in UTF-8')
        if (cell.length > LABEL_LENGTH_MAX)
          throw refuse(`, ${cell.length} characters; expected a label of at most ${LABEL_LENGTH_MAX}`)
        const known = names.get(cell) ?? names.size
        if (known === CLASSES_MAX)
          throw refuse(
            `, after ${CLASSES_MAX} other labels; expected at most ${CLASSES_MAX}; is this column the target?`,
          )
        names.set(cell, known)
        values.push(known)
      } else {
        values.push(value)
        isReal ||= /[.e]/i.test(cell)
      }
    },
    end: (): RawTargets =>
      kind === 'names'
        ? { kind, values: values.end(), names: [...names.keys()] }
        : { kind: 'numbers', values: values.end(), isReal },
  }
}

/** "the target is the last column (noise)". */
function targetText({ names, columns, target }: Shape): string {
  const name = names?.[target] ?? ''
  const which = target === columns - 1 ? 'the last column' : `column ${target + 1}`
  return `the target is ${which}${name === '' ? '' : ` (${shortened(name)})`}`
}

function isTargetNamed({ names, target }: Shape): boolean {
  return TARGET_NAMES.includes(names?.[target]?.toLowerCase() ?? '')
}

/** A text among the values is often the target of a file that does not say so. */
function targetHint(shape: Shape): string {
  const heal = isTargetNamed(shape)
    ? ''
    : `: call the column ${TARGET_NAMES.slice(0, -1).join(', ')} or ${TARGET_NAMES.at(-1)}, or put it last`
  return `; ${targetText(shape)}${heal}`
}

/** @param hint about what stands in place of a number; null where the column says yes and no */
function notNumber(file: string, where: string, cell: string, hint: string | null): DataError {
  const expected = hint === null ? 'True or False, as in the rows before' : numberExpected(cell, hint)
  return new DataError('DATA_NUMBER', `${file}: ${where} is ${shownCell(cell)}, expected ${expected}`)
}

/** As pandas and others write yes and no. Null for what is neither. */
function truthOf(cell: string): number | null {
  if (cell.length > 5) return null
  const word = cell.toLowerCase()
  return word === 'true' ? 1 : word === 'false' ? 0 : null
}
