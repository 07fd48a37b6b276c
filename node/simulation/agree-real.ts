/**
 * One averaging agreement over libp2p: all peers in this process, each with its own identity, connections over
 * loopback, real time. The adversary sees everything, as in the simulated world.
 */
import { performance } from 'node:perf_hooks'
import type { Fault, PeerIndex } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { Attack } from '../../learning/attacks/attack.ts'
import { randomStream } from '../../learning/random.ts'
import { type Checkers, createCheckers, type Violation } from '../checkers/index.ts'
import { type Cohort, cohortId } from '../cohort/cohort.ts'
import { checkCohort } from '../cohort/file.ts'
import { identityFromSeed, publicKeyOf } from '../cohort/identity.ts'
import { createNetwork, type NetworkTransport } from '../network/index.ts'
import { type AgreementPeer, type AgreementSettings, createAgreementPeer } from '../runtime/agreement-peer.ts'
import type { ByzantineBehaviour } from '../runtime/byzantine-peer.ts'
import { systemClock } from '../runtime/system-clock.ts'
import { createSigner, createVerifier } from '../signatures/index.ts'
import { createSharedView } from './adversary-view.ts'
import { keySeed } from './keys.ts'

interface RealAgreeOptions {
  readonly settings: AgreementSettings
  readonly inputs: readonly Vector[]
  readonly byzantine: { readonly peers: readonly PeerIndex[]; readonly attack: Attack | null }
  readonly seed: number
  readonly target: number | null
  /** Gives up after so long. */
  readonly deadlineMs: number
  /** Name and version, shown to the others. */
  readonly software: string
}

interface RealAgreeResult {
  readonly honest: readonly PeerIndex[]
  readonly outputs: readonly (Vector | null)[]
  readonly iterations: ReturnType<Checkers['averaging']['measures']>
  readonly faults: readonly { readonly observer: PeerIndex; readonly fault: Fault }[]
  readonly violation: Violation | null
  readonly messages: number
  readonly bytes: number
  readonly wallMs: number
}

interface Run {
  readonly options: RealAgreeOptions
  readonly honest: readonly PeerIndex[]
  readonly peers: AgreementPeer[]
  readonly outputs: (Vector | null)[]
  readonly faults: { observer: PeerIndex; fault: Fault }[]
  readonly checkers: Checkers
  readonly sharedView: ReturnType<typeof createSharedView>
  readonly shared: Map<string, unknown>
  readonly done: PromiseWithResolvers<void>
}

export async function agreeForReal(options: RealAgreeOptions): Promise<RealAgreeResult> {
  const { inputs, byzantine } = options
  const honest = [...inputs.keys()].filter(peer => !byzantine.peers.includes(peer))
  const startedMs = performance.now()
  let violation: Violation | null = null
  const run: Run = {
    options,
    honest,
    peers: [],
    faults: [],
    shared: new Map(),
    done: Promise.withResolvers<void>(),
    outputs: inputs.map(() => null),
    sharedView: createSharedView(honest.length),
    checkers: createCheckers(checkedRun(options, honest), (checker, detail) => {
      violation ??= { checker, detail, events: 0, timeMs: performance.now() - startedMs }
    }),
  }
  const { transports, cohort } = await openNetworks(options)
  try {
    for (const [self, transport] of transports.entries())
      run.peers.push(openPeer(run, self, transport, cohort))
    for (const peer of run.peers) peer.start()
    await outputsOrDeadline(run)
    const statuses = run.peers.map(peer => peer.status())
    const stuck = honest
      .filter(peer => run.outputs[peer] === null)
      .map(peer => ({ peer, waitingFor: run.peers[peer]!.waitingFor() }))
    const bytesTaken = statuses.map(({ bytesSent }) => bytesSent)
    run.checkers.end({ finished: stuck.length === 0, settled: false, stuck, statuses, bytesTaken })
    return {
      honest,
      outputs: run.outputs,
      faults: run.faults,
      violation,
      bytes: sumOf(bytesTaken),
      iterations: run.checkers.averaging.measures(),
      messages: sumOf(statuses.map(({ messagesSent }) => messagesSent)),
      wallMs: performance.now() - startedMs,
    }
  } finally {
    const stopped = Promise.withResolvers<void>()
    let left = transports.length
    const one = () => void (--left === 0 && stopped.resolve())
    for (const [self, transport] of transports.entries()) (run.peers[self] ?? transport).stop(one)
    await stopped.promise
  }
}

