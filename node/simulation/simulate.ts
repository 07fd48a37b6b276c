/**
 * A whole cohort in the simulated world: the same peers, with virtual time and a seeded network in place of the
 * real ports. Same cohort, same seed, same options: the same trace, bit for bit.
 */
import type { Aggregate } from '../../agreement/averaging/aggregate.ts'
import type { Fault, PeerIndex } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { Attack } from '../../learning/attacks/attack.ts'
import type { ModelOracle } from '../../learning/oracles/jax-oracle.ts'
import { randomStream } from '../../learning/random.ts'
import { wronglyBlamed } from '../checkers/blame.ts'
import { type Cohort, cohortId } from '../cohort/cohort.ts'
import { createPeer, type OraclePort, type Peer } from '../runtime/peer.ts'
import { createSigner, createVerifier, ed25519, type Verifier } from '../signatures/index.ts'
import { createSharedView, type SharedView } from './adversary-view.ts'
import { keySeed } from './keys.ts'
import { createNetwork, type SimulatedNetwork } from './network.ts'
import { sharedRules } from './shared-rules.ts'
import { createStepMeter, type StepMeter, type StepProgress } from './step-meter.ts'
import { createTrace, type Trace } from './trace.ts'
import { createWorld, type World } from './world.ts'

/** A cohort, who lies in it, and the seed of everything random. */
export interface SimulateOptions {
  readonly cohort: Cohort
  /** Everything random about the network and the adversary; the cohort's own seed decides the learning. */
  readonly seed: number
  /** Which peers are Byzantine, and what they do. */
  readonly byzantine: { readonly peers: readonly PeerIndex[]; readonly attack: Attack | null }
  /** One per peer, in order: peers with a data attack get theirs with poisoned labels. */
  readonly oracles: readonly ModelOracle[]
  /** Mean one-way latency; each frame's is drawn uniformly from half to one and a half times it. */
  readonly latencyMs: number
  /** Virtual time that a gradient takes. */
  readonly gradientMs: number
  readonly onStep?: (progress: StepProgress) => void
}

/** How a simulated run ended, what was measured, and which guarantees did not hold. */
export interface SimulationResult {
  readonly honest: readonly PeerIndex[]
  /** By peer; null where a Byzantine peer did not finish. */
  readonly parameters: readonly (Vector | null)[]
  readonly steps: readonly StepProgress[]
  /** Guarantees that did not hold; empty in a run that went well. */
  readonly violations: readonly string[]
  readonly faults: readonly { readonly observer: PeerIndex; readonly fault: Fault }[]
  readonly messages: number
  readonly bytes: number
  readonly bytesByPeer: readonly number[]
  readonly virtualSeconds: number
  readonly trace: string
  /** Honest peers that did not finish, with whom they waited for. Empty in a run that went well. */
  readonly stuck: readonly {
    readonly peer: PeerIndex
    readonly step: number
    readonly waitingFor: readonly PeerIndex[]
  }[]
}

interface Run {
  readonly options: SimulateOptions
  readonly world: World
  readonly peers: Peer[]
  readonly honest: readonly PeerIndex[]
  readonly finished: Map<PeerIndex, Vector>
  readonly faults: { observer: PeerIndex; fault: Fault }[]
  readonly meter: StepMeter
}

/** Runs a cohort in the simulated world: the same peers as real ones, reproducible from the seed to the last bit. */
export async function simulate(options: SimulateOptions): Promise<SimulationResult> {
  const { cohort, seed, byzantine } = options
  const n = cohort.members.length
  const world = createWorld()
  const trace = createTrace()
  const latency = randomStream(seed, 'latency')
  const network = createNetwork({
    world,
    peers: n,
    latencyMs: () => options.latencyMs * (0.5 + latency.uniform()),
    bytesPerMs: Infinity,
  })
  const honest = [...cohort.members.keys()].filter(peer => !byzantine.peers.includes(peer))
  const meter = createStepMeter(cohort, honest, options.onStep)
  const run: Run = { options, world, peers: [], honest, finished: new Map(), faults: [], meter }
  const id = cohortId(cohort)
  const seeds = cohort.members.map((_, peer) => keySeed(seed, peer))
  const verifier = createVerifier(
    id,
    seeds.map(key => ed25519.publicKey(key)),
  )
  const sharedView = createSharedView(honest.length)
  const common = { id, seeds, verifier, sharedView, trace, network, rules: sharedRules() }
  for (let self = 0; self < n; self++) run.peers.push(peerOf(run, common, self))
  for (const peer of run.peers) peer.start()
  await world.run({ until: () => honest.every(peer => run.finished.has(peer)) })
  return summary(run, trace.digest())
}

