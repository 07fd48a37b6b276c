/** What a connection does that ends it: how that is counted and said, and the boundary that sees to it. */
import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
import type { FaultKind, PeerIndex } from '../../agreement/protocol.ts'
import type { TransportEvents } from '../ports.ts'
import { type Boundary, createBoundary } from './boundary.ts'
import type { Members } from './members.ts'
import type { PeerLog } from './quiet-log.ts'

/** Where offences are said: the part of a transport that they concern. */
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
  log.fault(peer, kind, `peer ${members.describe(peer)}: ${detail}`)
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

/** A defect that somebody's connection has met; whoever reads the log is to tell us. */
function reportException(network: Offended, peer: PeerIndex | null, error: Error): void {
  const { isStopped, log, members, events } = network
  if (isStopped) return
  const whose = peer === null ? 'a stranger' : `peer ${members.describe(peer)}`
  log.fault(
    peer,
    'exception',
    `a connection of ${whose} met a defect of this program and was ended: ${error.message}; please report it with its stack`,
    { stack: error.stack?.split('\n') },
  )
  events.fault(peer, 'exception', `its connection made this peer fail: ${error.message}`)
}

/** Runs what a connection of anyone's has caused: an exception ends it. */
export function inside(network: Offended, connection: Connection, what: () => void): void {
  const peer = network.members.indexOf(connection.remotePeer) ?? null
  const boundary = createBoundary(error => {
    reportException(network, peer, error)
    abort(connection, error)
  })
  boundary.run(what)
}

/** Around what a member's connections run: an exception ends them, and counts. */
export function boundaryOf(network: Offended, peer: PeerIndex): Boundary {
  const { node, members } = network
  return createBoundary(error => {
    reportException(network, peer, error)
    for (const connection of node.getConnections(members.ids[peer]!)) abort(connection, error)
  })
}

/** libp2p throws where one of the connection's layers has ended before the others. */
export function abort(connection: Connection, reason: Error): void {
  try {
    connection.abort(reason)
  } catch {
    // It has ended.
  }
}
