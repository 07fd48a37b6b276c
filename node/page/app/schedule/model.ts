/** The messages of a run in flat arrays, so that a hundred thousand of them are looked through in every frame. */
import { messageKinds, phases, type RunDocument } from '../../run.ts'

export interface Model {
  readonly count: number
  /** When each was sent; where that is not known, when it arrived. Milliseconds. */
  readonly start: Float64Array
  readonly end: Float64Array
  readonly from: Int16Array
  readonly to: Int16Array
  readonly kind: Uint8Array
  /** 1: when it was sent is not known; 2: it has not arrived, as far as is known. */
  readonly unknown: Uint8Array
  readonly firstMs: number
  readonly lastMs: number
  /** By kind. */
  readonly counts: readonly number[]
}

export const UNSENT = 1
export const UNARRIVED = 2

export function modelOf(run: RunDocument): Model {
  const { rows } = run.messages
  const count = rows.length
  const start = new Float64Array(count)
  const end = new Float64Array(count)
  const from = new Int16Array(count)
  const to = new Int16Array(count)
  const kind = new Uint8Array(count)
  const unknown = new Uint8Array(count)
  const counts = messageKinds.map(() => 0)
  let firstMs = count === 0 ? 0 : Infinity
  let lastMs = run.ms
  for (let at = 0; at < count; at++) {
    const [sent, arrived, sender, receiver, of] = rows[at]!
    start[at] = sent ?? arrived ?? 0
    end[at] = arrived ?? sent ?? 0
    from[at] = sender
    to[at] = receiver
    kind[at] = of
    unknown[at] = (sent === null ? UNSENT : 0) | (arrived === null ? UNARRIVED : 0)
    counts[of] = (counts[of] ?? 0) + 1
    if (start[at]! < firstMs) firstMs = start[at]!
    if (end[at]! > lastMs) lastMs = end[at]!
  }
  for (const { ms } of run.marks) if (ms < firstMs) firstMs = ms
  return {
    count,
    start,
    end,
    from,
    to,
    kind,
    unknown,
    firstMs,
    lastMs: Math.max(lastMs, firstMs + 1e-3),
    counts,
  }
}

/** One message, as people read it. */
export interface Told {
  /** Its number in the run. */
  readonly number: number
  readonly kind: string
  readonly from: number
  readonly to: number
  readonly sentMs: number | null
  readonly arrivedMs: number | null
  readonly slot: {
    readonly step: number
    readonly phase: string
    readonly iteration: number
    readonly sender: number
  } | null
  readonly digest: string | null
  readonly bytes: number | null
  /** The number of the message that it answers. */
  readonly cause: number | null
}

export function told(run: RunDocument, at: number): Told | null {
  const row = run.messages.rows[at]
  if (row === undefined) return null
  const [sentMs, arrivedMs, from, to, kind, slotAt, digestAt, bytes, cause] = row
  const slot = run.messages.slots[slotAt]
  return {
    number: at + run.messages.dropped,
    kind: messageKinds[kind] ?? 'unknown',
    from,
    to,
    sentMs,
    arrivedMs,
    slot:
      slot === undefined
        ? null
        : { step: slot[0], phase: phases[slot[1]] ?? 'unknown', iteration: slot[2], sender: slot[3] },
    digest: run.messages.digests[digestAt] ?? null,
    bytes,
    cause,
  }
}

/** Places of the messages that were sent in reply to this one. */
export function effectsOf(run: RunDocument, at: number): readonly number[] {
  const number = at + run.messages.dropped
  const found: number[] = []
  const { rows } = run.messages
  for (let other = 0; other < rows.length; other++) if (rows[other]![8] === number) found.push(other)
  return found
}

/** The place of the message that this one answers; null: none, or it is no longer kept. */
export function causeOf(run: RunDocument, at: number): number | null {
  const cause = run.messages.rows[at]?.[8] ?? null
  if (cause === null) return null
  const place = cause - run.messages.dropped
  return run.messages.rows[place] === undefined ? null : place
}
