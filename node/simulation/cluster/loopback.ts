/**
 * The real ports of a cluster: all peers in this process, each with its own identity and its own libp2p, connected over
 * loopback, in real time, without disks.
 */
import { performance } from 'node:perf_hooks'
import type { PeerIndex } from '../../../agreement/protocol.ts'
import { type Cohort, cohortId } from '../../cohort/cohort.ts'
import { checkCohort } from '../../cohort/file.ts'
import { identityFromSeed } from '../../cohort/identity.ts'
import { createNetwork, type NetworkTransport } from '../../network/index.ts'
import type { AgreementSettings } from '../../runtime/agreement-peer.ts'
import { systemClock } from '../../runtime/system-clock.ts'
import { type Authority, createEd25519Authority } from '../authority.ts'
import type { ClusterPorts } from '../cluster.ts'
import { keySeed } from '../keys.ts'

interface Loopback {
  readonly ports: ClusterPorts
  readonly authority: Authority
  /** By peer. */
  readonly transports: readonly NetworkTransport[]
}

/** @param software name and version, as shown to other peers */
export async function openLoopback(
  settings: AgreementSettings,
  seed: number,
  software: string,
): Promise<Loopback> {
  const keys = Array.from({ length: settings.peers }, (_, peer) => keySeed(seed, peer))
  const addresses: string[][] = keys.map(() => [])
  const cohort = cohortOf(settings, seed, addresses)
  const id = cohortId(cohort)
  const transports = await Promise.all(
    keys.map((key, self) =>
      createNetwork({
        membership: { cohort, cohortId: id, self },
        seed: key,
        software,
        listen: ['/ip4/127.0.0.1/tcp/0'],
        mdns: false,
        dimension: settings.dimension,
      }),
    ),
  )
  // Each listens on a free port, which the others can know only now.
  for (const [peer, transport] of transports.entries()) addresses[peer]!.push(...transport.addresses)
  return { ports: portsOf(transports), authority: createEd25519Authority(id, keys), transports }
}

function portsOf(transports: readonly NetworkTransport[]): ClusterPorts {
  const startedMs = performance.now()
  const closed = new Set<PeerIndex>()
  return {
    nowMs: () => performance.now() - startedMs,
    after: (delayMs, run) => void systemClock.after(delayMs, run),
    soon: queueMicrotask,
    // Without a disk no peer comes back.
    open: self =>
      closed.has(self) ? null : { transport: transports[self]!, clock: systemClock, storage: null },
    close(self) {
      closed.add(self)
      transports[self]!.stop(() => {})
    },
  }
}

/** @param addresses by peer; they are filled in once they are known */
function cohortOf(
  { protocol, synchrony, maxFaulty, quorum, unsafe }: AgreementSettings,
  seed: number,
  addresses: readonly string[][],
): Cohort {
  const members = addresses.map((_, peer) => ({
    name: `peer-${peer}`,
    id: identityFromSeed(keySeed(seed, peer)).id,
    addresses: [],
  }))
  const plain = checkCohort(
    {
      name: 'agree',
      members,
      faults: maxFaulty,
      protocol,
      synchrony,
      ...(quorum !== undefined && { quorum }),
      seed,
      unsafe,
      // The peers learn nothing, but a cohort file has to name a model.
      steps: 1,
      model: 'softmax',
      rate: 1,
      batch: 1,
    },
    'agree',
  )
  return {
    ...plain,
    members: plain.members.map((member, peer) => ({ ...member, addresses: addresses[peer]! })),
  }
}
