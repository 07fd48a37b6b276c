/**
 * What the swarm draws in the same way for cohorts that agree and for cohorts that learn. The order of the draws gives
 * a seed its meaning: another order makes another run of every seed.
 */
import type { PeerIndex } from '../../../agreement/protocol.ts'
import type { RandomStream } from '../../../learning/random.ts'
import type { Conditions, InjectedFault, Moment, Scheduler } from '../conditions.ts'
import type { LatencyModel } from '../latency.ts'
import { pick } from '../pick.ts'

interface Surroundings {
  readonly bytesPerMs: readonly number[]
  /** How often no frame is lost, and the greatest probability of a loss otherwise. */
  readonly lossless: number
  readonly lossMax: number
  readonly scheduler: () => Scheduler
  readonly syncMs: () => number | null
}

/** The network, clocks and disks: all but the faults injected into peers, and how long they last. */
export function drawSurroundings(
  random: RandomStream,
  { bytesPerMs, lossless, lossMax, scheduler, syncMs }: Surroundings,
): Omit<Conditions, 'injectedFaults' | 'calmAtMs'> {
  return {
    latency: pick<LatencyModel>(random, [
      { kind: 'constant', ms: 1 },
      { kind: 'uniform', minMs: 1, maxMs: 20 },
      { kind: 'log-normal', medianMs: 10, sigma: 1 },
      { kind: 'lan' },
      { kind: 'wan' },
    ]),
    jitterMs: random.uniform() < 0.5 ? 0 : 20 * random.uniform(),
    bytesPerMs: pick(random, bytesPerMs),
    loss: random.uniform() < lossless ? 0 : lossMax * random.uniform(),
    scheduler: scheduler(),
    clockSkew: random.uniform() < 0.5 ? 0 : 0.1,
    syncMs: syncMs(),
    // Sockets that take anything, a few frames, or one at a time.
    queueBytesMax: pick(random, [Infinity, Infinity, 2000, 100]),
  }
}

/** One peer, or any of them, from the rest. */
export function drawSide(peers: number, random: RandomStream): PeerIndex[] {
  const size = random.uniform() < 0.5 ? 1 : 1 + random.integer(peers - 1)
  return random.shuffle(Array.from({ length: peers }, (_, peer) => peer)).slice(0, size)
}

/** For each receiver, as many honest senders as it need not wait for. */
export function drawLate(
  peers: number,
  honest: readonly PeerIndex[],
  maxFaulty: number,
  random: RandomStream,
): PeerIndex[][] {
  return Array.from({ length: peers }, (_, receiver) =>
    random
      .shuffle([...honest])
      .filter(peer => peer !== receiver)
      .slice(0, maxFaulty),
  )
}

/**
 * A crash, a pause, a full disk, or a partition.
 * @param crashes how often it is a crash
 * @param side draws one side of a partition
 */
export function drawFault(
  { peer, at, forMs }: { readonly peer: PeerIndex; readonly at: Moment; readonly forMs: number },
  crashes: number,
  side: () => PeerIndex[],
  random: RandomStream,
): InjectedFault {
  const choice = random.uniform()
  if (choice < crashes) return { kind: 'crash', peer, at, forMs, kept: pick(random, [0, 0, 0.5, 1]) }
  if (choice < 0.7) return { kind: 'pause', peer, at, forMs }
  if (choice < 0.8) return { kind: 'disk-full', peer, at, forMs }
  return { kind: 'partition', side: side(), at, forMs }
}
