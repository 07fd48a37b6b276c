/**
 * Records a real peer. What a status shows anyway (its steps, losses, links, faults) is kept from the start, in little
 * memory. Its lane, its messages and what its rule saw are recorded only while somebody looks.
 */
import type { aggregate } from '../../agreement/averaging/aggregate.ts'
import type { Aggregate } from '../../agreement/averaging/family.ts'
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { PeerHooks } from '../runtime/peer.ts'
import type { RunEvent } from './events.ts'
import { createLane, type Lane, messageNow } from './lane.ts'
import { watchRule } from './received.ts'
import { type Recorder, roundedMs } from './recorder.ts'

export interface PeerLane extends Pick<Lane, 'output' | 'timer'> {
  readonly received: NonNullable<PeerHooks['received']>
  /** In place of the rule: the same bits. */
  rule(rule: typeof aggregate): Aggregate
}

interface PeerLaneOptions {
  readonly recorder: Pick<Recorder, 'tell' | 'message' | 'isWatched'>
  readonly self: PeerIndex
  /** Milliseconds since the run began. */
  readonly nowMs: () => number
  /** A liar's own view is nobody's. */
  readonly isHonest: boolean
}

/** Only these are worth recording while nobody looks. */
const always: ReadonlySet<RunEvent['kind']> = new Set(['place', 'caught-up'])

export function createPeerLane({ recorder, self, nowMs, isHonest }: PeerLaneOptions): PeerLane {
  let watching: ReturnType<typeof watchRule> | null = null
  const isWatched = () => recorder.isWatched()
  const lane = createLane({
    self,
    nowMs,
    alone: false,
    tell(event) {
      if (isWatched() || always.has(event.kind)) recorder.tell(event)
    },
    seen: result => (isHonest && isWatched() ? (watching?.seen(result) ?? null) : null),
  })
  const toAll = { arrivedMs: null, bytes: null, cause: null }
  let last: number | null = null
  return {
    timer: lane.timer,
    output(output) {
      lane.output(output)
      if (output.kind !== 'sealed' || !isWatched()) return
      const { slot, digest } = output
      const message = { kind: 'digest', slot, digest, signature: NO_SIGNATURE } as const
      recorder.message(messageNow(self, -1, message, { ...toAll, sentMs: roundedMs(nowMs()), cause: last }))
    },
    received(from, message) {
      if (!isWatched()) return
      const arrivedMs = roundedMs(nowMs())
      last = recorder.message(messageNow(from, self, message, { ...toAll, sentMs: null, arrivedMs }))
    },
    rule(rule) {
      watching = watchRule(rule, () => isHonest && isWatched())
      return watching.aggregate
    },
  }
}

const NO_SIGNATURE = new Uint8Array()
