/** The pages of a sweep's runs, beside their rows in `runs/`: each as small as its run, with the application in files that all share. */
import { join } from 'node:path'
import { readText } from '../../learning/data/read-file.ts'
import { FileError } from '../files/error.ts'
import { pageApp } from '../page/built.ts'
import { packedIn, runsOfText } from '../page/read-runs.ts'
import { linkedApp } from '../page/shell.ts'
import type { SweepDefinition } from './definition.ts'
import { cellText } from './plan.ts'
import type { RunRow } from './rows.ts'
import type { PageOrder } from './run-page.ts'
import { storeFile } from './store.ts'

export interface Pages {
  titleOf(row: Pick<RunRow, 'axes'>): string
  orderOf(row: Pick<RunRow, 'run' | 'axes'>, isFull: boolean): PageOrder
  /** @param data of `packed` @throws StoreError */
  write(row: Pick<RunRow, 'run' | 'axes'>, data: string): Promise<void>
}

/** @param folder that of the runs @throws PageError where the page's application cannot be read or built */
export async function openPages(folder: string, { name, title = name }: SweepDefinition): Promise<Pages> {
  const app = linkedApp(await pageApp())
  const titleOf = (axes: RunRow['axes']) => `${title}: ${cellText(axes)}`
  let shared: Promise<unknown> | null = null
  return {
    titleOf: ({ axes }) => titleOf(axes),
    orderOf: ({ run, axes }, isFull) => ({ isFull, run, title: titleOf(axes), axes }),
    async write({ run, axes }, data) {
      shared ??= Promise.all(
        Object.entries(app.files).map(([file, content]) => storeFile(join(folder, file), content)),
      )
      await shared
      await storeFile(join(folder, `${run}.html`), app.page(titleOf(axes), data))
    },
  }
}

/**
 * What a page of this run holds, packed; null: there is no page. Whatever else stands in the file is left.
 * @throws FileError if it is no page, or that of another run
 */
export async function dataOfPage(folder: string, run: string, title: string): Promise<string | null> {
  const path = join(folder, `${run}.html`)
  const text = await readText(path, PAGE_BYTES_MAX).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw new FileError('unreadable', `${path} cannot be read: ${error.message}`)
  })
  if (text === null) return null
  const [shown] = runsOfText(text, path, PAGE_BYTES_MAX)
  const data = packedIn(text)
  if (shown?.about.title === title && data !== null) return data
  throw new FileError('malformed', `${path} is the page of another run`)
}

/** What a page's application unpacks is bounded in the same way. */
const PAGE_BYTES_MAX = 64 * 2 ** 20
