/**
 * What is decided where a key runs twice, for real and simulated networks alike: which process a member goes on with,
 * and when a process believes that it is the one to end.
 */
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { Clock } from '../ports.ts'

/** One process with a member's key. */
export interface ProcessId {
  /** Drawn at its start: no two processes share it. */
  readonly number: number
  /** By its own clock, milliseconds since 1970. */
  readonly startedMs: number
}

/** Whether a new connection is the same process's as the session; where one has not said, it is taken for that. */
export function isSameProcess(present: ProcessId | undefined, other: ProcessId | undefined): boolean {
  return present === undefined || other === undefined || present.number === other.number
}

/**
 * Whether the newcomer is turned away from a member that has a session with its key.
 * @param lives the session's process has shown that it runs
 */
export function isTurnedAway(
  present: ProcessId | undefined,
  newcomer: ProcessId | undefined,
  lives: boolean,
): boolean {
  return lives && !isSameProcess(present, newcomer)
}

/** How long it counts that a member has refused this process. */
const REFUSAL_COUNTS_MS = 60_000

/** Members that refuse this process. */
export interface Refusals {
  /** Everyone who has refused it lately, once these are more than f; null: fewer, who may all lie. */
  add(by: PeerIndex): readonly PeerIndex[] | null
}

export function createRefusals(maxFaulty: number, clock: Pick<Clock, 'nowMs'>): Refusals {
  const saidMs = new Map<PeerIndex, number>()
  return {
    add(by) {
      const nowMs = clock.nowMs()
      saidMs.set(by, nowMs)
      for (const [peer, ms] of saidMs) if (nowMs - ms > REFUSAL_COUNTS_MS) saidMs.delete(peer)
      return saidMs.size > maxFaulty ? [...saidMs.keys()].sort((a, b) => a - b) : null
    },
  }
}
