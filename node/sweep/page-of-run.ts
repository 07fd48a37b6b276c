/** One run of a sweep's folder once more, looked on: it must come to what is stored, and its page then has every message. */
import { join } from 'node:path'
import { writeOutput } from '../files/output.ts'
import { pageApp } from '../page/built.ts'
import { filePage } from '../page/shell.ts'
import { SweepError } from './definition.ts'
import { type ListedRun, type Results, readResults } from './folder.ts'
import { cellsOf } from './grid.ts'
import { differing, isChance } from './merge.ts'
import { dataOfPage, openPages } from './pages.ts'
import { createPlanner, type PlannedRun } from './plan.ts'
import { runPool } from './pool.ts'
import { writeResults } from './results.ts'
import type { RunRow } from './rows.ts'
import type { Outcome } from './run-one.ts'
import { rowText } from './store.ts'

interface PageOptions {
  /** Where the page is written, as one file that needs nothing else; null: in the sweep's folder, beside the others. */
  readonly out: string | null
  /** Ends it. */
  readonly signal?: AbortSignal
}

interface WrittenPage {
  readonly path: string
  readonly row: RunRow
  /** Whether what came of it was compared with what is stored: not where the machine's own time ended it. */
  readonly isCompared: boolean
  /** Whether it holds messages: a server's workers send each other none. */
  readonly isOfPeers: boolean
}

/**
 * @param name of the run, or the first digits of it
 * @returns null where the signal ended it
 * @throws SweepError `sweep-results` where the folder has no such run, or its files or this program are others by now;
 * `sweep-differs` where it comes to something else than what is stored; StoreError
 */
export async function pageOfRun(
  folder: string,
  name: string,
  { out, signal }: PageOptions,
): Promise<WrittenPage | null> {
  const results = await readResults(folder)
  const row = rowNamed(results, folder, name)
  const planned = await plannedRun(results, row)
  const runs = join(folder, 'runs')
  const pages = await openPages(runs, results.definition)
  const order = pages.orderOf(row, true)
  let outcome: Outcome | null = null
  await runPool({
    jobs: [planned.job],
    pages: [order],
    threads: 1,
    isOver: () => false,
    ...(signal && { signal }),
    onStart() {},
    onProgress() {},
    async onResult(_, ended) {
      outcome = ended
    },
  })
  if (outcome === null) return null
  const { measured, page } = outcome as Outcome
  const isCompared = compare(row, { ...row, ...measured }, folder)
  if (page === null) throw new SweepError('sweep-results', `run ${row.run} has failed: ${measured.why}`)
  const path = out ?? join(runs, `${row.run}.html`)
  const before = await dataOfPage(runs, row.run, order.title).catch(() => null)
  const isNew = out === null && before === null
  if (out === null) await pages.write(row, page)
  else await writeOutput(out, filePage(await pageApp(), order.title, page))
  // The sweep's own page links to those that were there when it was written.
  if (isNew) await writeResults(folder, results.definition, results.rows)
  return {
    path,
    row,
    isCompared,
    isOfPeers: !['server', 'broadcast'].includes(String(planned.settings.architecture)),
  }
}

/** @throws SweepError */
function rowNamed({ listed, rows }: Results, folder: string, name: string): RunRow {
  const wrong = (message: string) => new SweepError('sweep-results', message)
  const found = [
    ...new Map(listed.filter(({ run }) => run.startsWith(name)).map(each => [each.run, each])).values(),
  ]
  const [one, other] = found
  if (one === undefined)
    throw wrong(
      `${folder} has no run ${name}; expected a name as the column "run" of results.csv has it, or its first digits`,
    )
  if (other !== undefined)
    throw wrong(`${folder} has ${found.length} runs that begin with ${name}; expected more of its digits`)
  if (one.skipped !== null) throw wrong(`run ${one.run} is never run: ${one.skipped}`)
  const row = rows.find(({ run }) => run === one.run)
  if (row === undefined) throw wrong(`run ${one.run} has no result yet; the same "concord sweep" runs it`)
  return row
}

/** The same run, as this program and the files of today have it. @throws SweepError where that is another one */
async function plannedRun(
  { definition, listed }: Results,
  { run, axes, version }: RunRow,
): Promise<PlannedRun> {
  const { settings } = listed.find(each => each.run === run) as ListedRun
  const key = JSON.stringify(axes)
  const cell = cellsOf(definition).find(each => JSON.stringify(each.axes) === key)
  const tuned = Object.keys(definition.tune?.choices ?? {}).map(name => [name, settings[name]!] as const)
  const planner = await createPlanner(definition)
  const [planned] =
    cell === undefined
      ? []
      : await planner.plan([{ axes, settings: { ...cell.settings, ...Object.fromEntries(tuned) } }], null)
  if (planned?.run === run) return planned
  const why =
    planned !== undefined && planned.version !== version
      ? `of version ${version} of the code, and this program is ${planned.version}; expected that version`
      : 'another one by now: its data, or a rule, attack or protocol of your own, has changed; expected the files as they were'
  throw new SweepError('sweep-results', `run ${run} is ${why}`)
}

/** @throws SweepError `sweep-differs` */
function compare(stored: RunRow, again: RunRow, folder: string): boolean {
  if (isChance(stored) || isChance(again)) return false
  const plain = (row: RunRow): unknown => JSON.parse(rowText({ ...row, seconds: 0 }))
  const field = differing(plain(stored), plain(again))
  if (field === null) return true
  throw new SweepError(
    'sweep-differs',
    `run ${stored.run}: ${field.path} is ${JSON.stringify(field.one)} in ${folder}, and ${JSON.stringify(field.other)} now; expected the same to the bit`,
  )
}