/** What all peers of the world share. */
interface Common {
  readonly id: string
  readonly seeds: readonly Uint8Array[]
  readonly verifier: Verifier
  readonly sharedView: SharedView
  readonly trace: Trace
  readonly network: SimulatedNetwork
  readonly rules: Aggregate
}

function peerOf(run: Run, common: Common, self: PeerIndex): Peer {
  const { options, world, meter } = run
  const { cohort, seed, byzantine } = options
  const { sharedView } = common
  const faulty = byzantine.peers.includes(self) && byzantine.attack !== null
  const random = randomStream(seed, 'adversary', self).uniform
  return createPeer({
    cohort,
    self,
    initial: options.oracles[self]!.initial,
    oracle: oraclePort(world, options.oracles[self]!, options.gradientMs),
    transport: common.network.attach(self),
    clock: world.clock,
    storage: null,
    signer: createSigner(common.id, common.seeds[self]!),
    verifier: common.verifier,
    incarnation: 1,
    aggregate: common.rules,
    ...(faulty && { attack: { attack: byzantine.attack!, random, adversaryView: sharedView } }),
    hooks: {
      received: (from, message) => common.trace.add(world.nowMs(), from, self, message),
      finished: parameters => finish(run, self, parameters),
      failed: error => {
        throw error
      },
      fault: fault => {
        if (fault.peer !== null) run.faults.push({ observer: self, fault })
      },
      ...(!faulty && {
        gradient: (step, { loss }) => meter.loss(step, loss),
        output: output => {
          meter.output(output)
          if (output.kind === 'sealed' && sharedView.sealed(output.slot, output.vector)) poke(run)
        },
      }),
    },
  })
}

/** The adversary's links are the fastest there are: it strikes at once, but after the honest peer's own step. */
function poke(run: Run): void {
  run.world.after(0, () => {
    for (const peer of run.options.byzantine.peers) run.peers[peer]?.poke()
  })
}

function finish(run: Run, self: PeerIndex, parameters: Vector): void {
  run.finished.set(self, parameters)
  run.peers[self]!.finish()
}

function summary(run: Run, trace: string): SimulationResult {
  const status = run.peers.map(peer => peer.status())
  const blames = run.faults.map(({ observer, fault: { peer, kind } }) => ({ observer, peer, kind }))
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)
  return {
    honest: run.honest,
    parameters: run.peers.map((_, peer) => run.finished.get(peer) ?? null),
    steps: run.meter.steps,
    violations: [...run.meter.violations, ...wronglyBlamed(run.honest, blames)],
    faults: run.faults,
    messages: sum(status.map(({ messagesSent }) => messagesSent)),
    bytes: sum(status.map(({ bytesSent }) => bytesSent)),
    bytesByPeer: status.map(({ bytesSent }) => bytesSent),
    virtualSeconds: run.world.nowMs() / 1000,
    trace,
    stuck: run.honest
      .filter(peer => !run.finished.has(peer))
      .map(peer => ({ peer, step: status[peer]!.step, waitingFor: status[peer]!.waitingFor })),
  }
}

function oraclePort(world: World, oracle: ModelOracle, gradientMs: number): OraclePort {
  return { gradient: (request, done) => world.afterWork(gradientMs, oracle.gradient(request), done) }
}

export { keySeed } from './keys.ts'
