/**
 * For how many steps a peer has room: of past ones it keeps what slower and restarted members may need, of later ones it
 * takes what faster members send. Both are bounded in steps and in bytes.
 */
import { isBroadcastBased } from '../../agreement/protocols/registry.ts'
import { defaultWindow } from '../../learning/learn-contract.ts'
import type { Cohort } from '../cohort/cohort.ts'
import { scheduleOf } from '../cohort/learn-options.ts'

/** Bytes of vectors that a peer keeps, on its disk where it has one. */
export const DEFAULT_KEEP_BYTES = 4 * 2 ** 30

/** A member that is one step behind can then still be served. */
const KEPT_STEPS_MIN = 2

/** The most that a peer keeps of past steps, in bytes: of so many steps, and the two that always are kept. */
export function keptBytesMax(cohort: Cohort, dimension: number, keepBytes = DEFAULT_KEEP_BYTES): number {
  return keptSteps(cohort, dimension, keepBytes) * stepBytes(cohort, dimension)
}

/** What may have come of later steps, one vector of each other member an exchange. */
const EARLY_BYTES_MAX = 64 * 2 ** 20
const EXCHANGES = 2

/**
 * How many steps ahead of its own a peer takes messages. All members compute the same: what is sent further ahead is a
 * fault.
 */
export function stepsAhead(peers: number, dimension: number): number {
  const fitting = Math.floor(EARLY_BYTES_MAX / (EXCHANGES * peers * 4 * dimension))
  return Math.min(defaultWindow.ahead, Math.max(1, fitting))
}

/** How many steps fit into so many bytes: at least two, at most 16. */
export function keptSteps(cohort: Cohort, dimension: number, keepBytes = DEFAULT_KEEP_BYTES): number {
  const fitting = Math.floor(keepBytes / stepBytes(cohort, dimension))
  return Math.min(defaultWindow.kept, Math.max(KEPT_STEPS_MIN, fitting))
}

/**
 * What a peer keeps of a step: its vector of each exchange, in RB-TM those of the others too, and the parameters after
 * it.
 */
function stepBytes(cohort: Cohort, dimension: number): number {
  const schedule = scheduleOf(cohort, dimension)
  const exchanges = schedule(cohort.steps, 'gradient') + schedule(cohort.steps, 'parameters')
  const authors = isBroadcastBased(cohort.protocol) ? cohort.members.length : 1
  return 4 * dimension * (authors * exchanges + 1)
}
