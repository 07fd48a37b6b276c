/**
 * A whole cohort in the simulated world: the same peers as real ones, with virtual time and a seeded network in place
 * of the real ports, and with injected faults. The same cohort, seed and options give the same trace, bit for bit.
 */
import type { Fault, PeerIndex } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { Attack } from '../../learning/attacks/attack.ts'
import { metricsVector } from '../../learning/evaluation/agreed.ts'
import type { OwnEvaluations } from '../../learning/evaluation/own-evaluations.ts'
import type { Divergence, LearnOutput } from '../../learning/learn-contract.ts'
import type { ModelOracle } from '../../learning/oracles/jax-oracle.ts'
import { randomStream } from '../../learning/random.ts'
import { wronglyBlamed } from '../checkers/blame.ts'
import { createLearningCheckers, type LearningCheckers } from '../checkers/learning.ts'
import { type Cohort, cohortId } from '../cohort/cohort.ts'
import { scheduleOf } from '../cohort/learn-options.ts'
import { defaultLinkLimits } from '../link/limits.ts'
import type { OraclePort, Peer } from '../runtime/peer.ts'
import { createEd25519Authority } from './authority.ts'
import { learnerTask } from './cluster/learner.ts'
import { createSimulatedCluster, type SimulatedCluster } from './cluster/simulated.ts'
import type { PeerParts, Watch } from './cluster.ts'
import { type Conditions, calmConditions, type InjectedFault } from './conditions.ts'
import { injectFaults } from './fault-injection.ts'
import { keySeed } from './keys.ts'
import { type LatencyModel, latencyMaxMs } from './latency.ts'
import type { Onlooker, WorldGlimpse } from './onlooker.ts'
import { sharedDistances } from './shared-distances.ts'
import { createStepClock, type StepClock } from './step-clock.ts'
import { createStepMeter, type StepMeter, type StepProgress } from './step-meter.ts'
import { createTimeline, type Timeline, type TimelineEntry } from './timeline.ts'
import { createTrace, type Trace } from './trace.ts'
import { turnsForOthers } from './turns.ts'

/** A cohort, its Byzantine peers, its injected faults, and the seed of everything random. */
export interface SimulateOptions {
  readonly cohort: Cohort
  /** Decides everything random about the network and the adversary. The cohort's own seed decides the learning. */
  readonly seed: number
  /** The Byzantine peers and their attack. */
  readonly byzantine: { readonly peers: readonly PeerIndex[]; readonly attack: Attack | null }
  /** One per peer, in order. The oracle of a peer with a data attack has poisoned labels. */
  readonly oracles: readonly ModelOracle[]
  /** Mean one-way latency. Each frame's latency is drawn uniformly from half to one and a half times the mean. */
  readonly latencyMs: number
  /** In place of `latencyMs`. */
  readonly network?: LatencyModel
  /** Probability that a frame is lost each time that it is sent; the transport below then resends it. Absent: 0. */
  readonly loss?: number
  /** The virtual time that a gradient takes. */
  readonly gradientMs: number
  /** Crashes, pauses, slow peers and partitions, from one step to another. */
  readonly injectedFaults?: readonly InjectedFault[]
  /**
   * The most that all peers together keep of past steps for slower and restarted ones, and so much again of older states
   * of their disks, where they have any; absent: `KEEP_BYTES`.
   */
  readonly keepBytes?: number
  /** How many steps from one measured step to the next; 0: only the last is measured; absent: 1. */
  readonly measureEvery?: number
  readonly onStep?: (progress: StepProgress) => void
  /** Asked before each event: true ends the run there, with peers that have not finished. Absent: never. */
  readonly isOver?: () => boolean
  readonly onlooker?: Onlooker | null
  /** By peer: takes its evaluations, where the cohort agrees on metrics. */
  readonly evaluations?: readonly OwnEvaluations[]
}

