/**
 * The network's log of what others do. Whoever writes to it names the peer and the kind of line, and each peer has only
 * so many of each kind (node/text/quiet.ts). Nothing else of the network has a log at hand: almost all that it could say
 * is caused by someone else.
 */
import type { FaultKind, PeerIndex } from '../../agreement/protocol.ts'
import type { Clock } from '../ports.ts'
import { createQuiet, moreText } from '../text/quiet.ts'
import type { Log } from './log.ts'

/** What a line is about, beside faults. */
type Topic =
  | 'connected'
  | 'disconnected'
  | 'not-admitted'
  | 'unreachable'
  | 'address'
  | 'reconnects'
  | 'closed-early'
  | 'crowded'
  | 'clock'
  | 'cut-off'
  | 'refused'
  | 'stop'

/** Lines about peers, null for all strangers together. */
export interface PeerLog {
  debug(peer: PeerIndex | null, topic: Topic, text: string, fields?: object): void
  info(peer: PeerIndex | null, topic: Topic, text: string, fields?: object): void
  warn(peer: PeerIndex | null, topic: Topic, text: string, fields?: object): void
  /** A warning, with the fault as a field. */
  fault(peer: PeerIndex | null, kind: FaultKind, text: string, fields?: object): void
  /** How much was left out and not told yet; at the end. */
  rest(): void
}

/** A restart takes some of each; three in a minute are no flood yet. */
const LINES: Partial<Readonly<Record<Topic, number>>> = { connected: 3, disconnected: 3 }

export function createPeerLog(log: Log, clock: Clock): PeerLog {
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
      for (const { peer, kind, count } of quiet.untold())
        log.info({ peer, kind, count }, `${who(peer)}: ${count} lines about "${kind}" were left out`)
    },
  }
}

const who = (peer: PeerIndex | null): string => (peer === null ? 'strangers' : `peer ${peer}`)
