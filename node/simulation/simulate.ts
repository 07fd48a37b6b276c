/**
 * A whole cohort in the simulated world: the same peers, with virtual time and a seeded network in place of the
 * real ports. Same cohort, same seed, same options: the same trace, bit for bit.
 */

import type { Fault, PeerIndex } from '../../agreement/protocol.ts'
import { diameter, type Vector } from '../../agreement/vector.ts'
import type { Attack } from '../../learning/attacks/attack.ts'
import type { LearnOutput } from '../../learning/learn-contract.ts'
import type { ModelOracle } from '../../learning/oracles/jax-oracle.ts'
import { randomStream } from '../../learning/random.ts'
import { type Cohort, cohortId } from '../cohort.ts'
import { createPeer, type OraclePort, type Peer } from '../peer.ts'
import { createSigner, createVerifier, ed25519 } from '../signatures/index.ts'
import { keySeed } from './keys.ts'
import { createNetwork } from './network.ts'
import { sharedRules } from './shared-rules.ts'
import { createBlackboard } from './sightings.ts'
import { createTrace } from './trace.ts'
import { createWorld, type World } from './world.ts'

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

/** A step that all honest peers have completed. */
export interface StepProgress {
  readonly step: number
  /** Mean over the honest peers of the loss on their batches. */
  readonly loss: number
  readonly diameter: { readonly gradient: number; readonly parameters: number }
}

export interface SimulationResult {
  readonly honest: readonly PeerIndex[]
  /** By peer; null where a Byzantine peer did not finish. */
  readonly parameters: readonly (Vector | null)[]
  readonly steps: readonly StepProgress[]
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
  const meter = createStepMeter(honest, options.onStep)
  const run: Run = { options, world, peers: [], honest, finished: new Map(), faults: [], meter }
  const id = cohortId(cohort)
  const seeds = cohort.members.map((_, peer) => keySeed(seed, peer))
  const verifier = createVerifier(
    id,
    seeds.map(key => ed25519.publicKey(key)),
  )
  const rules = sharedRules()
  const blackboard = createBlackboard(honest.length)
  for (let self = 0; self < n; self++) {
    const faulty = byzantine.peers.includes(self) && byzantine.attack !== null
    const random = randomStream(seed, 'adversary', self)
    run.peers.push(
      createPeer({
        cohort,
        self,
        initial: options.oracles[self]!.initial,
        oracle: oraclePort(world, options.oracles[self]!, options.gradientMs),
        transport: network.attach(self),
        clock: world.clock,
        storage: null,
        signer: createSigner(id, seeds[self]!),
        verifier,
        epoch: 1,
        aggregate: rules,
        ...(faulty && {
          attack: { attack: byzantine.attack!, random: random.uniform, sightings: blackboard },
        }),
        hooks: {
          received: (from, message) => trace.add(world.nowMs(), from, self, message),
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
              meter.output(self, output)
              if (output.kind === 'sealed' && blackboard.sealed(output.slot, output.vector)) poke(run)
            },
          }),
        },
      }),
    )
  }
  for (const peer of run.peers) peer.start()
  await world.run({ until: () => honest.every(peer => run.finished.has(peer)) })
  return summary(run, trace.digest())
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
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)
  return {
    honest: run.honest,
    parameters: run.peers.map((_, peer) => run.finished.get(peer) ?? null),
    steps: run.meter.steps,
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

interface StepMeter {
  readonly steps: StepProgress[]
  loss(step: number, loss: number): void
  output(peer: PeerIndex, output: LearnOutput): void
}

/** Gathers what the honest peers have at the end of each step, and measures how far they are apart. */
function createStepMeter(honest: readonly PeerIndex[], onStep: SimulateOptions['onStep']): StepMeter {
  const steps: StepProgress[] = []
  const open = new Map<number, { losses: number[]; gradient: Vector[]; parameters: Vector[] }>()
  const at = (step: number) => {
    const entry = open.get(step) ?? { losses: [], gradient: [], parameters: [] }
    open.set(step, entry)
    return entry
  }
  return {
    steps,
    loss: (step, loss) => at(step).losses.push(loss),
    output(_peer, output) {
      if (output.kind !== 'averaged') return
      const entry = at(output.step)
      entry[output.phase].push(output.vector)
      if (entry.parameters.length < honest.length) return
      open.delete(output.step)
      const loss = entry.losses.reduce((a, b) => a + b, 0) / Math.max(1, entry.losses.length)
      const progress = {
        step: output.step,
        loss,
        diameter: { gradient: diameter(entry.gradient), parameters: diameter(entry.parameters) },
      }
      steps.push(progress)
      onStep?.(progress)
    },
  }
}

function oraclePort(world: World, oracle: ModelOracle, gradientMs: number): OraclePort {
  return { gradient: (request, done) => world.afterWork(gradientMs, oracle.gradient(request), done) }
}

export { keySeed } from './keys.ts'
