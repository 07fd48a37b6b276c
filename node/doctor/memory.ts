/** The doctor's checks of a peer's memory: its log, the watermark beside it, and the permissions. */
import { stat } from 'node:fs/promises'
import { lossOf } from '../runtime/journal-memory.ts'
import { entryOf } from '../runtime/journal-records.ts'
import { unsafeDirectory } from '../storage/directory.ts'
import { isMissing } from '../storage/errors.ts'
import { inspectLog } from '../storage/inspect.ts'
import { mendedIn, refusalOf } from '../storage/refusal.ts'
import { type Finding, failed, fine, warning } from './finding.ts'

/** Changes nothing. Finds nothing if nothing was ever remembered. */
export async function examineMemory(directory: string): Promise<readonly Finding[]> {
  try {
    const unsafe = unsafeDirectory(directory, await stat(directory))
    if (unsafe !== null) return [failed('memory', 'state-unsafe', `${unsafe.says}.`, `${unsafe.todo}.`)]
    return await examineLog(directory)
  } catch (error) {
    if (isMissing(error)) return []
    const says = `The state in ${directory} cannot be read: ${error instanceof Error ? error.message : error}.`
    return [failed('memory', 'state-unreadable', says, 'Correct that: the peer cannot start like this.')]
  }
}

async function examineLog(directory: string): Promise<readonly Finding[]> {
  const inspection = await inspectLog(directory)
  if (inspection === null) return []
  const { path, scan, cutBytes, watermark, absence } = inspection
  if (scan.kind !== 'whole') {
    const { code, says, todo } = refusalOf(path, scan)
    return [failed('memory', code, `${says}.`, `${todo}.`)]
  }
  const last = scan.records.at(-1)
  const loss = lossOf(last === undefined ? 0 : entryOf(last), watermark, absence)
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
