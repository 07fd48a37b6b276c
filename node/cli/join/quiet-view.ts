/**
 * Limits the events that are shown: of those that others cause, so many a minute for each peer and kind. This file says
 * for each kind of event whether others can cause it, and the compiler asks for every new kind.
 */
import type { PeerIndex } from '../../../agreement/protocol.ts'
import { type Membership, memberName } from '../../cohort/cohort.ts'
import type { PeerEvent } from '../../daemon/events.ts'
import { createQuiet } from '../../text/quiet.ts'
import type { JoinView } from './join-view.ts'

type Topic = 'connected' | 'gone' | 'cannot-help' | 'caught-up' | 'moving' | 'proof'

interface Cause {
  /** Null if no single peer causes the event. */
  readonly peer: PeerIndex | null
  readonly topic: Topic
}

/** Lines a minute. A wait is repeated every ten seconds, with a line when it ends; a restart takes some of each. */
const LINES: Partial<Readonly<Record<Topic, number>>> = { connected: 3, gone: 3, 'caught-up': 3, moving: 12 }

/** Null if this peer causes the event itself, or the event is limited at its source. */
function causeOf(event: PeerEvent): Cause | null {
  switch (event.kind) {
    case 'connection':
      return { peer: event.peer, topic: event.up ? 'connected' : 'gone' }
    case 'missed':
      return { peer: event.peer, topic: 'cannot-help' }
    case 'evidence':
      return { peer: event.peer, topic: 'proof' }
    case 'caught-up':
      return { peer: null, topic: 'caught-up' }
    case 'waiting':
    case 'resumed':
      return { peer: null, topic: 'moving' }
    case 'fault': // limited by the fault counter
    case 'log': // limited by the network's own log, and for an oracle's output
    case 'listening':
    case 'recorded':
    case 'step':
    case 'evaluated':
    case 'agreed':
    case 'finished':
    case 'diverged':
    case 'failed':
      return null
  }
}

/** The view, with a limit on events that others cause. When it stops, it reports how many it left out. */
export function quietView<View extends JoinView>(
  view: View,
  membership: Membership,
  nowMs: () => number,
): View {
  const quiet = createQuiet<Topic>({ nowMs, lines: LINES })
  return {
    ...view,
    see(event) {
      const cause = causeOf(event)
      const leftOut = cause === null ? 0 : quiet.admit(cause.peer, cause.topic)
      if (leftOut !== null) view.see(event, leftOut)
    },
    stop() {
      for (const { peer, kind, count } of quiet.leftOut())
        view.note(
          `${peer === null ? 'others' : memberName(membership.cohort, peer)}: ${count} lines about "${kind}" were left out`,
        )
      view.stop()
    },
  }
}
