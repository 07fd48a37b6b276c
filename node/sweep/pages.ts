/** The pages of a sweep's runs, beside their rows in `runs/`: each as small as its run, with the application in files that all share. */
import { join } from 'node:path'
import { readText } from '../../learning/data/read-file.ts'
import { pageApp } from '../page/built.ts'
import { linkedApp } from '../page/shell.ts'
import type { SweepDefinition } from './definition.ts'
import { cellText } from './plan.ts'
import type { RunRow } from './rows.ts'
import type { PageOrder } from './run-page.ts'
import { storeFile } from './store.ts'

export interface Pages {
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

/** What a page of a run holds, packed; null: there is none, or it is no such page. Whatever else stands in the file is left. */
export async function dataOfPage(folder: string, run: string): Promise<string | null> {
  const text = await readText(join(folder, `${run}.html`), PAGE_BYTES_MAX).catch(() => '')
  return /<script type="application\/gzip" id="runs">([A-Za-z0-9+/=]+)<\/script>/.exec(text)?.[1] ?? null
}

/** What a page's application unpacks is bounded in the same way. */
const PAGE_BYTES_MAX = 64 * 2 ** 20
