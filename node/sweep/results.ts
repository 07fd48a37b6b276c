/** The results of a sweep as files that other programs open: a line or a row for each run, and the series in long form. */
import { join } from 'node:path'
import type { SweepDefinition } from './definition.ts'
import type { SweepAbout } from './figures/document.ts'
import type { RunRow, Setting } from './rows.ts'
import { rowText, storeFile, unwritten } from './store.ts'

/** A column of a table: a value for each row, of one type or missing. */
interface Column {
  readonly name: string
  readonly values: readonly (Setting | null)[]
}

/**
 * Writes `sweep.yaml`, `results` as .jsonl, .csv and .parquet, `series` as .csv and .parquet, `index.html` and `figures/`.
 * @returns what the figures leave out, in sentences
 * @throws StoreError
 */
export async function writeResults(
  folder: string,
  definition: SweepDefinition,
  rows: readonly RunRow[],
): Promise<readonly string[]> {
  await storeFile(join(folder, 'sweep.yaml'), definition.text)
  await storeFile(join(folder, 'results.jsonl'), rows.map(row => `${rowText(row)}\n`).join(''))
  for (const [name, columns] of [
    ['results', columnsOf(rows)],
    ['series', seriesColumns(rows)],
  ] as const) {
    await storeFile(join(folder, `${name}.csv`), await csvOf(columns))
    await storeFile(join(folder, `${name}.parquet`), await parquetOf(columns))
  }
  const { writeFigures } = await import('./figures/index.ts')
  const written = await writeFigures(rows, aboutOf(definition), folder).catch(error => {
    throw unwritten(folder, error)
  })
  return written.notes
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
async function csvOf(columns: readonly Column[]): Promise<string> {
  const { stringify } = await import('csv-stringify/sync')
  const rows = columns[0]!.values.map((_, row) => columns.map(({ values }) => values[row]))
  return stringify([columns.map(({ name }) => name), ...rows], { cast: { boolean: String } })
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
