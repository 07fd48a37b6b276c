/**
 * The command line in a few files instead of a thousand. `npm start` runs eight processes, and loading their modules one
 * by one takes most of the time before the first step.
 *
 * A bundle is made once for a state of the sources and of the installed packages, in `node_modules/.cache`, and used by
 * every later start. It has the layout of the built package, so that threads and processes find each other in it.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { writeApps } from './page/build-app.ts'

const FOLDERS = ['agreement', 'learning', 'node']
const SOURCE = /\.(tsx?|css)$/
const MAIN = 'node/cli/main.ts'
/** They are started by a path beside the file that starts them. */
const THREADS = [
  'learning/oracles/oracle-thread.ts',
  'node/reproduce/run-thread.ts',
  'node/simulation/swarm/worker.ts',
  'node/threads/slice-thread.ts',
]
/** Native, or read their own files; they are loaded where they are needed. */
const LEFT_OUT = ['@chainsafe/libp2p-quic', 'pdfkit', 'pino', 'pino-pretty', 'vega', 'vega-lite']
/** Those used last are kept: a process of an older one may still load a part of it. */
const BUNDLES_MAX = 8
const PREFIX = 'concord-'

/**
 * The path of the bundle's `main.js`, made where the checkout has none of its present state.
 * @throws Error where there is no bundler, or no place to write
 */
export async function bundled(checkout: string): Promise<string> {
  const cache = join(checkout, 'node_modules/.cache')
  const folder = join(cache, PREFIX + (await stateOf(checkout)))
  const main = join(folder, 'node/main.js')
  if (existsSync(main)) {
    const now = new Date()
    await utimes(folder, now, now)
    return main
  }
  await mkdir(cache, { recursive: true })
  const unfinished = await mkdtemp(join(cache, 'unfinished-'))
  try {
    await bundle(checkout, unfinished)
    // Whole or not at all; another start may have made the same one meanwhile.
    await rename(unfinished, folder).catch(error => {
      if (!existsSync(main)) throw error
    })
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
  await forgetOld(cache)
  return main
}

async function bundle(checkout: string, folder: string): Promise<void> {
  const { build } = await import('esbuild')
  const threads = THREADS.filter(file => existsSync(join(checkout, file)))
  await build({
    absWorkingDir: checkout,
    entryPoints: [
      { in: MAIN, out: 'node/main' },
      ...threads.map(file => ({ in: file, out: `node/parts/${basename(file, '.ts')}` })),
    ],
    outdir: folder,
    chunkNames: 'node/parts/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: `node${process.versions.node}`,
    external: LEFT_OUT,
    // Packages in CommonJS ask for Node's modules by `require`, which a module does not have.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
    logLevel: 'silent',
  })
  // Beside the part that reads them (node/page/built.ts).
  await writeApps(join(folder, 'node/parts'))
  // It tells the version, and that the files are modules.
  await copyFile(join(checkout, 'package.json'), join(folder, 'package.json'))
}

/** A digest of what a bundle is made from: where each source is, when it was written, and which packages are installed. */
async function stateOf(checkout: string): Promise<string> {
  const listed = await Promise.all(
    FOLDERS.map(folder => readdir(join(checkout, folder), { recursive: true, withFileTypes: true })),
  )
  const sources = listed.flat().filter(entry => entry.isFile() && SOURCE.test(entry.name))
  const paths = [
    ...sources.map(({ parentPath, name }) => join(parentPath, name)).sort(),
    join(checkout, 'package.json'),
    join(checkout, 'node_modules/.package-lock.json'),
  ]
  const states = await Promise.all(
    paths.map(async path => {
      const { mtimeNs, size, ino } = await stat(path, { bigint: true })
      return `${path} ${mtimeNs} ${size} ${ino}`
    }),
  )
  const all = [process.versions.node, ...states].join('\n')
  return createHash('sha256').update(all).digest('hex').slice(0, 16)
}

async function forgetOld(cache: string): Promise<void> {
  const names = (await readdir(cache)).filter(name => name.startsWith(PREFIX))
  const used = await Promise.all(
    names.map(async name => ({ path: join(cache, name), ms: (await stat(join(cache, name))).mtimeMs })),
  )
  const old = used.sort((a, b) => b.ms - a.ms).slice(BUNDLES_MAX)
  await Promise.all(old.map(({ path }) => rm(path, { recursive: true, force: true })))
}
