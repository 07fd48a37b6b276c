/** The cohort's arithmetic: every count a protocol compares with, under its name. `n` peers, `f` faulty. */

/** `h = n − f`, the least number of honest peers; under asynchrony also `q`, the number of vectors to wait for. */
export function honestCount(peers: number, faults: number): number {
  return peers - faults
}

/** `q`: how many vectors an iteration waits for, the peer's own included (§2.1). */
export function quorum(peers: number, faults: number, synchrony: Synchrony): number {
  return synchrony === 'synchronous' ? peers : peers - faults
}

/**
 * Synchronous: delays have a known bound to wait for. Asynchronous: a peer can wait only for the vectors of `n − f`.
 */
export type Synchrony = 'asynchronous' | 'synchronous'

/** Two sets of this size share an honest peer, so no two digests of a slot both reach it. */
export function echoThreshold(peers: number, faults: number): number {
  return Math.ceil((peers + faults + 1) / 2)
}

/** At least one of this many is honest, so its READY can be joined. */
export function readyAmplification(faults: number): number {
  return faults + 1
}

/** At least `f + 1` of this many are honest, so every honest peer will amplify: delivery is safe. */
export function readyDelivery(faults: number): number {
  return 2 * faults + 1
}

/** Reports to accept, and vectors a report must list: any two honest peers then share an honest witness. */
export function witnessThreshold(peers: number, faults: number): number {
  return peers - faults
}
