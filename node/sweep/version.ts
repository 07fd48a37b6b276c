/** What code a run is the result of: runs of other code have other names, and are never mixed with these. */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { versionOf } from '../daemon/version.ts'

/** What the numbers of a run follow from. */
const FOLDERS = ['agreement', 'learning', 'node']
/** What shows or serves runs, and what only real peers and other commands use. */
const OTHERS: ReadonlySet<string> = new Set(
  [
    ...['page', 'reproduce', 'network', 'doctor', 'evidence', 'storage', 'onnx', 'data', 'models', 'text'],
    ...['sweep/figures', 'cli/commands', 'cli/view', 'cli/demo', 'cli/join', 'cli/completion', 'cli/page'],
  ].map(folder => join('node', folder)),
)

let known: Promise<string> | undefined

/**
 * The package's version; in a checkout, whose code changes without it, also a digest of the sources that a run may depend
 * on: `0.1.0+3f2a9c11`.
 */
export function codeVersion(): Promise<string> {
  known ??= extname(import.meta.url) === '.ts' ? checkoutVersion() : Promise.resolve(versionOf())
  return known
}

async function checkoutVersion(): Promise<string> {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const paths: string[] = []
  for (const folder of FOLDERS) await collect(root, folder, paths)
  const hash = createHash('sha256')
  for (const path of paths.sort()) hash.update(path).update(await readFile(join(root, path)))
  return `${versionOf()}+${hash.digest('hex').slice(0, 8)}`
}

/** @param paths takes those below the root */
async function collect(root: string, folder: string, paths: string[]): Promise<void> {
  for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory() && !OTHERS.has(path)) await collect(root, path, paths)
    else if (entry.isFile() && extname(entry.name) === '.ts') paths.push(path)
  }
}
