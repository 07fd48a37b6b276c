/**
 * Tables as text: one example a line, numbers separated by commas, the last column the target. A first line that is not
 * all numbers is a header. If it names a column label, target, class or y, that column is the target. Targets that are
 * all whole numbers from 0 on are classes; one decimal point among them makes them all real numbers.
 */
import { basename, join } from 'node:path'
import { DataError, type DataSource, type Dataset, sourceOf } from './dataset.ts'
import { inOrder, readText } from './read-file.ts'
import { classesOf, targetsOf } from './targets.ts'

/** A text's longest length in V8, 2²⁹ − 24 characters: one byte each, as long as they are ASCII. */
const CSV_BYTES_MAX = 2 ** 29 - 24

const TARGET_NAMES = ['label', 'target', 'class', 'y']
/** In a single file, every fifth line is for testing. */
const TEST_EVERY = 5

interface Table {
  /** Values of one example. */
  readonly width: number
  readonly examples: Float32Array
  readonly targets: readonly number[]
  /** A target was written with a decimal point or an exponent. */
  readonly isReal: boolean
}

/** @throws DataError `DATA_FORMAT` or `DATA_NUMBER`, naming file and line */
export function parseCsv(text: string, file: string): Table {
  const lines = text.split(/\r?\n/)
  while (lines.at(-1)?.trim() === '') lines.pop()
  const first = cells(lines[0] ?? '')
  const isHeader = first.some(cell => !isNumber(cell))
  const columns = first.length
  if (columns < 2)
    throw new DataError(
      'DATA_FORMAT',
      `${file}: line 1 has ${columns} column; expected at least one value and the target, separated by commas`,
    )
  const named = isHeader ? first.findIndex(cell => TARGET_NAMES.includes(cell.toLowerCase())) : -1
  const target = named >= 0 ? named : columns - 1
  const rows = isHeader ? lines.slice(1) : lines
  if (rows.length === 0) throw new DataError('DATA_FORMAT', `${file}: no examples, expected at least one`)
  const examples = new Float32Array(rows.length * (columns - 1))
  const targets: number[] = []
  let isReal = false
  let at = 0
  for (const [row, line] of rows.entries()) {
    const number = row + (isHeader ? 2 : 1)
    const parts = cells(line)
    if (parts.length !== columns)
      throw new DataError(
        'DATA_FORMAT',
        `${file}: line ${number} has ${parts.length} columns, expected ${columns}`,
      )
    for (const [column, cell] of parts.entries()) {
      if (!isNumber(cell))
        throw new DataError(
          'DATA_NUMBER',
          `${file}: line ${number}, column ${column + 1} is "${cell}", expected a number`,
        )
      if (column === target) {
        targets.push(Number(cell))
        isReal ||= /[.e]/i.test(cell)
      } else examples[at++] = Number(cell)
    }
  }
  return { width: columns - 1, examples, targets, isReal }
}

/** A directory with train.csv and test.csv, or one file, of which every fifth example is for testing. */
export async function loadCsv(path: string, isFile: boolean): Promise<DataSource> {
  const name = basename(path)
  if (!isFile) {
    const files = [join(path, 'train.csv'), join(path, 'test.csv')]
    const [train, test] = await inOrder(files, async file => parseCsv(await textOf(file), file))
    const classes = classesOf(train!.targets, train!.isReal, files[0]!)
    return sourceOf(
      datasetOf(train!, name, classes, files[0]!),
      datasetOf(test!, name, classes, files[1]!),
      path,
    )
  }
  const table = parseCsv(await textOf(path), path)
  const classes = classesOf(table.targets, table.isReal, path)
  const isTest = (_: unknown, row: number) => row % TEST_EVERY === TEST_EVERY - 1
  const [train, test] = [pick(table, row => !isTest(null, row)), pick(table, row => isTest(null, row))]
  if (test.targets.length === 0)
    throw new DataError(
      'DATA_FORMAT',
      `${path}: ${table.targets.length} examples, expected at least ${TEST_EVERY}: every fifth is for testing`,
    )
  return sourceOf(datasetOf(train, name, classes, path), datasetOf(test, name, classes, path), path)
}

function datasetOf(
  { width, examples, targets }: Table,
  name: string,
  classes: number,
  where: string,
): Dataset {
  return { name, shape: [width], examples, ...targetsOf(targets, classes, where) }
}

function pick(table: Table, isChosen: (row: number) => boolean): Table {
  const rows = table.targets.flatMap((_, row) => (isChosen(row) ? [row] : []))
  const examples = new Float32Array(rows.length * table.width)
  for (const [to, row] of rows.entries())
    examples.set(table.examples.subarray(row * table.width, (row + 1) * table.width), to * table.width)
  return { ...table, examples, targets: rows.map(row => table.targets[row]!) }
}

function cells(line: string): string[] {
  return line.split(',').map(cell => cell.trim().replace(/^"(.*)"$/, '$1'))
}

function isNumber(cell: string): boolean {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(cell) && Number.isFinite(Math.fround(Number(cell)))
}

function textOf(file: string): Promise<string> {
  return readText(file, CSV_BYTES_MAX).catch((error: NodeJS.ErrnoException) => {
    const isMissing = error.code === 'ENOENT'
    throw new DataError(
      isMissing ? 'DATA_MISSING' : 'DATA_UNREADABLE',
      `${file}: ${isMissing ? 'no such file; expected train.csv and test.csv' : error.message}`,
    )
  })
}