/** How a simulated run ended, its measurements, and the guarantees that did not hold. */
export interface SimulationResult {
  readonly honest: readonly PeerIndex[]
  /** By peer; null if it did not finish. */
  readonly parameters: readonly (Vector | null)[]
  readonly steps: readonly StepProgress[]
  /** The guarantees that did not hold; empty in a run that went well. */
  readonly violations: readonly string[]
  readonly faults: readonly { readonly observer: PeerIndex; readonly fault: Fault }[]
  readonly messages: number
  readonly bytes: number
  readonly bytesByPeer: readonly number[]
  readonly virtualSeconds: number
  readonly trace: string
  /** The faults and recoveries of peers, in order. */
  readonly timeline: readonly TimelineEntry[]
  /** Honest peers that crashed for good. */
  readonly gone: readonly PeerIndex[]
  /** Honest peers whose own numbers overflowed, ascending. Empty in a run that went well. */
  readonly diverged: readonly { readonly peer: PeerIndex; readonly divergence: Divergence }[]
  /** Other honest peers that did not finish, with the peers that they waited for. Empty in a run that went well. */
  readonly stuck: readonly {
    readonly peer: PeerIndex
    readonly step: number
    readonly waitingFor: readonly PeerIndex[]
  }[]
}

interface Run {
  readonly options: SimulateOptions
  readonly cluster: SimulatedCluster<Peer>
  readonly meter: StepMeter
  readonly checkers: LearningCheckers
  /** By checker: the first violation that it found. */
  readonly violations: Map<string, string>
  readonly trace: Trace
  readonly steps: StepClock
  readonly timeline: Timeline
  /** Honest peers that crashed for good. */
  readonly gone: Set<PeerIndex>
  readonly diverged: Map<PeerIndex, Divergence>
  /** By peer: the traffic of its ended incarnations. */
  readonly sentBefore: readonly { messages: number; bytes: number }[]
}

/** What is kept lies in memory here, for each of the peers. */
const KEEP_BYTES = 2 ** 30

/** The longest virtual time of a sync of a peer's disk, in runs with crashes. */
const SYNC_MS = 2

/** Runs a cohort in the simulated world: the same peers as real ones, replayable from the seed to the last bit. */
export async function simulate(options: SimulateOptions): Promise<SimulationResult> {
  const { cohort, injectedFaults = [] } = options
  const run = createRun(options, conditionsOf(options))
  const { cluster, steps, timeline, gone, diverged, meter } = run
  injectFaults(
    cluster,
    { injectedFaults, calmAtMs: Infinity },
    {
      steps,
      healed: timeline.healed,
      struck(fault) {
        timeline.struck(fault)
        if (fault.kind !== 'crash' || !('untilStep' in fault) || fault.untilStep !== null) return
        gone.add(fault.peer)
        meter.gone(fault.peer)
      },
    },
  )
  for (const peer of cohort.members.keys()) cluster.begin(peer)
  const isDone = (peer: PeerIndex) => cluster.results[peer] !== null || gone.has(peer) || diverged.has(peer)
  await cluster.world.run({
    until: () =>
      cluster.honest.every(isDone) ||
      (injectedFaults.length > 0 && steps.isStuck()) ||
      options.isOver?.() === true,
    ...(options.onlooker ? { pause: turnsForOthers() } : {}),
  })
  return summary(run)
}

/** Timely are the honest peers that no injected fault strikes; nobody where frames are lost, as their resending takes time. */
function checkedCohort(cohort: Cohort, honest: readonly PeerIndex[], { loss, injectedFaults }: Conditions) {
  const struck = new Set(injectedFaults.flatMap(fault => ('side' in fault ? fault.side : [fault.peer])))
  const timely = loss > 0 ? [] : honest.filter(peer => !struck.has(peer))
  return { cohort, linkLimits: defaultLinkLimits, timely }
}

function conditionsOf({ network, latencyMs, loss = 0, injectedFaults = [] }: SimulateOptions): Conditions {
  return {
    ...calmConditions,
    injectedFaults,
    loss,
    latency: network ?? { kind: 'around', meanMs: latencyMs },
    syncMs: injectedFaults.some(({ kind }) => kind === 'crash') ? SYNC_MS : null,
    calmAtMs: Infinity,
  }
}

