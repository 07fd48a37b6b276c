/**
 * The peers that may connect: the members of the cohort, by the key that their connection has proved, until they are
 * banned.
 */
import type { ConnectionGater, PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { PeerIndex } from '../../agreement/protocol.ts'
import { type Member, memberName } from '../cohort/cohort.ts'

export interface Members {
  readonly ids: readonly PeerId[]
  /** Undefined for strangers, for the banned, and for members that are no neighbours of this one. */
  indexOf(id: PeerId): PeerIndex | undefined
  /** Whether this member talks with that one: in a cohort with a topology, along its edges alone. */
  isNeighbour(peer: PeerIndex): boolean
  ban(peer: PeerIndex): void
  /** "dora": how a log line names a peer. */
  nameOf(peer: PeerIndex): string
  readonly gater: ConnectionGater
}

interface GateOptions {
  /** With whom this member talks; absent: with all. */
  readonly neighbours?: readonly PeerIndex[]
  /** Connections of this member that are open now. */
  readonly connections: (id: PeerId) => number
  readonly connectionsMax: number
  /** Counts a connection of a member; false if it connects too often. */
  readonly allowed: (peer: PeerIndex) => boolean
  /** A peer was turned away: a stranger (null), or a member that was cut off or is no neighbour. */
  readonly refused: (id: PeerId, member: PeerIndex | null) => void
}

export function createMembers(members: readonly Member[], options: GateOptions): Members {
  const ids = members.map(member => peerIdFromString(member.id))
  const indices = new Map(members.map((member, index) => [member.id, index]))
  const banned = new Set<PeerIndex>()
  const isNeighbour = (peer: PeerIndex) => options.neighbours?.includes(peer) !== false
  const indexOf = (id: PeerId): PeerIndex | undefined => {
    const index = indices.get(id.toString())
    return index === undefined || banned.has(index) || !isNeighbour(index) ? undefined : index
  }
  const isOutside = (id: PeerId): boolean => indexOf(id) === undefined
  return {
    ids,
    indexOf,
    isNeighbour,
    ban: peer => banned.add(peer),
    nameOf: peer => memberName({ members }, peer),
    gater: {
      denyDialPeer: isOutside,
      denyOutboundEncryptedConnection: isOutside,
      denyInboundEncryptedConnection(id) {
        const peer = indexOf(id)
        if (peer === undefined) {
          options.refused(id, indices.get(id.toString()) ?? null)
          return true
        }
        return options.connections(id) >= options.connectionsMax || !options.allowed(peer)
      },
      filterMultiaddrForPeer: id => !isOutside(id),
    },
  }
}
