/**
 * Bundles an application of pages (node/page/app/) into one script and one style sheet, as JSON in the file that is
 * named: `npm run build` for dist/, and a checkout once for each state of the sources (node/page/built.ts).
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { type AppName, appFiles } from '../../node/page/built.ts'

/** Of a file that a person reads in a browser: what its browsers must understand. */
const TARGETS = ['chrome110', 'firefox110', 'safari16']

const entries: Readonly<Record<AppName, string>> = { run: 'main.tsx', sweep: 'sweep/main.tsx' }

export async function buildApp(
  name: AppName = 'run',
): Promise<{ readonly script: string; readonly style: string }> {
  const folder = fileURLToPath(new URL('../../node/page/app/', import.meta.url))
  const { outputFiles } = await build({
    entryPoints: [folder + entries[name]],
    tsconfig: `${folder}tsconfig.json`,
    outdir: '/bundle',
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: TARGETS,
    charset: 'utf8',
    legalComments: 'none',
    define: { 'process.env.NODE_ENV': '"production"' },
  })
  const textOf = (ending: string) => outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? ''
  // Neither may end the element in which it stands.
  return {
    script: textOf('.js').replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--'),
    style: textOf('.css').replaceAll('</style', '<\\/style'),
  }
}

/** Writes it whole or not at all, however many processes do so at once. */
async function writeApp(path: string, name: AppName): Promise<void> {
  mkdirSync(dirname(path), { recursive: true })
  const own = `${path}.${process.pid}`
  writeFileSync(own, JSON.stringify(await buildApp(name)))
  renameSync(own, path)
}

/** All of them, in a folder, by the names that `pageApp` looks for. */
export async function writeApps(folder: string): Promise<void> {
  await Promise.all(
    Object.keys(entries).map(name => writeApp(join(folder, appFiles[name as AppName]), name as AppName)),
  )
}

if (import.meta.main) {
  const [path, name = 'run'] = process.argv.slice(2)
  if (path === undefined || !(name in entries)) throw new Error('usage: build-app.ts FILE [run|sweep]')
  await writeApp(path, name as AppName)
}