function createRun(options: SimulateOptions, conditions: Conditions): Run {
  const { cohort, seed, byzantine, oracles, onlooker = null } = options
  const keys = cohort.members.map((_, peer) => keySeed(seed, peer))
  const trace = createTrace()
  const distances = sharedDistances()
  const keepBytes = Math.floor((options.keepBytes ?? KEEP_BYTES) / cohort.members.length)
  const violations = new Map<string, string>()
  const cluster: SimulatedCluster<Peer> = createSimulatedCluster({
    task: learnerTask({
      cohort,
      keepBytes,
      distances,
      initialOf: self => oracles[self]!.initial,
      onlooker,
      oracle: parts => oraclePort(run, parts),
      gradient(peer, step, { loss }) {
        if (byzantine.peers.includes(peer)) return
        run.meter.loss(peer, step, loss)
        onlooker?.loss(peer, step, loss)
      },
    }),
    byzantine,
    colluding: false,
    byzantineFinish: true,
    seed,
    authority: createEd25519Authority(cohortId(cohort), keys),
    startSpreadMs: 0,
    conditions,
    historyBytesMax: keepBytes,
    frameBytesMax: Infinity,
    trace,
    onlooker,
    links: randomStream(seed, 'latency'),
    watch: watchOf(() => run),
    failed: rethrown,
    onSend(from, to, frame) {
      if (!byzantine.peers.includes(from)) run.checkers.sent(from, to, frame, cluster.world.nowMs())
    },
    isSeenBeyond: () => true,
    lostUnsaid: peer => run.checkers.lostUnsaid(peer),
  })
  const { honest, world, peers } = cluster
  const sentBefore = peers.map(() => ({ messages: 0, bytes: 0 }))
  onlooker?.enters({ nowMs: world.nowMs, peer: self => glimpse(peers[self] ?? null, sentBefore[self]!) })
  const steps = createStepClock({ world, stepMs: stepMs(options, conditions) })
  const run: Run = {
    options,
    cluster,
    trace,
    violations,
    steps,
    sentBefore,
    meter: createStepMeter(cohort, honest, { ...options, distances }),
    checkers: createLearningCheckers(checkedCohort(cohort, honest, conditions), honest, (checker, detail) => {
      if (!violations.has(checker)) violations.set(checker, `${checker}: ${detail}`)
    }),
    timeline: createTimeline({
      peers: peers.length,
      nowMs: world.nowMs,
      newestStep: () => Math.min(steps.newest(), cohort.steps),
      stood: steps.stood,
      stepOf: peer => peers[peer]?.status().step ?? null,
      ...(onlooker && { told: onlooker.happened }),
    }),
    gone: new Set(),
    diverged: new Map(),
  }
  return run
}

function rethrown(_: PeerIndex, error: Error): never {
  throw error
}

/** What a peer has sent counts over all its incarnations. */
function glimpse(peer: Peer | null, before: Run['sentBefore'][number]): ReturnType<WorldGlimpse['peer']> {
  if (peer === null) return null
  const status = peer.status()
  const { waitingFor, links, bytesReceived } = status
  return {
    waitingFor,
    links,
    bytesReceived,
    messagesSent: before.messages + status.messagesSent,
    bytesSent: before.bytes + status.bytesSent,
  }
}

/** @param run returns the run, which does not exist yet when the cluster is made */
function watchOf(run: () => Run): Watch<LearnOutput> {
  /** By peer: the last step that it began. */
  const stood = new Map<PeerIndex, number>()
  const moved = (peer: PeerIndex, step: number) => {
    stood.set(peer, step)
    run().steps.moved(step)
    run().timeline.moved(peer, step)
  }
  return {
    began: peer => run().checkers.began(peer, run().cluster.world.nowMs()),
    died(peer) {
      const { messagesSent, bytesSent } = run().cluster.peers[peer]!.status()
      run().sentBefore[peer]!.messages += messagesSent
      run().sentBefore[peer]!.bytes += bytesSent
    },
    output(peer, output) {
      run().meter.output(peer, output)
      run().checkers.output(peer, output)
      if (output.kind === 'averaged' && output.phase === 'metrics')
        run().options.evaluations?.[peer]?.agreed(output.step, output.vector)
      // Otherwise it has asked, and goes on where it was.
      const leftOut = output.kind === 'caught-up' && output.completeFrom > (stood.get(peer) ?? 1)
      if (leftOut) run().timeline.tookParameters(peer)
      else if (output.kind === 'need-gradient') moved(peer, output.step)
      else if (output.kind === 'diverged') {
        run().diverged.set(peer, output.divergence)
        run().meter.gone(peer)
      }
    },
    received: (peer, from, message) => run().checkers.received(peer, from, message),
    shown: (peer, from, proof) => run().checkers.shown(peer, from, proof),
    connected: (peer, other) => run().checkers.connected(peer, other),
    ended: peer => moved(peer, run().options.cohort.steps + 1),
  }
}

