/** The messages of a document: rows whose slots and digests stand in lists, each once. */
import type { MessageBatch } from './events.ts'
import type { MessageRow, RunDocument } from './run.ts'

/** A time of a run, in a sentence. */
export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

/** Where the slots and digests of a document's messages stand in its lists. */
interface Places {
  readonly slots: Map<string, number>
  readonly digests: Map<string, number>
}

const places = new WeakMap<RunDocument, Places>()

function placesIn(run: RunDocument): Places {
  let known = places.get(run)
  if (known === undefined) {
    const { slots, digests } = run.messages
    known = {
      slots: new Map(slots.map((slot, at) => [slot.join(), at])),
      digests: new Map(digests.map((digest, at) => [digest, at])),
    }
    places.set(run, known)
  }
  return known
}

/** Adds messages; of more than `most` the oldest quarter is forgotten, and the document says so. */
export function addMessages(run: RunDocument, { rows, slots, digests }: MessageBatch, most: number): void {
  const { messages } = run
  const known = placesIn(run)
  const slotAt = slots.map(slot => placeOf(known.slots, messages.slots, slot.join(), slot))
  const digestAt = digests.map(digest => placeOf(known.digests, messages.digests, digest, digest))
  for (const [sent, at, from, to, kind, slot, digest, bytes, cause] of rows) {
    const named = digest < 0 ? -1 : digestAt[digest]!
    messages.rows.push([sent, at, from, to, kind, slotAt[slot]!, named, bytes, cause])
  }
  if (messages.rows.length > most) forgetOldest(run, most)
}

function placeOf<T>(known: Map<string, number>, list: T[], key: string, value: T): number {
  let at = known.get(key)
  if (at === undefined) {
    at = list.push(value) - 1
    known.set(key, at)
  }
  return at
}

function forgetOldest(run: RunDocument, most: number): void {
  const { messages } = run
  const gone = most >> 2
  const kept = messages.rows.slice(gone)
  const { slots, digests } = messages
  Object.assign(messages, { dropped: messages.dropped + gone, rows: [], slots: [], digests: [] })
  places.delete(run)
  addMessages(run, used(kept, slots, digests), most)
  const since = kept[0]![1] ?? kept[0]![0] ?? 0
  run.thinned.messages = `The ${messages.dropped} messages before ${seconds(since)} are no longer kept.`
}

/** The slots and digests of these rows alone, with the rows' indices into them. */
function used(
  rows: readonly MessageRow[],
  slots: readonly (readonly [number, number, number, number])[],
  digests: readonly string[],
): MessageBatch {
  const slotMap = new Map<number, number>()
  const digestMap = new Map<number, number>()
  const at = (map: Map<number, number>, old: number) => {
    const place = map.get(old) ?? map.size
    map.set(old, place)
    return place
  }
  const moved = rows.map(
    ([sent, arrivedMs, from, to, kind, slot, digest, bytes, cause]): MessageRow => [
      ...([sent, arrivedMs, from, to, kind, at(slotMap, slot)] as const),
      ...([digest < 0 ? -1 : at(digestMap, digest), bytes, cause] as const),
    ],
  )
  return {
    rows: moved,
    slots: [...slotMap.keys()].map(old => slots[old]!),
    digests: [...digestMap.keys()].map(old => digests[old]!),
  }
}
