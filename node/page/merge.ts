/**
 * Puts the records of a cohort's peers together that run on one machine, each in its own process, by one clock. A
 * receiver knows when a message arrived, and its author's record when it was said: so each becomes a line of the schedule.
 */
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { MessageBatch, RunEvent } from './events.ts'
import type { Recorder } from './recorder.ts'
import { messageKinds } from './run.ts'

export interface Merge {
  /** Takes what the process of this peer has recorded, in order. */
  add(peer: PeerIndex, events: readonly RunEvent[]): void
  /** Passes on what was held back. */
  flush(): void
}

/** An author's own record may come after that of who has heard it: messages are held for so many batches. */
const HELD_BATCHES = 12
/** Slots of which it is remembered when they were spoken in. */
const SPOKEN_MAX = 20_000

/** A liar's account of its own state is not shown beside those of honest peers. */
const notOfLiars: ReadonlySet<RunEvent['kind']> = new Set(['loss', 'accuracy', 'fault', 'evidence', 'note'])

export function mergeRecords(
  recorder: Pick<Recorder, 'tell' | 'message'>,
  liars: readonly PeerIndex[],
): Merge {
  const spoken = new Map<string, number>()
  const held: MessageBatch[] = []
  const release = () => {
    const batch = held.shift()
    if (batch === undefined) return
    for (const [sentMs, arrivedMs, from, to, kind, slotAt, digestAt, bytes] of batch.rows) {
      const slot = batch.slots[slotAt]!
      const digest = digestAt < 0 ? null : batch.digests[digestAt]!
      const isOwn = slot[3] === from && (messageKinds[kind] === 'vector' || messageKinds[kind] === 'digest')
      const said = isOwn ? (spoken.get(slot.join()) ?? null) : null
      const known = said !== null && said <= arrivedMs! ? said : null
      recorder.message({
        sentMs: sentMs ?? known,
        arrivedMs,
        from,
        to,
        kind,
        slot,
        digest,
        bytes,
        cause: null,
      })
    }
  }
  const take = (batch: MessageBatch) => {
    const isSpoken = (to: number) => to === -1
    for (const [sentMs, , , to, , slotAt] of batch.rows)
      if (isSpoken(to)) spoken.set(batch.slots[slotAt]!.join(), sentMs!)
    while (spoken.size > SPOKEN_MAX) spoken.delete(spoken.keys().next().value!)
    held.push({ ...batch, rows: batch.rows.filter(([, , , to]) => !isSpoken(to)) })
    if (held.length > HELD_BATCHES) release()
  }
  return {
    add(peer, events) {
      for (const event of events) {
        if (event.kind === 'messages') take(event.batch)
        else if (event.kind === 'end' || event.kind === 'since') continue
        else if (!(liars.includes(peer) && notOfLiars.has(event.kind))) recorder.tell(event)
      }
    },
    flush() {
      while (held.length > 0) release()
    },
  }
}
