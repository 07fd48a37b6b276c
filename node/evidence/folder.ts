/** Evidence on disk: one file for each proof, in a folder of the peer that found it. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Evidence } from '../../agreement/protocol.ts'
import { inOrder, ReadError, readText } from '../../learning/data/read-file.ts'
import type { Membership } from '../cohort/cohort.ts'
import { makeFolder } from '../files/make-folder.ts'
import { writeWhole } from '../files/safe-open.ts'
import {
  checkMembership,
  EVIDENCE_BYTES_MAX,
  EvidenceError,
  type EvidenceFile,
  evidenceOf,
  parseEvidence,
  verifyEvidence,
} from './evidence.ts'

/** A peer writes at most one proof against each other member each time it runs. */
const FILES_MAX = 4096
/** How many of the files that prove nothing are named. */
const NAMED_MAX = 5

const isProof = (name: string) => /^peer-\d+-step-.*\.json$/.test(name)

/** Writes a proof, whole or not at all, and returns its path. The same slot has the same name. */
export async function writeEvidence(folder: string, file: EvidenceFile): Promise<string> {
  const { sender, step, phase, iteration } = file.slot
  const path = join(folder, `peer-${sender}-step-${step}-${phase}-${iteration}.json`)
  await makeFolder(folder)
  await writeWhole(path, `${JSON.stringify(file, null, 2)}\n`)
  return path
}

interface ListedEvidence {
  readonly path: string
  /** Null if the file is not evidence. */
  readonly file: EvidenceFile | null
  /** Why it proves nothing; null if it is a proof. */
  readonly wrong: string | null
}

/**
 * Every proof in a folder and the folders below it, checked, in the order of their paths.
 * @throws the system's error if there is no such folder
 */
export async function listEvidence(folder: string): Promise<readonly ListedEvidence[]> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = names
    .filter(entry => entry.isFile() && isProof(entry.name))
    .map(entry => join(entry.parentPath, entry.name))
    .sort()
  // One file open at a time: a folder may hold more of them than a process may open.
  return inOrder(paths, judge)
}

async function judge(path: string): Promise<ListedEvidence> {
  let file: EvidenceFile | null = null
  try {
    file = parseEvidence(await readText(path, EVIDENCE_BYTES_MAX))
    verifyEvidence(file)
    return { path, file, wrong: null }
  } catch (error) {
    if (!(error instanceof EvidenceError || error instanceof ReadError)) throw error
    return { path, file, wrong: error.message }
  }
}

/** A proof that this peer kept before it was restarted. */
export interface KeptEvidence {
  readonly path: string
  readonly evidence: Evidence
}

/**
 * The proofs that lie in a peer's own folder, one for each accused member; those in folders below belong to another
 * peer. A file that proves nothing in this cohort stays where it is, and `complain` gets a line that says which file
 * and why.
 */
export async function loadEvidence(
  folder: string,
  membership: Membership,
  complain: (line: string) => void,
): Promise<readonly KeptEvidence[]> {
  const wrong: string[] = []
  const kept = new Map<number, KeptEvidence>()
  for (const name of await proofsIn(folder, complain)) {
    const path = join(folder, name)
    try {
      const file = parseEvidence(await readText(path, EVIDENCE_BYTES_MAX))
      checkMembership(file, membership)
      verifyEvidence(file)
      const { sender } = file.slot
      if (!kept.has(sender)) kept.set(sender, { path, evidence: evidenceOf(file) })
    } catch (error) {
      wrong.push(`${path}: ${error instanceof Error ? error.message : error}`)
    }
  }
  if (wrong.length > 0) complain(`evidence that proves nothing here is left as it is: ${someOf(wrong)}`)
  return [...kept.values()]
}

async function proofsIn(folder: string, complain: (line: string) => void): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') complain(`proofs of earlier runs cannot be read: ${error.message}`)
    return []
  })
  const names = entries.filter(entry => entry.isFile() && isProof(entry.name)).map(({ name }) => name)
  const left = names.length - FILES_MAX
  if (left > 0) complain(`${folder} holds ${names.length} proofs; the last ${left} of them were not read`)
  return names.sort().slice(0, FILES_MAX)
}

function someOf(lines: readonly string[]): string {
  const more = lines.length - NAMED_MAX
  return `${lines.slice(0, NAMED_MAX).join('; ')}${more > 0 ? `; and ${more} more` : ''}`
}
