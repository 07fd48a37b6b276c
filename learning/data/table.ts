/**
 * Tables: one example a row, the last column the target, or the one that is named label, target, class or y. Targets are
 * names, or numbers; one decimal point among them makes them all real numbers. In text, a first line of names is a header.
 */
import { basename, join } from 'node:path'
import { readRecords } from './csv-records.ts'
import { createTableReader, type Table } from './csv-table.ts'
import { DataError, type DataSource, type Dataset, sourceOf } from './dataset.ts'
import { type Filling, filledText, fillingHint, fillingsOf, fillMissing } from './missing.ts'
import { inOrder } from './read-file.ts'
import { shortened } from './shortened.ts'
import { streamTable, type TableEnding, unitOf } from './table-file.ts'
import { type Classes, classesOf, targetsOf } from './targets.ts'

/** In a single file, every fifth line is for testing. */
const TEST_EVERY = 5

/** A table with what was noticed in it, and where it is. */
interface ReadTable extends Table {
  readonly file: string
  readonly notes: readonly string[]
}

/** @throws DataError `DATA_FORMAT`, `DATA_NUMBER` or `DATA_LABEL`, naming file, line and column */
export function parseCsv(text: string, file: string): Table {
  const reader = createTableReader(file)
  readRecords(text, file, reader)
  return reader.end()
}

/**
 * A directory with a training and a test file, or one file, of which every fifth example is for testing.
 * @param parts the ending of the two files' names; null: `path` is the one file
 * @param filling of missing cells; null: they are refused
 */
export async function loadTable(
  path: string,
  parts: TableEnding | null,
  filling: Filling | null = null,
): Promise<DataSource> {
  const isFile = parts === null
  const files = isFile ? [path] : [join(path, `train${parts}`), join(path, `test${parts}`)]
  const tables = await inOrder(files, readTable)
  if (filling === null) for (const table of tables) checkComplete(table, path)
  if (tables.length === 2) checkNames(tables[0]!, tables[1]!)
  const { hasIndex, notes, targetNote } = tables[0]!
  const found = [...notes]
  const used = hasIndex ? tables.map(withoutFirst) : tables
  if (hasIndex) found.push(indexText(tables[0]!))
  if (targetNote !== null) found.push(targetNote)
  const classes = classesOf(used[0]!.targets, used[0]!)
  if (classes.note !== null) found.push(classes.note)
  const [train, test] = isFile ? split(used[0]!) : [used[0]!, used[1]!]
  if (filling !== null) {
    const fillings = fillingsOf(train.examples, train.width, filling)
    const filled = [train, test].map(({ examples }) => fillMissing(examples, fillings))
    const count = filled.reduce((sum, each) => sum + each)
    if (count > 0) found.push(filledText(count, filling))
  }
  const name = basename(path)
  return sourceOf(datasetOf(train, name, classes), datasetOf(test, name, classes), path, found)
}

async function readTable(file: string): Promise<ReadTable> {
  const reader = createTableReader(file, unitOf(file))
  const notes = await streamTable(file, reader)
  return { file, notes, ...reader.end() }
}

function checkComplete({ missing, file }: ReadTable, path: string): void {
  if (missing === null) return
  const more = missing.count === 1 ? '' : `, the first of ${missing.count}`
  throw new DataError(
    'DATA_NUMBER',
    `${file}: ${missing.where} has no value${more}; expected ${fillingHint(path)}`,
  )
}

/** A column is found by its place: two headers must say the same. */
function checkNames(train: ReadTable, test: ReadTable): void {
  if (train.names === null || test.names === null || train.names.length !== test.names.length) return
  const at = train.names.findIndex((name, column) => name !== test.names![column])
  if (at < 0) return
  throw new DataError(
    'DATA_MISMATCH',
    `${test.file}: column ${at + 1} is "${shortened(test.names[at]!)}", and "${shortened(train.names[at]!)}" in ${train.file}; expected the same columns in the same order`,
  )
}

function indexText({ names }: Table): string {
  const name = names?.[0] ?? ''
  return `left out the first column${name === '' ? '' : `, "${shortened(name)}"`}: it numbers the rows`
}

/** @returns the table without its first column of values */
function withoutFirst(table: ReadTable): ReadTable {
  const width = table.width - 1
  const examples = new Float32Array(table.lines.length * width)
  for (let row = 0; row < table.lines.length; row++)
    examples.set(table.examples.subarray(row * table.width + 1, (row + 1) * table.width), row * width)
  return { ...table, width, examples }
}

function split(table: ReadTable): readonly [ReadTable, ReadTable] {
  const isTest = (row: number) => row % TEST_EVERY === TEST_EVERY - 1
  const [train, test] = [pick(table, row => !isTest(row)), pick(table, isTest)]
  if (test.lines.length > 0) return [train, test]
  throw new DataError(
    'DATA_FORMAT',
    `${table.file}: ${table.lines.length} examples, expected at least ${TEST_EVERY}: every fifth is for testing`,
  )
}

function datasetOf(
  { width, examples, targets, lines, unit, file }: ReadTable,
  name: string,
  classes: Classes,
): Dataset {
  const origin = { file, recordText: (record: number) => `${unit} ${lines[record]}` }
  return { name, shape: [width], examples, ...targetsOf(targets, classes, origin) }
}

function pick(table: ReadTable, isChosen: (row: number) => boolean): ReadTable {
  const rows = table.lines.length
  let count = 0
  for (let row = 0; row < rows; row++) if (isChosen(row)) count += 1
  const examples = new Float32Array(count * table.width)
  const values = new Float64Array(count)
  const lines = new Uint32Array(count)
  for (let [row, to] = [0, 0]; row < rows; row++) {
    if (!isChosen(row)) continue
    examples.set(table.examples.subarray(row * table.width, (row + 1) * table.width), to * table.width)
    values[to] = table.targets.values[row]!
    lines[to] = table.lines[row]!
    to += 1
  }
  return { ...table, examples, targets: { ...table.targets, values }, lines }
}
