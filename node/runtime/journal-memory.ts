/**
 * What a peer remembers at its start, and whether it remembers everything. The log is behind the watermark if its end
 * was damaged or an older copy was restored. The peer may then have bound itself to messages that it no longer knows.
 * So it starts without memory, and never again says anything that binds it in the steps up to the watermark's.
 */
import { isBound } from '../../agreement/message.ts'
import type { LogAbsence, Storage, VectorPlaces, Watermark } from '../ports.ts'
import { decodeRecord, type JournalRecord, type RecordLimits } from './journal-records.ts'
import { stands, type VectorAt } from './journal-vectors.ts'

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

/**
 * @param places where the vectors stand that the records refer to; null: the records hold them
 * @throws JournalError
 */
export function recall(
  { recovered, watermark, absence = null }: Pick<Storage, 'recovered' | 'watermark' | 'absence'>,
  { limits }: RecordLimits,
  places: Pick<VectorPlaces, 'read'> | null = null,
): Memory {
  const written = recovered.map(bytes => decodeRecord(bytes, { limits }))
  const entries = written.at(-1)?.entry ?? 0
  const completeFrom = Math.max(
    1,
    ...written.map(record => (record.kind === 'complete-from' ? record.step : 1)),
  )
  const step = Math.max(completeFrom - 1, ...written.map(boundStep), watermark?.step ?? 0)
  const records = stillKept(written)
  const lost =
    lossOf(entries, watermark, absence) ?? damageOf(records, places, limits.dimension, { entries, step })
  return lost === null
    ? { records, entries, step, completeFrom, lost }
    : { records: [], entries: Math.max(entries, watermark?.entries ?? 0), step, completeFrom: step + 1, lost }
}

/** Why vectors beside the log are not those that its records name, as a sentence; null if they are. @throws JournalError */
export function damageIn(
  recovered: readonly Uint8Array[],
  places: Pick<VectorPlaces, 'read'>,
  limits: RecordLimits['limits'],
): string | null {
  const written = recovered.map(bytes => decodeRecord(bytes, { limits }))
  const step = Math.max(0, ...written.map(boundStep))
  return damageOf(stillKept(written), places, limits.dimension, { entries: written.length, step })
}

/** Without the records whose vectors' places may have been used again: a checkpoint says from which step on they stand. */
function stillKept(written: readonly JournalRecord[]): readonly JournalRecord[] {
  const keptFrom = Math.max(
    0,
    ...written.map(record => (record.kind === 'checkpoint-at' ? record.keptFrom : 0)),
  )
  const newest = new Map<number, JournalRecord>() // of one step the last checkpoint counts
  for (const record of written) if (record.kind === 'checkpoint-at') newest.set(record.step, record)
  return written.filter(record => {
    if (record.kind === 'checkpoint-at') return record.step >= keptFrom && newest.get(record.step) === record
    return record.kind !== 'vector-at' || record.echo.slot.step >= keptFrom
  })
}

/** The vectors that the records refer to, each as often as they do. Of older checkpoints only the parameters are kept. */
export function vectorsIn(records: readonly JournalRecord[]): readonly VectorAt[] {
  const newest = Math.max(...records.map(record => (record.kind === 'checkpoint-at' ? record.step : 0)))
  return records.flatMap(record => {
    if (record.kind === 'vector-at') return [record.at]
    if (record.kind !== 'checkpoint-at') return []
    const { step, parameters, momentum, residual, drawn } = record
    return [parameters, ...(step === newest ? [momentum, residual, drawn] : [])].filter(at => at !== null)
  })
}

/** Why vectors beside the log are not those that this peer has put there, as a sentence; null if they are. */
function damageOf(
  records: readonly JournalRecord[],
  places: Pick<VectorPlaces, 'read'> | null,
  dimension: number,
  { entries, step }: Watermark,
): string | null {
  const needed = vectorsIn(records)
  const bad = needed.filter(at => places === null || !stands(places, at, dimension))
  if (bad.length === 0) return null
  return `The file of vectors beside the log has changed or is missing: ${bad.length} of the ${needed.length} vectors that the log's ${entries} records refer to are not there. This peer starts without memory, ${silence(step)}`
}

const silence = (step: number) =>
  `asks the others, and says nothing in the steps up to ${step}, in which it may have spoken`

/** The step in which a record binds its peer; 0 if it does not. */
function boundStep(record: JournalRecord): number {
  if (record.kind === 'vector-at') return record.own ? record.echo.slot.step : 0
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
  const then = silence(watermark.step)
  if (absence === 'forgotten') return `As --forget asked, this peer starts without its log, ${then}`
  const what =
    absence === 'missing'
      ? `The log is missing, and with it the ${watermark.entries} records that this peer wrote`
      : `The log lacks ${missing} of the ${watermark.entries} records that this peer wrote: ${entries === 0 ? 'it was begun anew, ' : ''}its end was damaged, or it is an older copy`
  return `${what}. This peer starts without memory, ${then}`
}
