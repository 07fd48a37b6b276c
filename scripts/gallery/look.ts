/**
 * `node scripts/gallery/look.ts FOLDER`: pictures of every view of a few runs, wide and narrow, light and dark, for a
 * person who looks at them one by one before a release. One run is looked at while it goes on.
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
  demo: ['demo', '--steps', '20'],
}
const live = ['demo', '--no-contrast', '--steps', '400', '--watch']

async function written(folder: string): Promise<Readonly<Record<string, string>>> {
  const paths: Record<string, string> = {}
  for (const [name, command] of Object.entries(runs)) {
    const path = join(folder, `${name}.html`)
    await promisify(execFile)(process.execPath, [MAIN, ...command, '--page', path], { cwd: ROOT })
    paths[name] = path
  }
  const compared = join(folder, 'compare.html')
  const both = [paths.simulate!, paths.demo!]
  await promisify(execFile)(process.execPath, [MAIN, 'page', ...both, '-o', compared], { cwd: ROOT })
  paths.compare = compared
  return paths
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

const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('usage: look.ts FOLDER')
await mkdir(folder, { recursive: true })
const paths = await written(folder)
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
for (const [name, path] of Object.entries(paths)) await take(browser, pathToFileURL(path).href, name, folder)
const { child, url } = await begun()
await new Promise(resolve => setTimeout(resolve, 8000))
await take(browser, url, 'live', folder)
child.kill('SIGINT')
await browser.close()
