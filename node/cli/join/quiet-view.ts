/**
 * What is shown of a peer's events: those that others cause, so many a minute of each peer and kind. For each kind of
 * event it is said here whether others can cause it; the compiler asks for every new one.
 */
import type { PeerIndex } from '../../../agreement/protocol.ts'
import type { Membership } from '../../cohort/cohort.ts'
import type { PeerEvent } from '../../daemon/events.ts'
import { createQuiet } from '../../text/quiet.ts'
import { type JoinView, nameOf } from './join-view.ts'

type Topic = 'connected' | 'gone' | 'cannot-help' | 'caught-up' | 'moving' | 'proof'

interface Cause {
  /** Null where no single peer can be named. */
  readonly peer: PeerIndex | null
  readonly topic: Topic
}

/** Who waits is told again every ten seconds, and that it goes on; a restart takes some lines of each. */
const LINES: Partial<Readonly<Record<Topic, number>>> = { connected: 3, gone: 3, 'caught-up': 3, moving: 12 }

/** Null where it is this peer's own doing, or limited where it is noticed. */
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
    case 'fault': // by the counter of faults
    case 'log': // by the network's own log, and by what an oracle may print
    case 'listening':
    case 'step':
    case 'finished':
    case 'diverged':
    case 'failed':
      return null
  }
}

/** The view, with what others cause limited, and what was left out told when it stops. */
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
      for (const { peer, kind, count } of quiet.untold())
        view.note(
          `${peer === null ? 'others' : nameOf(membership, peer)}: ${count} lines about "${kind}" were left out`,
        )
      view.stop()
    },
  }
}
