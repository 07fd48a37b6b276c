/** Keys of simulated peers: 32 bytes from the run's seed. */
import type { PeerIndex } from '../../agreement/protocol.ts'
import { randomStream } from '../../learning/random.ts'

/** The private key of a simulated peer, 32 bytes. The same seed gives the same key. */
export function keySeed(seed: number, peer: PeerIndex): Uint8Array {
  const stream = randomStream(seed, 'key', peer)
  return Uint8Array.from({ length: 32 }, () => stream.integer(256))
}
