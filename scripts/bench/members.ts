/** What the benchmarks with real members share: their cohort on loopback, and each member's network, keys and peer. */
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { ProtocolName } from '../../agreement/bounds.ts'
import { type Cohort, cohortId, cohortSchema } from '../../node/cohort/cohort.ts'
import { identityFromSeed, publicKeyOf } from '../../node/cohort/identity.ts'
import { addressOf, type Endpoint } from '../../node/network/endpoint.ts'
import { freePorts } from '../../node/network/free-ports.ts'
import { createNetwork, type NetworkTransport } from '../../node/network/index.ts'
import { type AgreementPeer, createAgreementPeer } from '../../node/runtime/agreement-peer.ts'
import { createPeer, type Peer, type PeerOptions } from '../../node/runtime/peer.ts'
import { systemClock } from '../../node/runtime/system-clock.ts'
import { createSigner, createVerifier, type Signer, type Verifier } from '../../node/signatures/index.ts'
import { memoryStorage } from '../../node/storage/index.ts'

/** A cohort, and which of its members this is. */
export interface BenchMember {
  readonly self: number
  /** Private keys of all members: the parent makes them, this is a benchmark. */
  readonly seeds: readonly Uint8Array[]
  readonly cohort: Cohort
  readonly dimension: number
}

/** @returns the private keys of all members, and the cohort that they make */
export async function benchCohort(
  peers: number,
  over: Endpoint['over'] = 'tcp',
): Promise<Pick<BenchMember, 'seeds' | 'cohort'>> {
  const seeds = Array.from({ length: peers }, () => new Uint8Array(randomBytes(32)))
  const ports = await freePorts(peers)
  const members = seeds.map((seed, i) => ({
    name: `peer-${i}`,
    id: identityFromSeed(seed).id,
    addresses: [addressOf({ family: 'ip4', host: '127.0.0.1', port: ports[i]!, over })],
  }))
  const cohort = cohortSchema.parse({
    members,
    faults: 0,
    protocol: 'mean',
    steps: 1,
    model: 'mlp',
    rate: 1,
    batch: 1,
    seed: 1,
  })
  return { seeds, cohort }
}

export function openNetwork({ self, seeds, cohort, dimension }: BenchMember): Promise<NetworkTransport> {
  return createNetwork({
    membership: { cohort, cohortId: cohortId(cohort), self },
    seed: seeds[self]!,
    listen: cohort.members[self]!.addresses,
    mdns: false,
    dimension,
    software: 'concord-bench',
  })
}

export function signing({ self, seeds, cohort }: BenchMember): { signer: Signer; verifier: Verifier } {
  const id = cohortId(cohort)
  const keys = seeds.map(seed => publicKeyOf(identityFromSeed(seed).id))
  return { signer: createSigner(id, seeds[self]!), verifier: createVerifier(id, keys) }
}

/** A vector of the member's own. */
export function ownVector({ self, dimension }: BenchMember): Float32Array {
  return Float32Array.from({ length: dimension }, (_, i) => Math.sin(i + self))
}

/** A member that learns, and keeps its log in memory. */
export async function openLearner(
  member: BenchMember,
  options: Pick<PeerOptions, 'oracle' | 'hooks' | 'linkLimits'>,
): Promise<Peer> {
  const { self, cohort, dimension } = member
  return createPeer({
    ...options,
    ...signing(member),
    cohort,
    self,
    transport: await openNetwork(member),
    clock: systemClock,
    storage: memoryStorage(),
    incarnation: 1 + self,
    initial: new Float32Array(dimension),
  })
}

interface ExchangerOptions
  extends Pick<
    Parameters<typeof createAgreementPeer>[0],
    'transport' | 'storage' | 'signer' | 'verifier' | 'aggregate' | 'hooks'
  > {
  readonly protocol: ProtocolName
  readonly rounds: number
}

/** A member that exchanges its vector with the others, round after round. */
export function createExchanger(
  member: BenchMember,
  { protocol, rounds, ...options }: ExchangerOptions,
): AgreementPeer {
  const { self, seeds, cohort, dimension } = member
  return createAgreementPeer({
    ...options,
    settings: {
      protocol,
      synchrony: 'asynchronous',
      peers: seeds.length,
      maxFaulty: cohort.faults,
      dimension,
      iterations: rounds,
      graceMs: 0,
      timeoutMs: 1,
      payloadMs: 1,
      unsafe: false,
    },
    self,
    input: ownVector(member),
    clock: systemClock,
    incarnation: 1 + self,
  })
}

/** The next report of a process. @throws Error if the process ends instead */
export async function heard<Report>(worker: ChildProcess): Promise<Report> {
  const [report] = (await Promise.race([
    once(worker, 'message'),
    once(worker, 'exit').then(([code, signal]) =>
      Promise.reject(new Error(`a process of the benchmark ended with ${code ?? signal}`)),
    ),
  ])) as [Report]
  return report
}
