/** Offences, for which a connection is ended: how they are counted and reported, and the boundary that enforces it. */
import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
import type { FaultKind, PeerIndex } from '../../agreement/protocol.ts'
import type { TransportEvents } from '../ports.ts'
import { type Boundary, createBoundary } from './boundary.ts'
import type { Members } from './members.ts'
import type { PeerLog } from './quiet-log.ts'

/** The part of a transport that offences concern. */
export interface Offended {
  readonly node: Libp2p
  readonly members: Members
  readonly log: PeerLog
  readonly events: TransportEvents
  readonly isStopped: boolean
}

export function report(
  { isStopped, log, members, events }: Offended,
  peer: PeerIndex,
  kind: FaultKind,
  detail: string,
): void {
  if (isStopped) return
  log.fault(peer, kind, `${members.nameOf(peer)}: ${detail}`)
  events.fault(peer, kind, detail)
}

/** A connection was cut off below its streams. */
export function offended(
  network: Offended,
  id: PeerId | null,
  kind: FaultKind,
  detail: string,
  cause: Error | undefined,
): void {
  const { isStopped, members, log, events } = network
  const peer = (id === null ? undefined : members.indexOf(id)) ?? null
  if (cause !== undefined) reportException(network, peer, cause)
  else if (peer !== null) report(network, peer, kind, detail)
  else if (!isStopped) {
    events.fault(null, kind, detail)
    log.fault(null, kind, `cut off a stranger: ${detail}`)
  }
}

/** A defect that a connection has met; the line asks its reader to report it. */
function reportException(network: Offended, peer: PeerIndex | null, error: Error): void {
  const { isStopped, log, members, events } = network
  if (isStopped) return
  const whose = peer === null ? 'a stranger' : members.nameOf(peer)
  log.fault(
    peer,
    'exception',
    `a connection of ${whose} met a defect of this program and was ended: ${error.message}; please report it with its stack`,
    { stack: error.stack?.split('\n') },
  )
  events.fault(peer, 'exception', `its connection made this peer fail: ${error.message}`)
}

/** Runs what a connection has caused, anyone's: an exception ends the connection. */
export function inside(network: Offended, connection: Connection, what: () => void): void {
  const peer = network.members.indexOf(connection.remotePeer) ?? null
  const boundary = createBoundary(error => {
    reportException(network, peer, error)
    abort(connection, error)
  })
  boundary.run(what)
}

/** The boundary around a member's connections: an exception ends them, and counts as a fault. */
export function boundaryOf(network: Offended, peer: PeerIndex): Boundary {
  const { node, members } = network
  return createBoundary(error => {
    reportException(network, peer, error)
    for (const connection of node.getConnections(members.ids[peer]!)) abort(connection, error)
  })
}

/** libp2p throws if one of the connection's layers has ended before the others. */
export function abort(connection: Connection, reason: Error): void {
  try {
    connection.abort(reason)
  } catch {
    // It has ended.
  }
}
