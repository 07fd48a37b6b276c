/**
 * `npm run bench -- page`: how soon a page is seen, from a file of 300 steps of seven peers and live, and how many frames
 * a second the schedule of 100,000 messages holds while it is dragged, by the browser's own tracing. Needs Chromium.
 */
import { existsSync } from 'node:fs'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import type { RunDocument } from '../../node/page/run.ts'
import { servePage } from '../../node/page/server.ts'
import { filePage } from '../../node/page/shell.ts'
import { buildApp } from '../page/build-app.ts'
import { sampleRun } from '../page/samples.ts'
import { type BenchRow, median, type RunBench } from './bench.ts'

const CHROMIUM = '/usr/bin/chromium'
const TURNS = 5
const MESSAGES = 100_000
/** How far the schedule is dragged, in moves of the pointer. */
const MOVES = 150

export const run: RunBench = async ({ note }) => {
  if (!existsSync(CHROMIUM)) throw new Error(`there is no ${CHROMIUM}: install Debian's package "chromium"`)
  const folder = await mkdtemp(join(tmpdir(), 'concord-bench-page-'))
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  try {
    const app = await buildApp()
    const steps = sampleRun({ steps: 300, messages: 300 })
    const path = await writePage(folder, app, 'steps', steps)
    note(`the file of 300 steps: ${((await stat(path)).size / 1e6).toFixed(2)} MB`)
    const server = await servePage({
      app,
      title: 'live',
      port: 0,
      source: { document: () => steps, subscribe: () => () => {} },
    })
    const rows = [
      await opened(browser, 'a file of 300 steps, drawn', `file://${path}#learning`),
      await opened(browser, 'a live page of 300 steps, drawn', `${server.url}#learning`),
    ]
    await server.close()
    const many = await writePage(folder, app, 'many', sampleRun({ steps: 100, messages: MESSAGES / 100 }))
    return [...rows, ...(await dragged(browser, `file://${many}#schedule`, note))]
  } finally {
    await browser.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function writePage(
  folder: string,
  app: Awaited<ReturnType<typeof buildApp>>,
  name: string,
  document: RunDocument,
): Promise<string> {
  const path = join(folder, `${name}.html`)
  await writeFile(path, filePage(app, name, [{ name, run: document }]))
  return path
}

async function opened(browser: Browser, name: string, address: string): Promise<BenchRow> {
  const [drawn, painted]: [number[], number[]] = [[], []]
  for (let turn = 0; turn <= TURNS; turn++) {
    const page = await browser.newPage()
    const started = performance.now()
    await page.goto(address)
    await page.locator('figure svg.drawing path').first().waitFor({ state: 'attached' })
    const ms = performance.now() - started
    const [paint] = await page.evaluate<number[]>(
      'performance.getEntriesByName("first-contentful-paint").map(entry => entry.startTime)',
    )
    // The first one fills the caches.
    if (turn > 0) drawn.push(ms)
    if (turn > 0 && paint !== undefined) painted.push(paint)
    await page.close()
  }
  return {
    case: name,
    ours_ms: median(drawn),
    baseline: null,
    ratio: null,
    others: { 'first paint (ms)': median(painted) },
  }
}

/** Drags the whole run, where messages are counted, and a part of it, where each is a line. */
async function dragged(browser: Browser, address: string, note: (line: string) => void): Promise<BenchRow[]> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
  await page.goto(address)
  await page.locator('canvas.schedule').focus()
  await page.keyboard.press('+')
  const rows = [await framesOf(browser, page, 'drag 100,000 messages, counted', note)]
  for (let press = 0; press < 20; press++) {
    if (await page.getByText('a line each').isVisible()) break
    await page.keyboard.press('+')
    await page.evaluate('new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)))')
  }
  rows.push(await framesOf(browser, page, 'drag 100,000 messages, as lines', note))
  await page.close()
  return rows
}

interface TraceEvent {
  readonly name: string
  readonly ts: number
}

async function framesOf(
  browser: Browser,
  page: Page,
  name: string,
  note: (line: string) => void,
): Promise<BenchRow> {
  const box = (await page.locator('canvas.schedule').boundingBox())!
  const y = box.y + box.height / 2
  await page.mouse.move(box.x + box.width - 40, y)
  await page.mouse.down()
  await browser.startTracing(page, { categories: ['disabled-by-default-devtools.timeline.frame'] })
  for (let move = 0; move < MOVES; move++)
    await page.mouse.move(box.x + box.width - 40 - ((box.width - 200) * move) / MOVES, y)
  const trace = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: readonly TraceEvent[] }
  await page.mouse.up()
  const times = trace.traceEvents
    .filter(event => event.name === 'DrawFrame')
    .map(({ ts }) => ts / 1000)
    .sort((a, b) => a - b)
  const gaps = times.slice(1).map((time, at) => time - times[at]!)
  const perSecond = (1000 * gaps.length) / (times.at(-1)! - times[0]!)
  note(`${name}: ${(await page.locator('figure .caption').first().textContent())!.slice(0, 60)}…`)
  const others = { 'frames a second': perSecond, 'longest frame (ms)': Math.max(...gaps) }
  return { case: name, ours_ms: median(gaps), baseline: null, ratio: null, others }
}