function checkedRun(options: RealAgreeOptions, honest: readonly PeerIndex[]) {
  const { settings, inputs, byzantine, target } = options
  const guaranteed = byzantine.peers.length <= settings.faults && !settings.unsafe
  return { settings, honest, inputs, target, guaranteed, undisturbed: false }
}

/** Every peer listens on a free port; then all learn the others' addresses. */
async function openNetworks(options: RealAgreeOptions) {
  const { settings, seed, software } = options
  const { protocol, synchrony, faults, peers, dimension } = settings
  const identities = Array.from({ length: peers }, (_, peer) => identityFromSeed(keySeed(seed, peer)))
  const addresses: string[][] = identities.map(() => [])
  const named = identities.map(({ id }, peer) => ({ name: `peer-${peer}`, id, addresses: [] }))
  const plain = checkCohort(
    {
      name: 'agree',
      members: named,
      faults,
      protocol,
      synchrony,
      seed,
      unsafe: settings.unsafe,
      // Nothing is learnt, but a cohort file says what.
      steps: 1,
      model: 'softmax',
      rate: 1,
      batch: 1,
    },
    'agree',
  )
  const members = plain.members.map((member, peer) => ({ ...member, addresses: addresses[peer]! }))
  const cohort: Cohort = { ...plain, members }
  const transports = await Promise.all(
    identities.map((_, self) =>
      createNetwork({
        membership: { cohort, cohortId: cohortId(cohort), self },
        seed: keySeed(seed, self),
        software,
        listen: ['/ip4/127.0.0.1/tcp/0'],
        mdns: false,
        dimension,
      }),
    ),
  )
  for (const [peer, transport] of transports.entries()) addresses[peer]!.push(...transport.addresses)
  return { transports, cohort }
}

function openPeer(run: Run, self: PeerIndex, transport: NetworkTransport, cohort: Cohort): AgreementPeer {
  const { settings, inputs, byzantine, seed } = run.options
  const id = cohortId(cohort)
  const signerOf = (peer: PeerIndex) => createSigner(id, keySeed(seed, peer))
  const behaviour: ByzantineBehaviour | null =
    byzantine.attack === null || !byzantine.peers.includes(self)
      ? null
      : {
          attack: byzantine.attack,
          random: randomStream(seed, 'adversary', self).uniform,
          adversaryView: run.sharedView,
          shared: run.shared,
          signerOf: peer => signerOf(byzantine.peers.includes(peer) ? peer : self),
        }
  return createAgreementPeer({
    settings,
    self,
    input: inputs[self]!,
    transport,
    clock: systemClock,
    storage: null,
    incarnation: 1,
    signer: signerOf(self),
    verifier: createVerifier(
      id,
      cohort.members.map(member => publicKeyOf(member.id)),
    ),
    ...(behaviour && { attack: behaviour }),
    hooks: hooksOf(run, self),
  })
}

function hooksOf(run: Run, self: PeerIndex): Parameters<typeof createAgreementPeer>[0]['hooks'] {
  const isHonest = run.honest.includes(self)
  const { checkers, faults } = run
  return {
    output(output) {
      if (!isHonest) return
      checkers.output(self, output)
      if (output.kind === 'sealed' && run.sharedView.sealed(output.slot, output.vector)) pokeSoon(run)
      if (output.kind !== 'agreed') return
      run.outputs[self] = output.vector
      run.peers[self]!.finish()
      if (run.honest.every(peer => run.outputs[peer] !== null)) run.done.resolve()
    },
    received(from, message) {
      if (isHonest) checkers.received(self, from, message)
    },
    fault(fault) {
      if (!isHonest || fault.peer === null) return
      checkers.accused(self, fault.peer, fault.kind, fault.detail)
      faults.push({ observer: self, fault })
    },
    failed: error => run.done.reject(error),
  }
}

/** After the honest peer's own step. */
function pokeSoon(run: Run): void {
  queueMicrotask(() => {
    for (const peer of run.options.byzantine.peers) run.peers[peer]?.poke()
  })
}

async function outputsOrDeadline({ options, done }: Run): Promise<void> {
  const timer = systemClock.after(options.deadlineMs, () => done.resolve())
  try {
    await done.promise
  } finally {
    timer.cancel()
  }
}

function sumOf(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0)
}
