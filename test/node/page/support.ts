/** A real browser for tests of the page: Debian's Chromium, driven by playwright-core. Where it is missing, tests say so. */
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { filePage, type NamedRun } from '../../../node/page/shell.ts'
import { buildApp } from '../../../scripts/page/build-app.ts'

const CHROMIUM = '/usr/bin/chromium'

/** A title says when a test had no browser. */
export const titled = (title: string): string =>
  existsSync(CHROMIUM) ? title : `NOT RUN, for there is no ${CHROMIUM} here: ${title}`

interface Browsing {
  readonly context: BrowserContext
  readonly page: Page
  /** Every address that was asked for, but the page's own. */
  readonly requested: string[]
  /** What the browser reported as wrong: errors of scripts, violations of the policy. */
  readonly wrong: string[]
}

export interface Bench {
  open(options?: { width?: number; colorScheme?: 'light' | 'dark' }): Promise<Browsing>
  /** Writes a page with these runs and gives its address. */
  file(runs: readonly NamedRun[], change?: (html: string) => string): Promise<string>
  close(): Promise<void>
}

/** Null where there is no Chromium. */
export async function bench(): Promise<Bench | null> {
  if (!existsSync(CHROMIUM)) return null
  const folder = await mkdtemp(join(tmpdir(), 'concord-page-'))
  const browser: Browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  const app = await buildApp()
  let files = 0
  return {
    async open({ width = 1280, colorScheme = 'light' } = {}) {
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme })
      const page = await context.newPage()
      page.setDefaultTimeout(15_000)
      const requested: string[] = []
      const wrong: string[] = []
      page.on('request', request => requested.push(request.url()))
      page.on('pageerror', error => wrong.push(error.message))
      page.on('console', message => {
        if (message.type() === 'error') wrong.push(message.text())
      })
      return { context, page, requested, wrong }
    },
    async file(runs, change = html => html) {
      const path = join(folder, `${files++}.html`)
      await writeFile(path, change(filePage(app, runs[0]?.name ?? 'none', runs)))
      return `file://${path}`
    },
    async close() {
      await browser.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Goes to a view by the bar, as a reader does. */
export async function goTo(page: Page, view: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: view, exact: true }).click()
  await page.getByRole('heading', { level: 2, name: view, exact: true }).waitFor()
}

/** The table of a figure's numbers: its head, and its rows. */
export async function numbersOf(page: Page, title: string): Promise<string[][]> {
  const figure = page
    .locator('figure')
    .filter({ has: page.getByRole('heading', { name: title, exact: true }) })
  const details = figure.locator('details.numbers')
  if ((await details.getAttribute('open')) === null) await details.locator('summary').click()
  await details.locator('table').waitFor()
  return await details
    .locator('tr')
    .evaluateAll(rows => rows.map(row => [...row.children].map(cell => cell.textContent ?? '')))
}

interface AxeViolation {
  readonly id: string
  readonly impact: string | null
  readonly nodes: readonly { readonly html: string }[]
}

/** What axe-core calls serious or critical. */
export async function seriousIn(page: Page): Promise<string[]> {
  const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  await page.evaluate(source)
  const violations = await page.evaluate<AxeViolation[]>('axe.run().then(result => result.violations)')
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 160)}`)
}
