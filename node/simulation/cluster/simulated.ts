/**
 * The simulated ports of a cluster: virtual time, a seeded network, disks and clocks under given conditions, all of
 * which take injected faults.
 */
import type { AveragingOutput } from '../../../agreement/averaging/averaging.ts'
import type { PeerIndex } from '../../../agreement/protocol.ts'
import type { LearnOutput } from '../../../learning/learn-contract.ts'
import { type RandomStream, randomStream } from '../../../learning/random.ts'
import type { Clock, Frame, Storage } from '../../ports.ts'
import type { ProtocolPeer } from '../../runtime/protocol-peer.ts'
import { StorageError } from '../../storage/errors.ts'
import { type Cluster, type ClusterOptions, type ClusterPorts, createCluster } from '../cluster.ts'
import { type Conditions, extraDelay } from '../conditions.ts'
import { createDisk, type SimulatedDisk } from '../disk.ts'
import type { FaultTarget } from '../fault-injection.ts'
import { createLatency } from '../latency.ts'
import { createNetwork, type NetworkOptions, type SimulatedNetwork } from '../network.ts'
import { createWorld, type World } from '../world.ts'

interface SimulatedOptions<Peer, Output> extends ClusterOptions<Peer, Output> {
  readonly conditions: Conditions
  /** Draws the latencies and losses of links, and the scheduler's delays. */
  readonly links: RandomStream
  /** Longer frames are refused and cost their connection; Infinity: no limit. */
  readonly frameBytesMax: number
  /** The most faulty peers: so many may lie about a second process; 0 where there is none. */
  readonly maxFaulty?: number
  /** How many bytes of older states each disk remembers; absent: as createDisk. */
  readonly historyBytesMax?: number
  /** Every frame as it is sent. */
  readonly onSend?: (from: PeerIndex, to: PeerIndex, frame: Frame) => void
  /** A peer may have lost records from its disk. */
  readonly diskLost?: (peer: PeerIndex) => void
  /** Synced records of a peer are gone, and yet its log passed for whole. */
  readonly lostUnsaid: (peer: PeerIndex) => void
  /** Whether enough others have seen a vector of this peer that is not in these records, so that it is told when it asks. */
  readonly isSeenBeyond: (records: readonly Uint8Array[], peer: PeerIndex) => boolean
}

export interface SimulatedCluster<Peer> extends Cluster<Peer>, FaultTarget {
  readonly world: World
  readonly network: SimulatedNetwork
  readonly peers: (Peer | null)[]
  /** By peer: the factor by which its computations are slower. */
  readonly slowness: readonly number[]
}

export function createSimulatedCluster<
  Peer extends ProtocolPeer,
  Output extends AveragingOutput | LearnOutput,
>(options: SimulatedOptions<Peer, Output>): SimulatedCluster<Peer> {
  const { task, byzantine, conditions, links, seed, isSeenBeyond, lostUnsaid } = options
  const everyone = Array.from({ length: task.peers }, (_, peer) => peer)
  const isHonest = everyone.map(peer => !byzantine.peers.includes(peer))
  const world = createWorld()
  const extra = { of: extraDelay(conditions, links), calm: false }
  const slowness = everyone.map(() => 1)
  const latencyMs = createLatency(conditions.latency, links)
  const rushes = conditions.scheduler.kind === 'rushing'
  const network = createNetwork({
    world,
    peers: task.peers,
    maxFaulty: options.maxFaulty ?? 0,
    frameBytesMax: options.frameBytesMax,
    bytesPerMs: conditions.bytesPerMs,
    queueBytesMax: conditions.queueBytesMax,
    latencyMs: (from, to) => (rushes && !isHonest[from] ? 0 : latencyMs(from, to)),
    extraMs: (from, to) => (extra.calm ? 0 : extra.of(from, to)),
    ...framesSeen(options),
  })
  const disks = disksOf(options, world, isHonest)
  const ports: ClusterPorts = {
    nowMs: world.nowMs,
    after: world.after,
    soon: run => void world.after(0, run),
    open(self, isAlive) {
      const storage = openDisk(disks[self]!)
      if (storage === undefined) return null
      const clock = clockOf(world, network, { self, isAlive, seed, skew: conditions.clockSkew })
      return { transport: network.attach(self), clock, storage }
    },
    close(self, kept) {
      network.detach(self)
      disks[self]?.crash(count => Math.floor(count * kept))
    },
    openSecond(self, isAlive, part) {
      const copy = part === null ? null : (disks[self]?.copyAt(part) ?? null)
      const random = randomStream(seed, 'second disk', self)
      const disk = createDisk({
        after: world.after,
        syncMs: () => (conditions.syncMs ?? 0) * random.uniform(),
        vectorsApart: areVectorsApart(seed),
        ...(copy && { copy }),
      })
      const clock = clockOf(world, network, { self, isAlive, seed, skew: conditions.clockSkew })
      return { transport: network.attachSecond(self), clock, storage: disk.open() }
    },
    closeSecond: network.detachSecond,
  }
  return {
    ...createCluster(options, ports),
    world,
    network,
    disks,
    slowness,
    isSeenBeyond,
    lostUnsaid,
    calmLinks() {
      extra.calm = true
    },
    setSlowness(peer, factor) {
      slowness[peer] = factor
    },
  }
}

