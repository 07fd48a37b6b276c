/** Where a peer goes on, given the answers to its question: the one decision of recovery, and its thresholds. */
import type { PeerIndex } from '../../agreement/protocol.ts'
import { isBroadcastBased } from '../../agreement/protocols/registry.ts'
import type { RecoveryOptions } from './contract.ts'
import { positionsOf } from './positions.ts'
import type { Question } from './state.ts'

type Place =
  /** Too few peers have answered, or nothing has changed. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'stay' }
  /** It joins at the beginning of this step, with parameters that the others give. */
  | { readonly kind: 'fetch'; readonly step: number }
  /** It joins this step in its agreement on parameters, or after the last step on metrics. */
  | { readonly kind: 'listen'; readonly step: number }

type Rules = Pick<
  RecoveryOptions,
  'protocol' | 'peers' | 'maxFaulty' | 'past' | 'steps' | 'stepsEnd' | 'completeFrom' | 'alone'
>

/** A peer that does not know what it said speaks again so many steps after the last that it is known to have spoken in. */
export const SILENT_STEPS = 2

/** How often a peer over a graph seeks a place elsewhere before it gives up: once at either of the lowest positions. */
export const SOUGHT_ELSEWHERE = 2

/**
 * @param target the step that this peer chose earlier; null if it has chosen none
 * @param attempts how many times in a row it has asked without reaching another step
 */
export function choosePlace(
  rules: Rules,
  question: Question,
  target: number | null,
  attempts: number,
): Place {
  const { peers, maxFaulty, past, steps, stepsEnd, completeFrom, alone = false } = rules
  const { step } = question
  const memoryLost = question.memory === 'lost'
  const enough = Math.max(1, peers - maxFaulty - 1)
  if (question.positions.size < enough) return { kind: 'unknown' }
  const positions = positionsOf(question.positions.values())
  if (positions.heard < enough) return { kind: 'unknown' }
  if (target !== null && positions.holders(target) >= enough) return { kind: 'unknown' }
  // It has asked only whether the others have seen more of it than it remembers. However far they are, what their links
  // still keep for it is enough, unless they say that they say nothing more in this step.
  const isServed = !question.isBehind && positions.silent(step) <= maxFaulty
  // Over a graph the others may be so far apart that too few of them hold any one step, as some wait for this very peer.
  const goesAlone = alone && attempts > SOUGHT_ELSEWHERE
  // It goes on where it was, then. One that has lost its memory may have spoken there, and cannot.
  if (question.memory === 'unconfirmed' && (isServed || goesAlone)) return { kind: 'stay' }
  // Of f + 1 peers that no longer take part in this step, one is honest.
  const isBehind = question.isBehind || target !== null || positions.gone(step, past) > maxFaulty
  if (listens(rules) && !memoryLost) {
    // The last step that f + 1 peers say they have ended, if enough peers still hold it. A step after the last has no
    // agreement on parameters: who stands there has them, and who does not gets them in the last.
    const ended = Math.min(positions.highest(maxFaulty) - 1, Math.max(step, steps))
    const canListen = isBehind && ended >= step && positions.holders(ended) >= enough
    return canListen ? { kind: 'listen', step: ended } : { kind: 'stay' }
  }
  // No peer has heard from this one, and enough of them still hold this step: it begins where everyone began.
  const { seenStep } = positions
  const isNew = memoryLost && seenStep === 0 && completeFrom === 1 && positions.holders(step) >= enough
  if (isNew || !isBehind) return { kind: 'stay' }
  // The lowest position may be a lie, or a peer that waits for this very one. What did not work is not tried twice
  // in a row.
  const left = attempts % 2 === 1 ? maxFaulty : 0
  const spoken = seenStep === 0 ? 0 : Math.max(seenStep, positions.highest(maxFaulty))
  const silence = memoryLost ? Math.max(spoken + SILENT_STEPS, completeFrom) : 0
  const chosen = Math.max(positions.lowest(left), positions.heldBy(enough - 1), step, silence)
  // The others are no further, and this peer has already spoken in this step. It cannot begin the step again, so it
  // goes on with it.
  if (chosen === step) return { kind: 'stay' }
  return { kind: 'fetch', step: Math.min(chosen, stepsEnd) }
}

/**
 * Whether the peers whose answers can be waited for are too few to trim f at both ends of their parameters. This peer
 * then joins an agreement on parameters instead.
 */
export function listens({
  protocol,
  peers,
  maxFaulty,
}: Pick<Rules, 'protocol' | 'peers' | 'maxFaulty'>): boolean {
  return isBroadcastBased(protocol) && peers - maxFaulty - 1 < 2 * maxFaulty + 1
}

/** How many other peers' parameters are aggregated: as many as can be waited for, and enough to trim f at both ends. */
export function answersNeeded({ peers, maxFaulty }: Pick<Rules, 'peers' | 'maxFaulty'>): number {
  return Math.max(peers - maxFaulty - 1, 2 * maxFaulty + 1)
}

/** The peers other than `self` that have not answered. */
export function missingFrom(
  present: ReadonlyMap<PeerIndex, unknown>,
  { peers, self }: Pick<RecoveryOptions, 'peers' | 'self'>,
): readonly PeerIndex[] {
  return Array.from({ length: peers }, (_, peer) => peer).filter(peer => peer !== self && !present.has(peer))
}
