/** Puts the parts of a sweep together that several machines have run, and compares the runs that more than one has. */
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { FileError } from '../files/error.ts'
import { type SweepDefinition, SweepError } from './definition.ts'
import { checkFolder, type ListedRun, type Results, readResults, writeList } from './folder.ts'
import { cellsOf } from './grid.ts'
import { dataOfPage, openPages } from './pages.ts'
import { writeResults } from './results.ts'
import type { RunRow } from './rows.ts'
import { openStore } from './store.ts'
import { TIME_OVER } from './watch.ts'

/** What a merge has found. */
interface Merged {
  readonly rows: readonly RunRow[]
  /** Cells of the grid that no part has run. */
  readonly open: number
  /** Runs that more than one part has, and that agree. */
  readonly compared: number
  /** One sentence for each file of a run that is not taken over. */
  readonly notes: readonly string[]
}

/**
 * Writes the runs of all folders to one, with the results of them all.
 * @throws SweepError `sweep-differs` where two results of one run are not the same to the bit, but for their seconds;
 * `sweep-results` where folders belong to different sweeps, or to different versions of the code; `sweep-folder` where
 * `out` is one of them, or holds another sweep; StoreError
 */
export async function mergeSweeps(folders: readonly string[], out: string): Promise<Merged> {
  const parts: (Results & { readonly folder: string })[] = []
  for (const folder of folders) parts.push({ folder, ...(await readResults(folder)) })
  const { definition } = parts[0]!
  checkSame(parts)
  const into = folders.find(folder => resolve(folder) === resolve(out))
  if (into !== undefined)
    throw new SweepError(
      'sweep-folder',
      `${into} is one of the folders to merge; expected another one for all of them`,
    )
  await checkFolder(out, definition)
  checkInputs(parts)
  const found = new Map<string, { readonly row: RunRow; readonly folder: string }>()
  let compared = 0
  for (const { folder, rows } of parts)
    for (const row of rows) {
      const key = keyOf(row.axes)
      const other = found.get(key)
      if (other === undefined) found.set(key, { row, folder })
      else {
        found.set(key, { ...other, row: agreeing(other, { row, folder }) })
        if (row.status !== 'skipped') compared++
      }
    }
  const cells = cellsOf(definition)
  const rows = cells.flatMap(({ axes }) => found.get(keyOf(axes))?.row ?? [])
  const listed = new Map<string, ListedRun>()
  for (const part of parts) for (const each of part.listed) listed.set(keyOf(each.axes), each)
  const store = await openStore(join(out, 'runs'))
  await writeList(
    out,
    definition,
    cells.flatMap(({ axes }) => listed.get(keyOf(axes)) ?? []),
  )
  for (const row of rows) if (row.status !== 'skipped') await store.write(row)
  const left = await mergePages(folders, out, definition, rows)
  await copyTuning(folders, out)
  await writeResults(out, definition, rows)
  const notes = [...parts.flatMap(part => part.notes), ...left]
  return { rows, open: cells.length - rows.length, compared, notes }
}

const keyOf = (axes: RunRow['axes']) => JSON.stringify(Object.entries(axes).sort())

/** @throws SweepError */
function checkSame(
  parts: readonly {
    readonly folder: string
    readonly rows: readonly RunRow[]
    readonly definition: SweepDefinition
  }[],
): void {
  const [first] = parts
  const wrong = (message: string) => new SweepError('sweep-results', message)
  const other = parts.find(({ definition }) => definition.text !== first!.definition.text)
  if (other !== undefined)
    throw wrong(
      `${other.folder}/sweep.yaml is another sweep than ${first!.folder}/sweep.yaml; expected parts of one`,
    )
  const versions = new Map<string, string>()
  for (const { folder, rows } of parts) for (const { version } of rows) versions.set(version, folder)
  const [one, two] = [...versions]
  if (two !== undefined)
    throw wrong(
      `${one![1]} has results of version ${one![0]}, and ${two[1]} of ${two[0]}; expected results of one version, which are never mixed`,
    )
}

/** @throws SweepError where a file of the user's was another one in one part than in another */
function checkInputs(parts: readonly (Results & { readonly folder: string })[]): void {
  const known = new Map<string, { readonly digest: string; readonly folder: string }>()
  for (const { folder, rows } of parts)
    for (const { inputs = {} } of rows)
      for (const [path, digest] of Object.entries(inputs)) {
        const other = known.get(path) ?? { digest, folder }
        known.set(path, other)
        if (other.digest !== digest)
          throw new SweepError(
            'sweep-results',
            `${folder} has results of another ${path} than ${other.folder}; expected results of one, which are never mixed`,
          )
      }
}

interface Found {
  readonly row: RunRow
  readonly folder: string
}

/** How far a run came in its time is the machine's doing, and so is a failure for want of memory. */
export function isChance({ status, why }: RunRow): boolean {
  return status === 'failed' || why?.startsWith(TIME_OVER) === true
}

/** The one of two results of a run that is kept. @throws SweepError `sweep-differs` */
function agreeing(first: Found, second: Found): RunRow {
  if (isChance(first.row)) return second.row
  if (isChance(second.row)) return first.row
  const field = differing({ ...first.row, seconds: 0 }, { ...second.row, seconds: 0 })
  if (field === null) return first.row
  throw new SweepError(
    'sweep-differs',
    `run ${first.row.run}: ${field.path} is ${JSON.stringify(field.one)} in ${first.folder}, and ${JSON.stringify(field.other)} in ${second.folder}; expected the same to the bit`,
  )
}

interface Difference {
  readonly path: string
  readonly one: unknown
  readonly other: unknown
}

/** The first place where two values of JSON differ. */
export function differing(one: unknown, other: unknown, path = ''): Difference | null {
  const isBranch = (value: unknown): value is Readonly<Record<string, unknown>> =>
    typeof value === 'object' && value !== null
  if (!isBranch(one) || !isBranch(other)) return Object.is(one, other) ? null : { path, one, other }
  for (const key of new Set([...Object.keys(one), ...Object.keys(other)])) {
    const found = differing(one[key], other[key], path === '' ? key : `${path}.${key}`)
    if (found !== null) return found
  }
  return null
}

/**
 * Of two pages of a run the one that shows more; in the folder's own page, whatever else stood in theirs.
 * @returns a sentence for each page that is none of its run
 */
async function mergePages(
  folders: readonly string[],
  out: string,
  definition: SweepDefinition,
  rows: readonly RunRow[],
): Promise<readonly string[]> {
  const pages = await openPages(join(out, 'runs'), definition)
  const notes: string[] = []
  for (const row of rows) {
    let most: string | null = null
    for (const folder of folders) {
      const data = await dataOfPage(join(folder, 'runs'), row.run, pages.titleOf(row)).catch(error => {
        if (!(error instanceof FileError)) throw error
        notes.push(`${error.message}. It is left out`)
        return null
      })
      if ((data?.length ?? 0) > (most?.length ?? 0)) most = data
    }
    if (most !== null) await pages.write(row, most)
  }
  return notes
}

/** So that the same sweep, run in the merged folder, tunes nothing again. */
async function copyTuning(folders: readonly string[], out: string): Promise<void> {
  for (const folder of folders) {
    const from = join(folder, 'tuning')
    const names = await readdir(from).catch(() => [])
    if (names.length === 0) continue
    const [source, target] = [await openStore(from), await openStore(join(out, 'tuning'))]
    for (const name of names) {
      const row = name.endsWith('.json') ? await source.read(name.slice(0, -'.json'.length)) : null
      if (row !== null) await target.write(row)
    }
  }
}
