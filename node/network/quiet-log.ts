/**
 * The network's log of what others do. Each line names the peer and the kind of line, and each peer has only a few
 * lines of each kind (node/text/quiet.ts). The rest of the network has no other log: almost every line that it could
 * write is caused by somebody else.
 */
import type { FaultKind, PeerIndex } from '../../agreement/protocol.ts'
import type { Clock } from '../ports.ts'
import { createQuiet, moreText } from '../text/quiet.ts'
import type { Log } from './log.ts'

/** What a line may be about, besides faults. */
type Topic =
  | 'connected'
  | 'disconnected'
  | 'not-admitted'
  | 'unreachable'
  | 'address'
  | 'reconnects'
  | 'second-process'
  | 'closed-early'
  | 'crowded'
  | 'clock'
  | 'cut-off'
  | 'refused'
  | 'stop'

/** Lines about a peer; null stands for all strangers together. */
export interface PeerLog {
  debug(peer: PeerIndex | null, topic: Topic, text: string, fields?: object): void
  info(peer: PeerIndex | null, topic: Topic, text: string, fields?: object): void
  warn(peer: PeerIndex | null, topic: Topic, text: string, fields?: object): void
  /** A warning, with the fault as a field. */
  fault(peer: PeerIndex | null, kind: FaultKind, text: string, fields?: object): void
  /** Reports at the end how many lines were left out. */
  rest(): void
}

/** A restart takes some lines of each kind; three restarts in a minute are not a flood yet. */
const LINES: Partial<Readonly<Record<Topic, number>>> = { connected: 3, disconnected: 3 }

/** @param nameOf what its own line about those that were left out calls a peer */
export function createPeerLog(log: Log, clock: Clock, nameOf: (peer: PeerIndex) => string): PeerLog {
  const quiet = createQuiet<Topic | FaultKind>({ nowMs: () => clock.nowMs(), lines: LINES })
  const at =
    (level: keyof Log) =>
    (peer: PeerIndex | null, topic: Topic | FaultKind, text: string, fields: object = {}) => {
      const leftOut = quiet.admit(peer, topic)
      if (leftOut === null) return
      const times = leftOut === 0 ? {} : { times: leftOut + 1 }
      log[level]({ ...(peer !== null && { peer }), ...fields, ...times }, `${text}${moreText(leftOut)}`)
    }
  const warn = at('warn')
  return {
    debug: at('debug'),
    info: at('info'),
    warn,
    fault: (peer, kind, text, fields) => warn(peer, kind, text, { ...fields, fault: kind }),
    rest() {
      for (const { peer, kind, count } of quiet.leftOut())
        log.info(
          { peer, kind, count },
          `${peer === null ? 'strangers' : nameOf(peer)}: ${count} lines about "${kind}" were left out`,
        )
    },
  }
}
