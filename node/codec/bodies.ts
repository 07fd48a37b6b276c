/** The parts that both directions of the message codec share: field numbers, phases, and vectors already encoded. */
import type { Phase } from '../../agreement/message.ts'
import type { Vector } from '../../agreement/vector.ts'

export const BODY = {
  vector: 2,
  echo: 3,
  ready: 4,
  request: 5,
  payload: 6,
  report: 7,
  query: 8,
  position: 9,
  fetch: 10,
  evidence: 11,
  digest: 12,
  pulse: 13,
} as const
export const PHASES: readonly Phase[] = ['gradient', 'parameters', 'state', 'metrics']

/**
 * The vectors that this process encoded, by the chunk that carries them. If frames are passed by reference, as in the
 * simulated world, the receiver finds the sender's own vector object, whose digest is already computed.
 */
export const encodedVectors = new WeakMap<Uint8Array, Vector>()
