/** Reports peers that are turned away. */
import type { PeerId } from '@libp2p/interface'
import type { PeerIndex } from '../../agreement/protocol.ts'
import * as limits from './constants.ts'
import type { Network } from './sessions.ts'

/**
 * A stranger may knock all the time, and under many names; so may a member that was cut off. That is not a new fault.
 */
export function refused({ log, events, members }: Network, id: PeerId, member: PeerIndex | null): void {
  if (member !== null) {
    const why = members.isNeighbour(member) ? 'was cut off' : 'is no neighbour of this peer'
    log.warn(member, 'refused', `${members.nameOf(member)}, who ${why}, tried to connect`)
    return
  }
  events.fault(null, 'stranger', `${id} tried to connect; it is not a member of the cohort`)
  log.fault(null, 'stranger', `refused ${id}: not a member of the cohort`, { id: String(id) })
}

/** Not a fault: a bad network may cause this, too. */
export function refuseForNow({ log, members, isStopped }: Network, peer: PeerIndex): false {
  const every = limits.CONNECTION_BUDGET_INTERVAL_MS / 1000
  if (!isStopped)
    log.warn(
      peer,
      'reconnects',
      `${members.nameOf(peer)} connects again and again; from now on it may connect once in ${every} s`,
    )
  return false
}

/** Members may be among those that do not come through: this peer dials them itself. */
export function crowded({ log, redial, isStopped }: Network, source: string): void {
  if (isStopped) return
  log.warn(
    null,
    'crowded',
    `more sockets without a member’s handshake than there is room for, now from ${source}: early ones are dropped at random`,
    { source },
  )
  redial.crowded()
}
