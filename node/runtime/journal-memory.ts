/**
 * What a peer remembers at its start, and whether it remembers everything. The log is behind the watermark if its end
 * was damaged or an older copy was restored. The peer may then have bound itself to messages that it no longer knows.
 * So it starts without memory, and never again says anything that binds it in the steps up to the watermark's.
 */
import { isBound } from '../../agreement/message.ts'
import type { LogAbsence, Storage, Watermark } from '../ports.ts'
import { decodeRecord, type JournalRecord, type RecordLimits } from './journal-records.ts'

export interface Memory {
  /** In the order in which they were written; none if memory was lost. */
  readonly records: readonly JournalRecord[]
  /** How many records were ever written. */
  readonly entries: number
  /** The newest step in which this peer may have bound itself. */
  readonly step: number
  /** From this step on everything is known; 1: from the beginning. In earlier steps this peer may have said more. */
  readonly completeFrom: number
  /** Why the peer remembers nothing, as a sentence; null if it remembers everything. */
  readonly lost: string | null
}

/** @throws JournalError */
export function recall(
  { recovered, watermark, absence = null }: Pick<Storage, 'recovered' | 'watermark' | 'absence'>,
  limits: RecordLimits,
): Memory {
  const records = recovered.map(bytes => decodeRecord(bytes, limits))
  const entries = records.at(-1)?.entry ?? 0
  const completeFrom = Math.max(
    1,
    ...records.map(record => (record.kind === 'complete-from' ? record.step : 1)),
  )
  const written = Math.max(completeFrom - 1, ...records.map(boundStep))
  const step = Math.max(written, watermark?.step ?? 0)
  const lost = lossOf(entries, watermark, absence)
  return lost === null
    ? { records, entries, step, completeFrom, lost }
    : { records: [], entries: Math.max(entries, watermark?.entries ?? 0), step, completeFrom: step + 1, lost }
}

/** The step in which a record binds its peer; 0 if it does not. */
function boundStep(record: JournalRecord): number {
  return record.kind === 'message' && isBound(record.message) ? record.message.slot.step : 0
}

/** Why a log that ends with this entry is not all that its peer wrote, as a sentence; null if it is. */
export function lossOf(
  entries: number,
  watermark: Watermark | null,
  absence: LogAbsence | null,
): string | null {
  if (watermark === null)
    return entries === 0
      ? null
      : 'The watermark beside the log is missing or cannot be read, so nobody can tell whether the log is all there is: this peer starts without memory'
  const missing = watermark.entries - entries
  if (missing <= 0) return null
  const then = `asks the others, and says nothing in the steps up to ${watermark.step}, in which it may have spoken`
  if (absence === 'forgotten') return `As --forget asked, this peer starts without its log, ${then}`
  const what =
    absence === 'missing'
      ? `The log is missing, and with it the ${watermark.entries} records that this peer wrote`
      : `The log lacks ${missing} of the ${watermark.entries} records that this peer wrote: ${entries === 0 ? 'it was begun anew, ' : ''}its end was damaged, or it is an older copy`
  return `${what}. This peer starts without memory, ${then}`
}
