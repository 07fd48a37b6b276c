/**
 * `npm run gallery`: runs the chosen runs, opens the page of each in Chromium, and writes its pictures and small pages
 * into docs/gallery/. The README's pictures are these, so they are of this version.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { type Browser, chromium, type Page } from 'playwright-core'
import { filePage } from '../../node/page/shell.ts'
import { buildApp } from '../page/build-app.ts'
import { icwtmScene } from './icwtm-scene.ts'

const CHROMIUM = '/usr/bin/chromium'
const ROOT = resolve(import.meta.dirname, '../..')
const GALLERY = join(ROOT, 'docs/gallery')

interface Picture {
  readonly file: string
  readonly view: string
  /** The figure's title; null: all of the page. */
  readonly figure: string | null
  readonly colorScheme?: 'light' | 'dark'
  /** Done before the picture is taken. */
  readonly prepare?: (page: Page) => Promise<void>
}

interface Show {
  /** Arguments of concord, without `--page`; null: the scene of this folder. */
  readonly command: readonly string[] | null
  readonly name: string
  readonly pictures: readonly Picture[]
}

const schedule = 'Messages between peers over time'
const singles = (page: Page) => page.getByRole('button', { name: 'Single messages' }).click()

async function pickThird(page: Page): Promise<void> {
  await page.locator('canvas.schedule').focus()
  for (let press = 0; press < 3; press++) await page.keyboard.press('n')
  await page.getByText(/^Message \d+: /).waitFor()
}

const shows: readonly Show[] = [
  {
    name: 'mda-sign-flip',
    command: [
      ...['simulate', '--peers', '7', '--faults', '1', '--protocol', 'mda', '--attack', 'sign-flip'],
      ...['--steps', '40', '--seed', '7'],
    ],
    pictures: [
      { file: 'why', view: 'lie', figure: null },
      { file: 'weights', view: 'lie', figure: "How much of each peer's vector entered" },
      { file: 'cohort', view: 'cohort', figure: 'Peers and their links', colorScheme: 'dark' },
    ],
  },
  {
    name: 'rb-tm-equivocator',
    command: [
      ...['agree', '--protocol', 'rb-tm', '--peers', '4', '--faults', '1', '--attack', 'equivocate'],
      ...['--dimension', '20', '--seed', '3'],
    ],
    pictures: [
      {
        file: 'schedule',
        view: 'schedule',
        figure: null,
        prepare: async page => {
          await singles(page)
          await pickThird(page)
        },
      },
      {
        file: 'paths',
        view: 'iterations',
        figure: 'Paths of the honest vectors',
        prepare: page => page.getByLabel('closer, without all of the ball').check(),
      },
    ],
  },
  {
    name: 'icwtm-n5',
    command: null,
    pictures: [
      { file: 'schedule', view: 'schedule', figure: schedule },
      { file: 'diameter', view: 'iterations', figure: 'Honest diameter by iteration' },
    ],
  },
]

async function pageOf({ name, command }: Show, folder: string): Promise<string> {
  if (command === null) {
    const path = join(folder, `${name}.html`)
    const run = icwtmScene()
    await writeFile(path, filePage(await buildApp(), run.about.title, [{ name: run.about.title, run }]))
    return path
  }
  const path = join(folder, `${name}.html`)
  await promisify(execFile)(process.execPath, ['node/cli/main.ts', ...command, '--page', path], {
    cwd: ROOT,
    maxBuffer: 64 * 1024 * 1024,
  })
  return path
}

async function take(browser: Browser, path: string, name: string, picture: Picture): Promise<void> {
  const { file, view, figure, colorScheme = 'light', prepare } = picture
  const context = await browser.newContext({ viewport: { width: 1000, height: 900 }, colorScheme })
  const page = await context.newPage()
  await page.goto(`${pathToFileURL(path)}#${view}`)
  await page.getByRole('heading', { level: 2 }).waitFor()
  await prepare?.(page)
  // What was asked for is drawn in the next frame.
  await page.evaluate('new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)))')
  const target = join(GALLERY, `${name}-${file}.png`)
  if (figure === null) await page.screenshot({ path: target, fullPage: true })
  else
    await page
      .locator('figure')
      .filter({ has: page.getByRole('heading', { name: figure, exact: true }) })
      .screenshot({ path: target })
  await context.close()
  console.log(target)
}

if (!existsSync(CHROMIUM)) {
  console.error(`gallery: there is no ${CHROMIUM}; install Debian's package "chromium"`)
  process.exit(1)
}
const folder = await mkdtemp(join(tmpdir(), 'concord-gallery-'))
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
for (const show of shows) {
  // Agreements are small enough to be kept as pages.
  const path = await pageOf(show, show.name === 'mda-sign-flip' ? folder : GALLERY)
  for (const picture of show.pictures) await take(browser, path, show.name, picture)
}
await browser.close()
await rm(folder, { recursive: true, force: true })
