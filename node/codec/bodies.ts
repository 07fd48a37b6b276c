/** What both directions of the message codec share: field numbers, phases, and the vectors on their way. */
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
} as const
export const PHASES: readonly Phase[] = ['gradient', 'parameters', 'state']

/**
 * The vectors that this process encoded, by the chunk that carries them. Where frames are passed by reference
 * (the simulated world) the receiver finds its sender's very vector, and with it the digest already computed.
 */
export const encodedVectors = new WeakMap<Uint8Array, Vector>()
