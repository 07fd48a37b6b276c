/** What a sweep's folder is of: the sweep's file, and the list of its runs, both there before the first run begins. */
import { readFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { z } from 'zod'
import { readText } from '../../learning/data/read-file.ts'
import { type SweepDefinition, SweepError } from './definition.ts'
import { cellsOf } from './grid.ts'
import { parseSweep, sweepText } from './read-sweep.ts'
import type { RunRow } from './rows.ts'
import { openStore, RUN_NAME, setting, storeFile } from './store.ts'

/** A run that belongs to the sweep, whether it has a result or not. */
export interface ListedRun extends Pick<RunRow, 'run' | 'version' | 'axes' | 'settings'> {
  /** Why it is never run; null: it is. */
  readonly skipped: string | null
}

/** The results that a folder holds, with what they are results of. */
export interface Results {
  readonly definition: SweepDefinition
  /** Of all runs that have a result, and those that are never run, in the order of the grid. */
  readonly rows: readonly RunRow[]
  readonly listed: readonly ListedRun[]
  /** How many cells of the grid have no result. */
  readonly open: number
  /** One sentence for each file of a run that cannot be read. */
  readonly notes: readonly string[]
}

const SWEEP_FILE = 'sweep.yaml'
const LIST_FILE = 'plan.json'

/** A million runs fill it. */
const LIST_BYTES_MAX = 2 ** 29

const listSchema = z.object({
  name: z.string(),
  /** Where relative paths begin, from this folder; absent: in it. */
  base: z.string().optional(),
  runs: z.array(
    z.object({
      run: z.string().regex(RUN_NAME),
      version: z.string(),
      axes: z.record(z.string(), setting),
      settings: z.record(z.string(), setting),
      skipped: z.string().nullable(),
    }),
  ),
})

/** Names the sweep and its runs in the folder. @throws StoreError */
export async function writeList(
  folder: string,
  { name, text, base }: SweepDefinition,
  runs: readonly ListedRun[],
): Promise<void> {
  const lines = runs.map(({ run, version, axes, settings, skipped }) =>
    JSON.stringify({ run, version, axes, settings, skipped }),
  )
  await storeFile(join(folder, SWEEP_FILE), text)
  await storeFile(
    join(folder, LIST_FILE),
    `{"name":${JSON.stringify(name)},"base":${JSON.stringify(relative(folder, base) || '.')},"runs":[\n${lines.join(',\n')}\n]}\n`,
  )
}

/** @throws SweepError if the folder has the results of a sweep of another name */
export async function checkFolder(folder: string, { name, text }: SweepDefinition): Promise<void> {
  const before = await readFile(join(folder, SWEEP_FILE), 'utf8').catch(() => null)
  if (before === null || before === text) return
  const other = await readListIn(folder).catch(() => null)
  if (other === null || other.name === name) return
  throw new SweepError(
    'sweep-folder',
    `${folder} holds another sweep, ${other.name}, and this one is ${name}; expected another folder (--out), ` +
      `or name: ${other.name} in the file if it is the same sweep`,
  )
}

async function readListIn(folder: string): Promise<z.infer<typeof listSchema>> {
  const path = join(folder, LIST_FILE)
  const text = await readText(path, LIST_BYTES_MAX).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'holds no sweep' : `cannot be read: ${error.message}`
    throw new SweepError('sweep-results', `${folder} ${why}; expected the folder of a "concord sweep"`)
  })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new SweepError('sweep-results', `${path}: not JSON; expected the list of a sweep's runs`)
  }
  const parsed = listSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new SweepError('sweep-results', `${path}: ${issue!.path.join('.')}: ${issue!.message}`)
}

/**
 * The sweep of a folder, with the results of those of its runs that have one in `runs/`: of a sweep that was stopped or
 * killed those that have ended. @throws SweepError if the folder holds no sweep
 */
export async function readResults(folder: string): Promise<Results> {
  const { name, base = '.', runs: listed } = await readListIn(folder)
  const file = join(folder, SWEEP_FILE)
  const parsed = parseSweep(await sweepText(file), file)
  const definition = { ...parsed, name, base: resolve(folder, base) }
  const { rows, notes } = await rowsOfList(folder, listed)
  return { definition, rows, listed, open: cellsOf(definition).length - rows.length, notes }
}

/** @throws SweepError if a file holds something else than a run */
export async function rowsOfList(
  folder: string,
  listed: readonly ListedRun[],
): Promise<{ readonly rows: readonly RunRow[]; readonly notes: readonly string[] }> {
  const store = await openStore(join(folder, 'runs'), { make: false })
  const rows: RunRow[] = []
  for (const each of listed) {
    const row = each.skipped === null ? await store.read(each.run) : skippedRow(each, each.skipped)
    if (row !== null) rows.push({ ...row, axes: each.axes, settings: each.settings })
  }
  return { rows, notes: store.notes() }
}

/** The row of a run below its bound. */
export function skippedRow({ run, version, axes, settings }: ListedRun, why: string): RunRow {
  return { run, version, status: 'skipped', why, axes, settings, metrics: {}, series: {}, seconds: 0 }
}
