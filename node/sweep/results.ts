/** The results of a sweep as files that other programs open: a line or a row for each run, and the series in long form. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { SweepDefinition } from './definition.ts'
import { drawnRows } from './drawn.ts'
import type { SweepAbout } from './figures/document.ts'
import type { RunRow, Setting } from './rows.ts'
import { isSetting, readSetting } from './settings.ts'
import { rowText, storeFile, unwritten } from './store.ts'

type ColumnType = 'STRING' | 'BOOLEAN' | 'INT64' | 'DOUBLE'

/** A column of a table: a value for each row, of one type or missing. */
interface Column {
  readonly name: string
  readonly type: ColumnType
  readonly values: readonly (Setting | null)[]
}

/**
 * Writes `results` as .jsonl, .csv and .parquet, `series` as .csv and .parquet, `index.html` and `figures/`.
 * @returns what the figures leave out, in sentences
 * @throws StoreError
 */
export async function writeResults(
  folder: string,
  definition: SweepDefinition,
  rows: readonly RunRow[],
): Promise<readonly string[]> {
  await storeFile(join(folder, 'results.jsonl'), rows.map(row => `${rowText(row)}\n`).join(''))
  for (const [name, columns] of [
    ['results', columnsOf(rows)],
    ['series', seriesColumns(rows)],
  ] as const) {
    const isEmpty = name === 'series' && columns[0]!.values.length === 0
    for (const ending of isEmpty ? ['csv', 'parquet'] : [])
      await rm(join(folder, `${name}.${ending}`), { force: true })
    if (isEmpty) continue
    await storeFile(join(folder, `${name}.csv`), await csvOf(columns))
    await storeFile(join(folder, `${name}.parquet`), await parquetOf(columns))
  }
  const { writeFigures } = await import('./figures/index.ts')
  const drawn = drawnRows(rows)
  const written = await writeFigures(drawn.rows, aboutOf(definition), folder).catch(error => {
    throw unwritten(folder, error)
  })
  return [...drawn.notes, ...written.notes]
}

function aboutOf({ name, title, axes }: SweepDefinition): SweepAbout {
  return {
    name,
    ...(title !== undefined && { title }),
    axes: axes.map(axis => axis.name),
    values: Object.fromEntries(axes.map(axis => [axis.name, axis.choices.map(choice => choice.name)])),
  }
}

/**
 * A row for each run: its name, how it ended, the axes, the other settings, the metrics and the seconds. Where an axis has
 * named variants of one setting, the setting's own value stands beside it as `settings.NAME`.
 */
function columnsOf(rows: readonly RunRow[]): readonly Column[] {
  const namesIn = (of: (row: RunRow) => Readonly<Record<string, unknown>>) => [
    ...new Set(rows.flatMap(row => Object.keys(of(row)))),
  ]
  const column = (
    name: string,
    of: (row: RunRow) => Setting | null | undefined,
    type?: ColumnType,
    setting = name,
  ): Column => {
    const values = rows.map(row => of(row) ?? null)
    return { name, type: type ?? typeOfSetting(setting, values), values }
  }
  const axes = namesIn(row => row.axes)
  const settings = namesIn(row => row.settings).filter(name =>
    rows.some(row => name in row.settings && row.settings[name] !== row.axes[name]),
  )
  return [
    column('run', row => row.run, 'STRING'),
    column('version', row => row.version, 'STRING'),
    column('status', row => row.status, 'STRING'),
    column('why', row => row.why, 'STRING'),
    ...axes.map(name => column(name, row => row.axes[name])),
    ...settings.map(name =>
      column(axes.includes(name) ? `settings.${name}` : name, row => row.settings[name], undefined, name),
    ),
    ...namesIn(row => row.metrics).map(name =>
      column(name, row => row.metrics[name], COUNTS.has(name) ? 'INT64' : 'DOUBLE'),
    ),
    column('seconds', row => row.seconds, 'DOUBLE'),
  ]
}

/** Metrics that are whole numbers; the others have a fraction, even where it is 0. */
const COUNTS: ReadonlySet<string> = new Set(['stepsDone', 'messages', 'bytes', 'violations'])

/** A row for each value of each metric of each run. */
function seriesColumns(rows: readonly RunRow[]): readonly Column[] {
  const points = rows.flatMap(({ run, series }) =>
    Object.entries(series).flatMap(([metric, { steps, values }]) =>
      steps.map((step, place) => [run, metric, step, values[place]!] as const),
    ),
  )
  const types = { run: 'STRING', metric: 'STRING', step: 'INT64', value: 'DOUBLE' } as const
  return Object.entries(types).map(([name, type], place) => ({
    name,
    type,
    values: points.map(point => point[place]!),
  }))
}

/** RFC 4180, with a header; a missing value is empty. Numbers have all their digits. */
async function csvOf(columns: readonly Column[]): Promise<string> {
  const { stringify } = await import('csv-stringify/sync')
  const rows = columns[0]!.values.map((_, row) => columns.map(({ values }) => values[row]))
  return stringify([columns.map(({ name }) => name), ...rows], { cast: { boolean: String } })
}

async function parquetOf(columns: readonly Column[]): Promise<Uint8Array> {
  const { parquetWriteBuffer } = await import('hyparquet-writer')
  const columnData = columns.map(({ name, type, values }) => ({
    name,
    type,
    data: values.map(value => (value === null ? null : convert[type](value))),
  }))
  return new Uint8Array(parquetWriteBuffer({ columnData }))
}

const convert: Readonly<Record<ColumnType, (value: Setting) => unknown>> = {
  STRING: String,
  BOOLEAN: value => value,
  INT64: value => BigInt(value),
  DOUBLE: value => value,
}

/** Of a column with texts among its numbers every value is a text. Numbers are whole where the setting only takes such. */
function typeOfSetting(name: string, values: Column['values']): ColumnType {
  const kinds = new Set(values.filter(value => value !== null).map(value => typeof value))
  if (kinds.size !== 1) return 'STRING'
  if (kinds.has('boolean')) return 'BOOLEAN'
  if (!kinds.has('number')) return 'STRING'
  return isWhole(name) ? 'INT64' : 'DOUBLE'
}

/** Whether every number that a setting takes is a whole one. The number of liars is a result of the settings. */
function isWhole(name: string): boolean {
  if (name === 'byzantine') return true
  return isSetting(name) && !['0.5', '1.5'].some(text => takes(name, text))
}

function takes(name: string, text: string): boolean {
  try {
    readSetting(name, text, name)
    return true
  } catch {
    return false
  }
}
