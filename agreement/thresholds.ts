/** The cohort's arithmetic: every count a protocol compares with, under its name. `n` peers, `f` faulty. */

/** `h = n − f`, the least number of honest peers; under asynchrony also `q`, the number of vectors to wait for. */
export function honestCount(peers: number, maxFaulty: number): number {
  return peers - maxFaulty
}

/**
 * `q`: how many vectors an iteration waits for, the peer's own included (collaborative-learning, §3.2).
 * @param chosen what the cohort has agreed on in place of `n − f`; under synchrony there is no choice
 */
export function quorum(
  peers: number,
  maxFaulty: number,
  synchrony: Synchrony,
  chosen = honestCount(peers, maxFaulty),
): number {
  return synchrony === 'synchronous' ? peers : chosen
}

/**
 * Synchronous: delays have a known bound to wait for. Asynchronous: a peer can wait only for the vectors of `n − f`.
 */
export type Synchrony = 'asynchronous' | 'synchronous'

/** Two sets of this size share an honest peer, so no two digests of a slot both reach it. */
export function echoThreshold(peers: number, maxFaulty: number): number {
  return Math.ceil((peers + maxFaulty + 1) / 2)
}

/** At least one of this many is honest, so its READY can be joined. */
export function readyAmplification(maxFaulty: number): number {
  return maxFaulty + 1
}

/** At least `f + 1` of this many are honest, so every honest peer will amplify: delivery is safe. */
export function readyDelivery(maxFaulty: number): number {
  return 2 * maxFaulty + 1
}

/**
 * Reports to accept: any two honest peers then share an honest witness. As many as a report lists vectors, or more: with
 * fewer than `n − f` vectors two sets of witnesses must still overlap.
 * @param listed `q`: the vectors that a report must list
 */
export function witnessThreshold(
  peers: number,
  maxFaulty: number,
  listed = honestCount(peers, maxFaulty),
): number {
  return Math.min(honestCount(peers, maxFaulty), Math.max(listed, echoThreshold(peers, maxFaulty)))
}
