/**
 * How often a member may connect: some times at once, for a cohort that starts or a network that comes and goes, and
 * then now and then. Each connection costs a handshake, and resends what was not acknowledged.
 */
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { Clock } from '../ports.ts'
import { RECONNECTION_INTERVAL_MS, RECONNECTIONS_MAX } from './constants.ts'

/** Counts a connection of this member; false where it has had too many. */
export type Allowance = (member: PeerIndex) => boolean

export function createAllowance(clock: Clock): Allowance {
  const buckets = new Map<PeerIndex, { left: number; atMs: number }>()
  return member => {
    const nowMs = clock.nowMs()
    const { left, atMs } = buckets.get(member) ?? { left: RECONNECTIONS_MAX, atMs: nowMs }
    const filled = Math.min(RECONNECTIONS_MAX, left + (nowMs - atMs) / RECONNECTION_INTERVAL_MS)
    const isAllowed = filled >= 1
    buckets.set(member, { left: isAllowed ? filled - 1 : filled, atMs: nowMs })
    return isAllowed
  }
}
