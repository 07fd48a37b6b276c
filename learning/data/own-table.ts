/** A member's own table: checked against the schema that the members agreed on, and read by it. */
import { basename } from 'node:path'
import { parseDataName } from './data-name.ts'
import { DataError, type DataSource, type Dataset, type Scale, sourceOf, takeExamples } from './dataset.ts'
import { type HoldOut, holdOut } from './hold-out.ts'
import { type CheckedData, countsText, createMisfits, refusalOf } from './misfits.ts'
import { shapeOfSchema, type TableSchema, type Target } from './schema.ts'
import { createSchemaReader } from './schema-reader.ts'
import { shortened } from './shortened.ts'
import { agreedNotes } from './statistics.ts'
import { streamTable, tableEnding } from './table-file.ts'

/** Reads all of a file and keeps none of it. @throws DataError if there is no such table */
export async function checkTable(file: string, schema: TableSchema): Promise<CheckedData> {
  const { misfits, rows } = await readRows(file, schema, false)
  return { misfits, notes: rows.notes, holds: holdsText(schema, rows) }
}

/** @throws DataError, naming the first misfit; `DATA_MISSING` and the like if the file cannot be read */
export async function loadOwnTable(
  file: string,
  { schema, holdout, seed }: HoldOut & { readonly schema: TableSchema },
): Promise<DataSource> {
  const { misfits, rows } = await readRows(file, schema, true)
  if (misfits.count > 0) throw refusalOf(misfits)
  const all: Dataset = {
    name: basename(file),
    ...shapeOfSchema(schema),
    examples: rows.examples,
    labels: rows.labels,
    ...(rows.values && { values: rows.values }),
    ...(hasScale(schema.target) && { targetScale: schema.target.scale }),
  }
  const { train, test } = holdOut(all.labels, holdout, seed)
  const notes = [
    `${shortened(basename(file))}: ${holdsText(schema, rows)}`,
    ...rows.notes,
    `${schema.columns.length} columns make ${all.shape[0]} inputs; ${train.length} rows to learn from, ${test.length} held out to measure on`,
    ...agreedNotes(schema),
    'the rows stay on this machine: the other members get vectors, and messages about vectors',
  ]
  return sourceOf(takeExamples(all, train), takeExamples(all, test), file, notes)
}

function hasScale(target: Target): target is Target & { readonly scale: Scale } {
  return target.type === 'number' && typeof target.scale === 'object'
}

async function readRows(file: string, schema: TableSchema, keep: boolean) {
  checkTableName(file)
  const misfits = createMisfits(file)
  const reader = createSchemaReader(file, schema, misfits, keep)
  try {
    await streamTable(file, reader)
  } catch (error) {
    // What comes before the place where a table breaks off has been looked at.
    if (!(error instanceof DataError && error.code === 'DATA_FORMAT')) throw error
    misfits.add({ kind: 'file', column: null, text: error.message.replace(`${file}: `, '') })
  }
  const rows = reader.end()
  if (rows.count === 1 && misfits.count === 0)
    misfits.add({
      kind: 'file',
      column: null,
      text: 'it has a single row; expected two, as one is held out to measure on',
    })
  return { misfits, rows }
}

/** @throws DataError for what is no table, or fills missing cells by itself */
export function checkTableName(file: string): void {
  const { path, suffix } = parseDataName(file)
  if (suffix !== null)
    throw new DataError(
      'DATA_FORMAT',
      `${file}: the schema says what a missing cell becomes; expected ${path}, without "${suffix}"`,
    )
  if (tableEnding(file) === null)
    throw new DataError(
      'DATA_FORMAT',
      `${file}: expected a .csv, .tsv or .parquet file, as the schema is for tables`,
    )
}

function holdsText(
  { target }: TableSchema,
  { count, perClass }: { readonly count: number; readonly perClass: readonly number[] },
): string {
  const rows = count === 1 ? '1 row' : `${count} rows`
  if (target.type === 'number') return `${rows}; "${shortened(target.name)}" is a number to be predicted`
  return `${rows}; classes of "${shortened(target.name)}": ${countsText(target.classes, perClass)}`
}
