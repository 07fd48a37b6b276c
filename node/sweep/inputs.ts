/** The files that a run's result follows from, known by the digests of their contents. */
import { createHash } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parseDataName } from '../../learning/data/data-name.ts'
import { digestOfModule, OwnFileError } from '../files/own-module.ts'
import { digestOfFile } from '../oracle/start-digest.ts'
import type { Setting } from './rows.ts'
import { isDigits, isTopologyFile, programFiles } from './settings.ts'

type Settings = Readonly<Record<string, Setting>>

/** By path, the digest of each file or folder. */
export type Inputs = Readonly<Record<string, string>>

/** What is larger is known by its path: all of it would be read for each sweep. */
const DATA_BYTES_MAX = 2 ** 28
const DATA_FILES_MAX = 1000

/** Digests of what the runs of a sweep, or of a thread, have in common. */
export interface Digests {
  /**
   * Of the programs, the start, the graph and the data of a run, each taken once.
   * @param whole settings with whole paths
   * @throws OwnFileError, FileError
   */
  of(whole: Settings): Promise<Inputs>
  /**
   * Holds start, graph and data against these, if their sizes or times are new. Programs are held against them as they are loaded.
   * @throws OwnFileError, FileError
   */
  check(whole: Settings, inputs: Inputs): Promise<void>
}

export function createDigests(): Digests {
  const taken = new Map<string, Promise<string | null>>()
  const known = new Map<string, { readonly stamp: string; readonly digest: string }>()
  const once = (path: string, take: (path: string) => Promise<string | null>) => {
    const digest = taken.get(path) ?? take(path)
    taken.set(path, digest)
    return digest
  }
  const fresh = async (path: string, files: readonly Stamped[]): Promise<string | null> => {
    if (files.length === 0) return null
    const stamp = files.map(file => file.stamp).join()
    const before = known.get(path)
    if (before?.stamp === stamp) return before.digest
    const digests: string[] = []
    for (const { file, name } of files) digests.push(`${name} ${await digestOfFile(file)}`)
    const digest = sha256(digests.join())
    known.set(path, { stamp, digest })
    return digest
  }
  // A start, or a graph.
  const start = async (path: string) => fresh(path, [await stamped(path)])
  const data = async (path: string) => fresh(path, await filesOf(path))
  const others = ({ init, topology, data: name }: Settings) => {
    const path = dataPath(name)
    return [
      ...(init === undefined ? [] : [[String(init), start] as const]),
      ...(isTopologyFile(topology) ? [[String(topology), start] as const] : []),
      ...(path === null ? [] : [[path, data] as const]),
    ]
  }
  return {
    async of(whole) {
      const found: Record<string, string> = {}
      const programs = programFiles(whole).map(path => [path, digestOfModule] as const)
      for (const [path, take] of [...programs, ...others(whole)]) {
        const digest = await once(path, take)
        if (digest !== null) found[path] = digest
      }
      return found
    },
    async check(whole, inputs) {
      for (const [path, take] of others(whole))
        if (inputs[path] !== undefined) checkInput(path, await take(path), inputs)
    },
  }
}

/** @throws OwnFileError where the file is another one than the run is named after */
export function checkInput(path: string, digest: string | null, inputs: Inputs): void {
  const wanted = inputs[path]
  if (wanted !== undefined && wanted !== digest)
    throw new OwnFileError('OWN_FILE', `${path} changed while the sweep ran; run it again`)
}

/** The path in the name of data; null for our own digits. */
export function dataPath(data: Setting | undefined): string | null {
  if (data === undefined || isDigits(String(data))) return null
  return parseDataName(String(data)).path
}

interface Stamped {
  readonly file: string
  /** Within the folder; empty for the file itself, wherever it lies. */
  readonly name: string
  readonly stamp: string
}

/** A file that is not there is said to be so when it is read. */
async function stamped(file: string, name = ''): Promise<Stamped & { readonly size: number }> {
  const { size, mtimeMs, ctimeMs, ino } = await stat(file).catch(() => gone)
  return { file, name, size, stamp: [name, size, mtimeMs, ctimeMs, ino].join(':') }
}

const gone = { size: 0, mtimeMs: 0, ctimeMs: 0, ino: 0 }

/** The files below a path; none where they are too many or too large, or cannot be found. */
async function filesOf(path: string): Promise<readonly Stamped[]> {
  const files: Stamped[] = []
  let bytes = 0
  const collect = async (file: string, name: string): Promise<void> => {
    if (files.length > DATA_FILES_MAX) return
    const status = await stat(file).catch(() => null)
    if (status?.isDirectory()) {
      for (const each of (await readdir(file)).sort()) await collect(join(file, each), `${name}/${each}`)
    } else if (status?.isFile()) {
      const found = await stamped(file, name)
      bytes += found.size
      files.push(found)
    }
  }
  await collect(path, '')
  return files.length > DATA_FILES_MAX || bytes > DATA_BYTES_MAX ? [] : files
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