function framesSeen<Peer, Output>({
  onSend,
  onlooker,
}: SimulatedOptions<Peer, Output>): Pick<NetworkOptions, 'onSend' | 'onDelivery'> {
  if (!onlooker) return onSend ? { onSend } : {}
  return {
    onDelivery: onlooker.delivered,
    onSend(from, to, frame) {
      onSend?.(from, to, frame)
      onlooker.sent(from, to, frame)
    },
  }
}

/** Byzantine peers keep nothing, and without a sync time no peer has a disk. */
function disksOf<Peer, Output>(
  { conditions: { syncMs }, seed, historyBytesMax, diskLost = () => {} }: SimulatedOptions<Peer, Output>,
  { after }: World,
  isHonest: readonly boolean[],
): readonly (SimulatedDisk | null)[] {
  const random = randomStream(seed, 'disk')
  return isHonest.map((is, peer) =>
    is && syncMs !== null
      ? observed(
          createDisk({
            after,
            syncMs: () => syncMs * random.uniform(),
            vectorsApart: areVectorsApart(seed),
            ...(historyBytesMax !== undefined && { historyBytesMax }),
          }),
          () => diskLost(peer),
        )
      : null,
  )
}

/** Long vectors stand beside a real peer's log, short ones in its records: half of the worlds have either. */
function areVectorsApart(seed: number): boolean {
  return randomStream(seed, 'vectors beside the log').uniform() < 0.5
}

/** A disk that reports its losses, because no peer can be held to lost records. */
function observed(disk: SimulatedDisk, lost: () => void): SimulatedDisk {
  return {
    ...disk,
    lose() {
      lost()
      disk.lose()
    },
    restore(fraction) {
      lost()
      disk.restore(fraction)
    },
    copyAt(fraction) {
      const copy = disk.copyAt(fraction)
      if (copy === null) return null
      return {
        ...copy,
        putBack() {
          lost()
          copy.putBack()
        },
      }
    },
    flip(fraction) {
      lost()
      return disk.flip(fraction)
    },
  }
}

/** Opens a peer's disk; undefined if it is unreadable, so that the peer refuses to start. */
function openDisk(disk: SimulatedDisk | null): Storage | null | undefined {
  try {
    return disk?.open() ?? null
  } catch (error) {
    if (error instanceof StorageError) return undefined
    throw error
  }
}

interface ClockOptions {
  readonly self: PeerIndex
  readonly isAlive: () => boolean
  readonly seed: number
  /** The clock runs up to this fraction fast or slow. */
  readonly skew: number
}

/** A peer's clock. It has its own origin, stands still during a pause, and dies with the peer. */
function clockOf(
  world: World,
  network: SimulatedNetwork,
  { self, isAlive, seed, skew }: ClockOptions,
): Clock {
  const draw = skew > 0 ? randomStream(seed, 'clock', self) : null
  const rate = draw === null ? 1 : 1 + skew * (2 * draw.uniform() - 1)
  const offsetMs = draw === null ? 0 : 1000 * draw.uniform()
  return {
    nowMs: () => offsetMs + rate * world.nowMs(),
    after: (delayMs, callback) =>
      world.after(delayMs / rate, () =>
        network.whenRunning(self, () => {
          if (isAlive()) callback()
        }),
      ),
  }
}
