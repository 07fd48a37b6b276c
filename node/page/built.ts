/**
 * The built applications of pages: of runs, and of sweeps. The package ships them. In a checkout one is bundled when it is first wanted, and
 * again whenever its sources have changed: that takes a second, and no peer waits for it that shows no page.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { CodedError } from '../../agreement/error.ts'
import type { PageApp } from './shell.ts'

/** The page's application could not be read or built. */
class PageError extends CodedError<'no-app'> {
  override readonly name = 'PageError'
}

const here = dirname(fileURLToPath(import.meta.url))
const isCheckout = extname(import.meta.url) === '.ts'

/** What a page shows, and so which application it has. */
export type AppName = 'run' | 'sweep'

/** The files of the package that hold them. */
export const appFiles: Readonly<Record<AppName, string>> = { run: 'app.json', sweep: 'sweep-app.json' }

/** @throws PageError */
export async function pageApp(name: AppName = 'run'): Promise<PageApp> {
  const path = isCheckout ? await builtInCheckout(name) : join(here, appFiles[name])
  try {
    return JSON.parse(await readFile(path, 'utf8')) as PageApp
  } catch (error) {
    throw new PageError(
      'no-app',
      `${path}: the page's application cannot be read (${(error as Error).message})`,
    )
  }
}

async function builtInCheckout(name: AppName): Promise<string> {
  const root = join(here, '..', '..')
  const path = join(root, 'node_modules', '.cache', 'concord', `page-${name}-${digestOfSources()}.json`)
  if (existsSync(path)) return path
  const script = join(root, 'scripts', 'page', 'build-app.ts')
  await promisify(execFile)(process.execPath, [script, path, name]).catch(
    (error: Error & { stderr?: string }) => {
      const why = error.stderr?.split('\n').find(line => /error/i.test(line)) ?? error.message
      throw new PageError(
        'no-app',
        `the page's application could not be built: ${why.trim()}; run "npm ci", without --omit=dev`,
      )
    },
  )
  return path
}

/**
 * Of everything that the bundle is made of, except packages: those are of the versions that package-lock.json names. It is
 * read at once: a hundred small files take a tenth of the time that they take one by one behind promises.
 */
function digestOfSources(): string {
  const hash = createHash('sha256').update(readFileSync(join(here, '..', '..', 'package-lock.json')))
  for (const folder of [here, join(here, '..', 'sweep', 'figures')]) {
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    for (const name of names.filter(name => /\.(tsx?|css|json)$/.test(name)).sort())
      hash.update(name).update(readFileSync(join(folder, name)))
  }
  return hash.digest('hex').slice(0, 16)
}