function oraclePort(
  { options, cluster }: Run,
  { self, isAlive }: Pick<PeerParts<LearnOutput>, 'self' | 'isAlive'>,
): OraclePort {
  const { world, network, slowness } = cluster
  const { evaluations } = options
  return {
    metrics: ({ step, parameters }, done) =>
      world.afterWork(
        options.gradientMs * slowness[self]!,
        options.oracles[self]!.evaluate(parameters),
        own =>
          network.whenRunning(self, () => {
            if (!isAlive()) return
            if (own instanceof Error) done(own)
            else done(evaluations?.[self]?.measured(step, own) ?? metricsVector(own))
          }),
      ),
    gradient: (request, done) =>
      world.afterWork(options.gradientMs * slowness[self]!, options.oracles[self]!.gradient(request), reply =>
        network.whenRunning(self, () => {
          if (isAlive()) done(reply)
        }),
      ),
  }
}

/** An estimate of a step's duration that is too long rather than too short. */
function stepMs({ cohort, gradientMs, oracles }: SimulateOptions, conditions: Conditions): number {
  const { graceMs, synchrony, timeoutMs, localSteps = 1 } = cohort
  const schedule = scheduleOf(cohort, oracles[0]!.initial.length)
  const iterations = schedule(1, 'gradient') + schedule(1, 'parameters')
  const slowest = conditions.injectedFaults.map(fault => (fault.kind === 'slow' ? fault.factor : 1))
  const waitMs = synchrony === 'synchronous' ? timeoutMs : graceMs
  return (
    Math.max(1, ...slowest) * gradientMs * localSteps +
    iterations * (3 * latencyMaxMs(conditions.latency) + waitMs)
  )
}

function summary(run: Run): SimulationResult {
  const { cluster, meter, violations, sentBefore, gone, diverged, options } = run
  const { byzantine, cohort } = options
  // With more liars than f nothing is guaranteed of how near the vectors come.
  const broken = byzantine.peers.length <= cohort.faults ? meter.violations() : []
  const { honest, peers, results, faults, world } = cluster
  const status = peers.map(peer => peer?.status() ?? null)
  const blames = faults.map(({ observer, fault: { peer, kind } }) => ({ observer, peer, kind }))
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)
  const bytesByPeer = sentBefore.map(({ bytes }, peer) => bytes + (status[peer]?.bytesSent ?? 0))
  return {
    honest,
    faults,
    bytesByPeer,
    parameters: results,
    steps: meter.steps,
    violations: [...broken, ...wronglyBlamed(honest, blames), ...violations.values()],
    messages: sum(sentBefore.map(({ messages }, peer) => messages + (status[peer]?.messagesSent ?? 0))),
    bytes: sum(bytesByPeer),
    virtualSeconds: world.nowMs() / 1000,
    trace: run.trace.digest(),
    timeline: run.timeline.entries,
    gone: [...gone].sort((a, b) => a - b),
    diverged: honest.flatMap(peer => {
      const divergence = diverged.get(peer)
      return divergence === undefined ? [] : [{ peer, divergence }]
    }),
    stuck: honest
      .filter(peer => results[peer] === null && !gone.has(peer) && !diverged.has(peer))
      .map(peer => ({
        peer,
        step: status[peer]?.step ?? 0,
        waitingFor: status[peer]?.waitingFor ?? [],
      })),
  }
}

export { keySeed } from './keys.ts'
