/** The doctor's checks of a peer's memory: its log, the watermark beside it, and the permissions. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { DecodeLimits } from '../codec/index.ts'
import { damageIn, lossOf } from '../runtime/journal-memory.ts'
import { entryOf, JournalError, namesVector } from '../runtime/journal-records.ts'
import { unsafeDirectory } from '../storage/directory.ts'
import { isMissing } from '../storage/errors.ts'
import { inspectLog } from '../storage/inspect.ts'
import { logFiles } from '../storage/records.ts'
import { mendedIn, refusalOf } from '../storage/refusal.ts'
import { readVectorFile } from '../storage/vector-file.ts'
import { type Finding, failed, fine, warning } from './finding.ts'

/**
 * Changes nothing. Finds nothing if nothing was ever remembered.
 * @param limits of the records; null where the model is not known: then vectors are not read
 */
export async function examineMemory(
  directory: string,
  limits: DecodeLimits | null,
): Promise<readonly Finding[]> {
  try {
    const unsafe = unsafeDirectory(directory, await stat(directory))
    if (unsafe !== null) return [failed('memory', 'state-unsafe', `${unsafe.says}.`, `${unsafe.todo}.`)]
    return await examineLog(directory, limits)
  } catch (error) {
    if (isMissing(error)) return []
    const says = `The state in ${directory} cannot be read: ${error instanceof Error ? error.message : error}.`
    return [failed('memory', 'state-unreadable', says, 'Correct that: the peer cannot start like this.')]
  }
}

async function examineLog(directory: string, limits: DecodeLimits | null): Promise<readonly Finding[]> {
  const inspection = await inspectLog(directory)
  if (inspection === null) return []
  const { path, scan, cutBytes, watermark, absence } = inspection
  if (scan.kind !== 'whole') {
    const { code, says, todo } = refusalOf(path, scan)
    return [failed('memory', code, `${says}.`, `${todo}.`)]
  }
  const last = scan.records.at(-1)
  const loss =
    lossOf(last === undefined ? 0 : entryOf(last), watermark, absence) ??
    vectorsLost(directory, scan.records, limits)
  // If records are lost, the torn one was among them.
  const findings = mendedIn(path, scan, loss === null ? cutBytes : 0).map(text =>
    scan.sparedBytes > 0
      ? warning('memory', 'state-damaged', `${text}.`, 'Check the disk.')
      : warning(
          'memory',
          'torn-tail',
          `${text}.`,
          'Nothing: a crash or a power cut leaves this, and what was torn had not been said.',
        ),
  )
  if (loss !== null)
    findings.push(
      warning(
        'memory',
        'memory-lost',
        `${loss}.`,
        'Nothing, if the others run: the peer finds its place. If an older copy was put back, put the newest one back instead.',
      ),
    )
  return findings.length > 0 ? findings : [fine('memory', `${path} is whole`)]
}

/** Why the vectors that the records name are not there, as a sentence; null if they are, or cannot be told. */
function vectorsLost(
  directory: string,
  records: readonly Uint8Array[],
  limits: DecodeLimits | null,
): string | null {
  if (!records.some(namesVector)) return null
  const path = join(directory, logFiles.vectors)
  const places = readVectorFile(path, 4 * (limits?.dimension ?? 1))
  if (places === null)
    return `${path} is missing, with the vectors that the log names: the peer would start without memory`
  try {
    if (limits === null) return null
    return damageIn(records, places, limits)
  } catch (error) {
    if (error instanceof JournalError) return null // another model's: joining says so
    throw error
  } finally {
    places.close()
  }
}
