/**
 * `node scripts/gallery/look.ts FOLDER [NAME...]`: pictures of every view of a few runs, or of those that are named, wide
 * and narrow, light and dark, for a person who looks at them one by one before a release. `live` is looked at while it
 * goes on.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { type Browser, chromium } from 'playwright-core'

const ROOT = resolve(import.meta.dirname, '../..')
const MAIN = 'node/cli/main.ts'

const runs: Readonly<Record<string, readonly string[]>> = {
  simulate: [
    ...['simulate', '--peers', '13', '--faults', '2', '--seed', '7'],
    ...['--crash', '3@5', '--restart', '3@9', '--steps', '30'],
  ],
  agree: [
    ...['agree', '--protocol', 'rb-tm', '--peers', '7', '--faults', '2'],
    ...['--attack', 'equivocate', '--dimension', '1000'],
  ],
  'first-rule': ['simulate', '--peers', '7', '--faults', '1', '--steps', '12', '--gradient-rule', 'nnm+cwtm'],
  quorum: [
    ...['simulate', '--protocol', 'rb-tm', '--peers', '7', '--faults', '1'],
    ...['--quorum', '4', '--steps', '6'],
  ],
  synchronous: ['simulate', '--peers', '7', '--faults', '1', '--steps', '12', '--synchronous'],
  pulses: [
    ...['agree', '--protocol', 'rb-tm', '--peers', '4', '--faults', '1'],
    ...['--dimension', '100', '--synchronous'],
  ],
  demo: ['demo', '--steps', '20'],
}
/** Of these the last page shows both. */
const compared = ['simulate', 'demo']
const live = ['demo', '--no-contrast', '--steps', '400', '--watch']

async function written(folder: string): Promise<Readonly<Record<string, string>>> {
  const paths: Record<string, string> = {}
  for (const [name, command] of Object.entries(runs)) {
    if (!isWanted(name) && !(isWanted('compare') && compared.includes(name))) continue
    const path = join(folder, `${name}.html`)
    await promisify(execFile)(process.execPath, [MAIN, ...command, '--page', path], { cwd: ROOT })
    paths[name] = path
  }
  if (!isWanted('compare')) return paths
  const path = join(folder, 'compare.html')
  const both = compared.map(name => paths[name]!)
  await promisify(execFile)(process.execPath, [MAIN, 'page', ...both, '-o', path], { cwd: ROOT })
  return { ...paths, compare: path }
}

async function begun(): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const child = spawn(process.execPath, [MAIN, ...live], { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] })
  for await (const line of createInterface(child.stdout!)) {
    const url = /watch it on (\S+)/.exec(line)?.[1]
    if (url === undefined) continue
    child.stdout!.resume()
    return { child, url }
  }
  throw new Error('the demo has ended without an address')
}

/** A run that has only begun has little to look at. */
async function underWay(browser: Browser, url: string): Promise<void> {
  const page = await browser.newPage()
  await page.goto(url)
  await page.getByText(/^running: step ([5-9]|\d\d)/).waitFor({ timeout: 120_000 })
  await page.close()
}

async function take(browser: Browser, address: string, name: string, folder: string): Promise<void> {
  for (const width of [1280, 390])
    for (const colorScheme of ['light', 'dark'] as const) {
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme })
      const page = await context.newPage()
      await page.goto(address)
      const bar = page.getByRole('navigation', { name: 'Views' })
      await bar.waitFor()
      for (const view of await bar.getByRole('link').all()) {
        await view.click()
        await page.evaluate('new Promise(go => requestAnimationFrame(() => requestAnimationFrame(go)))')
        const title = (await view.getAttribute('href'))!.slice(1)
        const path = join(folder, `${name}-${title}-${width}-${colorScheme}.png`)
        await page.screenshot({ path, fullPage: true })
        console.log(path)
      }
      await context.close()
    }
}

const [folder, ...names] = process.argv.slice(2)
if (folder === undefined) throw new Error('usage: look.ts FOLDER [NAME...]')
const isWanted = (name: string) => names.length === 0 || names.includes(name)
await mkdir(folder, { recursive: true })
const paths = await written(folder)
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
for (const [name, path] of Object.entries(paths))
  if (isWanted(name)) await take(browser, pathToFileURL(path).href, name, folder)
if (isWanted('live')) {
  const { child, url } = await begun()
  await underWay(browser, url)
  await take(browser, url, 'live', folder)
  child.kill('SIGINT')
}
await browser.close()
