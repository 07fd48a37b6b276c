/** Evidence on disk: one file a proof, in a folder of the peer that found it. */
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EvidenceError, type EvidenceFile, parseEvidence, verifyEvidence } from './evidence.ts'

/** Writes a proof, whole or not at all, and returns its path. The same slot has the same name. */
export async function writeEvidence(folder: string, file: EvidenceFile): Promise<string> {
  const { sender, step, phase, iteration } = file.slot
  const path = join(folder, `peer-${sender}-step-${step}-${phase}-${iteration}.json`)
  const draft = `${path}.${process.pid}.tmp`
  await mkdir(folder, { recursive: true })
  await writeFile(draft, `${JSON.stringify(file, null, 2)}\n`)
  await rename(draft, path)
  return path
}

export interface ListedEvidence {
  readonly path: string
  /** Null where the file is no evidence. */
  readonly file: EvidenceFile | null
  /** Why it proves nothing; null where it does. */
  readonly wrong: string | null
}

/**
 * Every proof in a folder and the folders below it, checked, in the order of their paths.
 * @throws the system's error where there is no such folder
 */
export async function listEvidence(folder: string): Promise<readonly ListedEvidence[]> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = names
    .filter(entry => entry.isFile() && /^peer-\d+-step-.*\.json$/.test(entry.name))
    .map(entry => join(entry.parentPath, entry.name))
    .sort()
  return Promise.all(paths.map(judge))
}

async function judge(path: string): Promise<ListedEvidence> {
  let file: EvidenceFile | null = null
  try {
    file = parseEvidence(await readFile(path, 'utf8'))
    verifyEvidence(file)
    return { path, file, wrong: null }
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error
    return { path, file, wrong: error.message }
  }
}
