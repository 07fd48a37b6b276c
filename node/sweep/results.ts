/** The results of a sweep as files that other programs open: a line or a row for each run, and the series in long form. */
import { join } from 'node:path'
import type { SweepDefinition } from './definition.ts'
import type { RunRow, Setting } from './rows.ts'
import { rowText, storeFile } from './store.ts'

/** A column of a table: a value for each row, of one type or missing. */
interface Column {
  readonly name: string
  readonly values: readonly (Setting | null)[]
}

/**
 * Writes `sweep.yaml`, `results` as .jsonl, .csv and .parquet, and `series` as .csv and .parquet.
 * @throws StoreError
 */
export async function writeResults(
  folder: string,
  definition: SweepDefinition,
  rows: readonly RunRow[],
): Promise<void> {
  await storeFile(join(folder, 'sweep.yaml'), definition.text)
  await storeFile(join(folder, 'results.jsonl'), rows.map(row => `${rowText(row)}\n`).join(''))
  for (const [name, columns] of [
    ['results', columnsOf(rows)],
    ['series', seriesColumns(rows)],
  ] as const) {
    await storeFile(join(folder, `${name}.csv`), csvOf(columns))
    await storeFile(join(folder, `${name}.parquet`), await parquetOf(columns))
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
  const column = (name: string, of: (row: RunRow) => Setting | null | undefined): Column => ({
    name,
    values: rows.map(row => of(row) ?? null),
  })
  const axes = namesIn(row => row.axes)
  const settings = namesIn(row => row.settings).filter(name =>
    rows.some(row => name in row.settings && row.settings[name] !== row.axes[name]),
  )
  return [
    column('run', row => row.run),
    column('version', row => row.version),
    column('status', row => row.status),
    column('why', row => row.why),
    ...axes.map(name => column(name, row => row.axes[name])),
    ...settings.map(name =>
      column(axes.includes(name) ? `settings.${name}` : name, row => row.settings[name]),
    ),
    ...namesIn(row => row.metrics).map(name => column(name, row => row.metrics[name])),
    column('seconds', row => row.seconds),
  ]
}

/** A row for each value of each metric of each run. */
function seriesColumns(rows: readonly RunRow[]): readonly Column[] {
  const points = rows.flatMap(({ run, series }) =>
    Object.entries(series).flatMap(([metric, { steps, values }]) =>
      steps.map((step, place) => [run, metric, step, values[place]!] as const),
    ),
  )
  return ['run', 'metric', 'step', 'value'].map((name, place) => ({
    name,
    values: points.map(point => point[place]!),
  }))
}

/** RFC 4180, with a header; a missing value is empty. Numbers have all their digits. */
function csvOf(columns: readonly Column[]): string {
  const field = (value: Setting | null) => {
    const text = value === null ? '' : String(value)
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  }
  const lines = [columns.map(({ name }) => field(name)).join(',')]
  const count = columns[0]?.values.length ?? 0
  for (let row = 0; row < count; row++) lines.push(columns.map(({ values }) => field(values[row]!)).join(','))
  return `${lines.join('\n')}\n`
}

async function parquetOf(columns: readonly Column[]): Promise<Uint8Array> {
  const { parquetWriteBuffer } = await import('hyparquet-writer')
  const columnData = columns.map(({ name, values }) => {
    const type = typeOf(values)
    return {
      name,
      type,
      data: values.map(value => (type === 'STRING' && value !== null ? String(value) : value)),
    }
  })
  return new Uint8Array(parquetWriteBuffer({ columnData }))
}

/** Of a column with texts among its numbers every value is a text. */
function typeOf(values: Column['values']): 'BOOLEAN' | 'DOUBLE' | 'STRING' {
  const kinds = new Set(values.filter(value => value !== null).map(value => typeof value))
  if (kinds.size > 1) return 'STRING'
  const [kind = 'number'] = kinds
  return kind === 'boolean' ? 'BOOLEAN' : kind === 'number' ? 'DOUBLE' : 'STRING'
}
