/** Where a peer that has asked is to go on, by what the others say: the one decision of recovery, and its thresholds. */
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { RecoveryOptions } from './contract.ts'
import { positionsOf } from './positions.ts'
import type { Question } from './state.ts'

type Place =
  /** Too few have answered; or nothing has changed. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'stay' }
  /** Joins at the beginning of this step, with parameters that the others give. */
  | { readonly kind: 'fetch'; readonly step: number }
  /** Joins this step in its agreement on parameters. */
  | { readonly kind: 'listen'; readonly step: number }

type Rules = Pick<RecoveryOptions, 'protocol' | 'peers' | 'maxFaulty' | 'past' | 'stepsEnd' | 'completeFrom'>

/** A peer that does not know what it said speaks again so many steps after the last that it is known to have spoken in. */
export const SILENT_STEPS = 2

/**
 * @param target the step that this peer has chosen before; null: none
 * @param attempts times that it has asked in a row without coming to another step
 */
export function choosePlace(
  rules: Rules,
  question: Question,
  target: number | null,
  attempts: number,
): Place {
  const { peers, maxFaulty, past, stepsEnd, completeFrom } = rules
  const { step } = question
  const memoryLost = question.memory === 'lost'
  const positions = positionsOf(question.positions.values())
  const enough = Math.max(1, peers - maxFaulty - 1)
  if (positions.heard < enough) return { kind: 'unknown' }
  if (target !== null && positions.holders(target) >= enough) return { kind: 'unknown' }
  // It has asked only whether they have seen more of it than it remembers.
  if (question.memory === 'unconfirmed' && !question.isBehind) return { kind: 'stay' }
  // Of f + 1 that have no part in this step any more, one is honest.
  const isBehind = question.isBehind || target !== null || positions.gone(step, past) > maxFaulty
  if (listens(rules) && !memoryLost) {
    // The last step that f + 1 say they have ended, if enough still hold it.
    const ended = positions.highest(maxFaulty) - 1
    const canListen = isBehind && ended >= step && positions.holders(ended) >= enough
    return canListen ? { kind: 'listen', step: ended } : { kind: 'stay' }
  }
  // Nobody has heard of this peer, and all can still be had: it begins where everyone began.
  const { seenStep } = positions
  const isNew = memoryLost && seenStep === 0 && completeFrom === 1 && positions.holders(step) >= enough
  if (isNew || !isBehind) return { kind: 'stay' }
  // The lowest may be a lie, or somebody who waits for this very peer: what did not work is not tried twice in a row.
  const left = attempts % 2 === 1 ? maxFaulty : 0
  const spoken = seenStep === 0 ? 0 : Math.max(seenStep, positions.highest(maxFaulty))
  const silence = memoryLost ? Math.max(spoken + SILENT_STEPS, completeFrom) : 0
  const chosen = Math.max(positions.lowest(left), positions.heldBy(enough - 1), step, silence)
  // They are no further, and it has spoken in this step already: it cannot begin it again, but has it sent once more.
  if (chosen === step) return { kind: 'stay' }
  return { kind: 'fetch', step: Math.min(chosen, stepsEnd) }
}

/**
 * Of those whose answer can be waited for, too few to trim f at both ends of their parameters: the agreement on these
 * is joined instead.
 */
export function listens({
  protocol,
  peers,
  maxFaulty,
}: Pick<Rules, 'protocol' | 'peers' | 'maxFaulty'>): boolean {
  return protocol === 'rb-tm' && peers - maxFaulty - 1 < 2 * maxFaulty + 1
}

/** Others whose parameters are aggregated: as many as can be waited for, and enough to trim f at both ends. */
export function answersNeeded({ peers, maxFaulty }: Pick<Rules, 'peers' | 'maxFaulty'>): number {
  return Math.max(peers - maxFaulty - 1, 2 * maxFaulty + 1)
}

/** Others than `self` that have not answered. */
export function missingFrom(
  present: ReadonlyMap<PeerIndex, unknown>,
  { peers, self }: Pick<RecoveryOptions, 'peers' | 'self'>,
): readonly PeerIndex[] {
  return Array.from({ length: peers }, (_, peer) => peer).filter(peer => peer !== self && !present.has(peer))
}
