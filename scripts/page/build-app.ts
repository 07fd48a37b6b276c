/**
 * Bundles the page's application (node/page/app/) into one script and one style sheet, as JSON in the file that is
 * named: `npm run build` for dist/, and a checkout once for each state of the sources (node/page/built.ts).
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** Of a file that a person reads in a browser: what its browsers must understand. */
const TARGETS = ['chrome110', 'firefox110', 'safari16']

export async function buildApp(): Promise<{ readonly script: string; readonly style: string }> {
  const folder = fileURLToPath(new URL('../../node/page/app/', import.meta.url))
  const { outputFiles } = await build({
    entryPoints: [`${folder}main.tsx`],
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
export async function writeApp(path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true })
  const own = `${path}.${process.pid}`
  writeFileSync(own, JSON.stringify(await buildApp()))
  renameSync(own, path)
}

if (import.meta.main) {
  const [path] = process.argv.slice(2)
  if (path === undefined) throw new Error('usage: build-app.ts FILE')
  await writeApp(path)
}
