/**
 * Everything about a cohort that learns in the swarm, drawn from its seed: protocol, n, f, d, steps, losses, network,
 * faults, attack. The oracle is as cheap as possible, `½‖θ − x_j‖²` with a little noise, so that runs exercise
 * everything around it: logs, restarts, links, catching up.
 */
import { leastQuorum, mostFaults, peersNeeded } from '../../../../agreement/bounds.ts'
import type { PeerIndex } from '../../../../agreement/protocol.ts'
import type { Synchrony } from '../../../../agreement/thresholds.ts'
import type { Vector } from '../../../../agreement/vector.ts'
import type { Attack } from '../../../../learning/attacks/attack.ts'
import {
  adaptiveAttackNames,
  attackNamed,
  attackNames,
  dataAttackNames,
  digestAttackNames,
} from '../../../../learning/attacks/registry.ts'
import type { ExchangeForm } from '../../../../learning/learn-contract.ts'
import { type RandomStream, randomStream } from '../../../../learning/random.ts'
import type { Cohort } from '../../../cohort/cohort.ts'
import { defaultLinkLimits, type LinkLimits } from '../../../link/limits.ts'
import type { Conditions } from '../../conditions.ts'
import { pick } from '../../pick.ts'
import { type Camps, confide, desert, insist, rotate } from '../attacks.ts'
import { swarmProtocols } from '../scenario.ts'
import { drawLearningConditions, drawTimelyLearning, TIMELY_LEARNING_TIMEOUT_MS } from './draw-conditions.ts'

export interface LearningScenario {
  readonly seed: number
  readonly cohort: Cohort
  readonly dimension: number
  /** `x_j`, one row per peer. */
  readonly centres: readonly Vector[]
  /** Each peer's own figures, a row a peer, which the peers agree on first and keep in the last coordinates; often of no length. */
  readonly statistics: readonly Vector[]
  /** Standard deviation of a gradient's noise, per coordinate. */
  readonly noise: number
  /** A restarted peer draws other noise for the step that it is in; absent: the same. */
  readonly noiseAnew?: boolean
  readonly gradientMs: number
  readonly byzantine: { readonly peers: readonly PeerIndex[]; readonly attack: Attack | null }
  readonly attackName: string
  readonly conditions: Conditions
  readonly linkLimits: LinkLimits
  /** The most that each peer keeps of past steps; absent: as a real one. */
  readonly keepBytes?: number
}

/** Poisoned labels need a data set. The swarm of agreements tests attacks on frames. */
const attacks = attackNames.filter(
  name => ![...dataAttackNames, ...digestAttackNames, ...adaptiveAttackNames].includes(name),
)

export function drawLearningScenario(seed: number): LearningScenario {
  const random = randomStream(seed, 'learning')
  const protocol = pick(random, swarmProtocols)
  const synchrony = drawSynchrony(seed, protocol)
  const size = drawSize(protocol, synchrony, random)
  const { peers, maxFaulty, quorum } = withQuorum(seed, protocol, synchrony, size)
  const liars = random.uniform() < 0.6 ? random.integer(maxFaulty + 1) : 0
  const everyone = Array.from({ length: peers }, (_, peer) => peer)
  const byzantine = random
    .shuffle([...everyone])
    .slice(0, liars)
    .sort((a, b) => a - b)
  const drawn = liars === 0 ? 'none' : pick(random, attacks)
  const budgets = randomStream(seed, 'budgets')
  const { exchange, lie } = drawExchange(seed, liars)
  const adaptive = liars > 0 ? drawAdaptive(seed) : null
  const attackName =
    synchronousAttack(seed, synchrony, liars) ??
    (liars > 0 && budgets.uniform() < INSIST_SHARE
      ? INSIST
      : (lie ?? byTurns(seed, liars) ?? adaptive ?? drawn))
  // In a long run a peer can be left behind.
  const schedule = pick(random, ['practical', 'practical', 'practical', 'log', 'theory'] as const)
  const steps =
    protocol === 'rb-tm'
      ? rbTmSteps(seed, peers, random)
      : pick(random, schedule === 'practical' ? [4, 8, 16, 40] : [4, 8])
  const dimension = 1 + random.integer(6)
  const drawnCohort = cohortOf(
    seed,
    { protocol, peers, faults: maxFaulty, steps, schedule, synchrony },
    random,
  )
  const cohort = {
    ...drawnCohort,
    ...drawEvaluation(seed),
    ...drawFewerBytes(seed),
    ...drawGradientRule(seed),
    ...(exchange && { exchange }),
    ...(quorum !== undefined && { quorum }),
  }
  const scene = { cohort, byzantine, maxFaulty, steps, mayForget: () => byzantine.length < maxFaulty }
  return {
    seed,
    cohort,
    dimension,
    attackName,
    centres: drawCentres(seed, peers, dimension),
    statistics: drawStatistics(seed, peers, dimension),
    noise: pick(random, [0, 0.1]),
    gradientMs: pick(random, [0, 1, 5, 20]),
    byzantine: {
      peers: byzantine,
      attack: attackOf(attackName, {
        peers,
        maxFaulty,
        honest: everyone.filter(peer => !byzantine.includes(peer)),
      }),
    },
    conditions: conditionsOf(seed, scene),
    linkLimits: {
      ...drawLinkLimits(cohort, dimension, random),
      ...((attackName === INSIST || budgets.uniform() < 0.25) && TIGHT_BUDGET),
      ...(randomStream(seed, 'pieces').uniform() < 0.25 && SHORT_PIECES),
    },
  }
}

/** The share of the runs with faulty peers whose attack adapts. */
const ADAPTIVE_SHARE = 0.15

/** From a stream of its own, so that other seeds keep their runs. */
function drawAdaptive(seed: number): string | null {
  const random = randomStream(seed, 'adaptive')
  if (random.uniform() >= ADAPTIVE_SHARE) return null
  const name = pick(random, adaptiveAttackNames)
  return name === 'late' ? 'late+little:from=3' : name
}

function conditionsOf(seed: number, scene: Parameters<typeof drawLearningConditions>[0]): Conditions {
  const random = randomStream(seed, 'conditions')
  if (scene.cohort.synchrony === 'synchronous') return drawTimelyLearning(scene, random)
  return drawLearningConditions(scene, random, randomStream(seed, 'disks'), randomStream(seed, 'rollbacks'))
}

const INSIST = 'insist'
const ROTATE = 'rotate'
/** The share of the runs with faulty peers that lie by turns; a stream of its own, too. */
const ROTATE_SHARE = 0.15
const CONFIDE = 'confide'
const DESERT = 'desert'
/** The share of the runs with faulty peers that use this attack. */
const INSIST_SHARE = 0.15
/** A budget of a few frames, because vectors are short here. Honest peers that come and go have to wait too. */
export const TIGHT_BUDGET = {
  resentBytesMin: 2048,
  resentWindows: 1,
  resentRefillMs: 30_000,
  bundleBytes: 1024,
}

/** In a quarter of the runs vectors travel in pieces, and many votes too: by a stream of its own, as above. */
export const SHORT_PIECES = { wholeBytesMax: 100, pieceBytes: 48 }

/** The share of the runs, but of RB-TM, that are synchronous; a stream of its own, too. */
const SYNCHRONOUS_SHARE = 0.15
/** Attacks that reach some peers only, which is what drives synchronous peers apart. */
const partialAttacks = [
  CONFIDE,
  DESERT,
  DESERT,
  DESERT,
  DESERT,
  ROTATE,
  'omit',
  'refuse',
  'silence',
  'crash',
  'equivocate',
] as const

function byTurns(seed: number, liars: number): string | null {
  return liars > 0 && randomStream(seed, 'turns').uniform() < ROTATE_SHARE ? ROTATE : null
}

function drawSynchrony(seed: number, protocol: Cohort['protocol']): Synchrony {
  const isDrawn = protocol !== 'rb-tm' && randomStream(seed, 'synchrony').uniform() < SYNCHRONOUS_SHARE
  return isDrawn ? 'synchronous' : 'asynchronous'
}

function synchronousAttack(seed: number, synchrony: Synchrony, liars: number): string | null {
  if (synchrony === 'asynchronous' || liars === 0) return null
  return pick(randomStream(seed, 'partial attacks'), partialAttacks)
}

function attackOf(name: string, camps: Camps): Attack | null {
  if (name === INSIST) return insist()
  if (name === CONFIDE) return confide(camps.peers)
  if (name === DESERT) return desert(camps)
  if (name === ROTATE) return rotate(camps)
  return name === 'none' ? null : attackNamed(name)
}

/** Mostly few steps, because each vector costs n² votes. Among four peers sometimes enough to be left behind. */
function rbTmSteps(seed: number, peers: number, random: RandomStream): number {
  const few = 3 + random.integer(4)
  return peers === 4 && randomStream(seed, 'long').uniform() < 0.3 ? 40 : few
}

/** The share of the runs whose cohort agrees on metrics. */
const EVALUATION_SHARE = 0.4

/** From a stream of its own, so that other seeds keep their runs. */
function drawEvaluation(seed: number): Pick<Cohort, 'evaluateEvery'> {
  const random = randomStream(seed, 'evaluation')
  if (random.uniform() >= EVALUATION_SHARE) return {}
  return { evaluateEvery: pick(random, [1, 2, 5]) }
}

/** The shares of the runs whose gradients travel in fewer bytes, and whose peers take local steps. */
const NARROW_SHARE = 0.35
const LOCAL_STEPS_SHARE = 0.2

/** From a stream of its own, too. */
function drawFewerBytes(seed: number): Pick<Cohort, 'precision' | 'localSteps'> {
  const random = randomStream(seed, 'fewer-bytes')
  const narrow = random.uniform() < NARROW_SHARE && pick(random, ['bf16', 'int8'] as const)
  const local = random.uniform() < LOCAL_STEPS_SHARE && pick(random, [2, 4])
  return { ...(narrow && { precision: narrow }), ...(local && { localSteps: local }) }
}

/** The share of the runs whose agreements on gradients begin with a rule that mixes. */
const GRADIENT_RULE_SHARE = 0.15

/** From a stream of its own, too. */
function drawGradientRule(seed: number): Pick<Cohort, 'gradientRule'> {
  const random = randomStream(seed, 'start-rule')
  if (random.uniform() >= GRADIENT_RULE_SHARE) return {}
  return { gradientRule: pick(random, ['nnm+cwtm', 'nnm+gm', 'nnm'] as const) }
}

/** The share of runs by digest, and of those with liars the share with attacks on that: a stream of its own, again. */
const BY_DIGEST = 0.5
const ON_DIGESTS = 0.4

function drawExchange(seed: number, liars: number): { exchange?: ExchangeForm; lie?: string } {
  const random = randomStream(seed, 'exchange')
  if (random.uniform() >= BY_DIGEST) return {}
  const isAttacked = liars > 0 && random.uniform() < ON_DIGESTS
  return { exchange: 'digest-first', ...(isAttacked && { lie: pick(random, digestAttackNames) }) }
}

function drawSize(
  protocol: Cohort['protocol'],
  synchrony: Synchrony,
  random: RandomStream,
): { peers: number; maxFaulty: number } {
  const faults = random.uniform() < 0.75 ? 1 : protocol === 'rb-tm' || protocol === 'icwtm' ? 2 : 1
  const least = peersNeeded(protocol, faults, synchrony)!
  const peers = random.uniform() < 0.6 ? least : least + random.integer(3)
  return { peers, maxFaulty: Math.min(faults, mostFaults(protocol, peers, synchrony)) }
}

/** The share of the runs whose peers wait for fewer than n − f vectors; a stream of its own, too. */
const FEWER = 0.25

function withQuorum(
  seed: number,
  protocol: Cohort['protocol'],
  synchrony: Synchrony,
  size: ReturnType<typeof drawSize>,
): ReturnType<typeof drawSize> & { readonly quorum?: number } {
  const random = randomStream(seed, 'quorum')
  if (synchrony === 'synchronous' || random.uniform() >= FEWER) return size
  const peers = size.peers + 1 + random.integer(2)
  const { maxFaulty } = size
  const least = leastQuorum(protocol, peers, maxFaulty)
  return { peers, maxFaulty, quorum: least + random.integer(peers - maxFaulty - least + 1) }
}

const constant = { text: 'constant', schedule: { kind: 'constant' } } as const

type Drawn = Pick<Cohort, 'synchrony' | 'protocol' | 'faults' | 'steps' | 'schedule'> & {
  readonly peers: number
}

function cohortOf(
  seed: number,
  { protocol, peers, faults: maxFaulty, steps, schedule, synchrony }: Drawn,
  random: RandomStream,
): Cohort {
  return {
    ...sharedFields(seed, peers),
    protocol,
    faults: maxFaulty,
    steps,
    synchrony,
    graceMs: random.uniform() < 0.3 ? 10 : 0,
    timeoutMs: TIMELY_LEARNING_TIMEOUT_MS,
    schedule,
    iterations: { gradient: 1 + random.integer(2), parameters: 1 },
    momentum: pick(random, [0, 0, 0.9]),
  }
}

/** What all cohorts of the swarm have in common. */
export function sharedFields(seed: number, peers: number) {
  return {
    name: 'swarm',
    seed,
    unsafe: false,
    members: Array.from({ length: peers }, (_, peer) => ({
      name: `peer-${peer}`,
      id: `${peer}`,
      addresses: [],
    })),
    count: 'tight',
    model: 'quadratic',
    rate: 0.3,
    clip: null,
    weightDecay: 0,
    box: null,
    stepSize: constant,
    batch: 1,
    batchSchedule: constant,
    output: 'last',
  } as const satisfies Partial<Cohort>
}

export function drawCentres(seed: number, peers: number, dimension: number): Vector[] {
  const random = randomStream(seed, 'centres')
  return Array.from({ length: peers }, () => Float32Array.from({ length: dimension }, () => random.normal()))
}

/** In a quarter of the runs, by a stream of its own, so that older seeds keep everything else. */
function drawStatistics(seed: number, peers: number, dimension: number): Vector[] {
  const random = randomStream(seed, 'statistics')
  const count = random.uniform() < 0.25 ? random.integer(dimension) : 0
  return Array.from({ length: peers }, () => Float32Array.from({ length: count }, () => random.normal()))
}

/** The most bytes of a message besides its vector. */
export const OVERHEAD_BYTES = 200
/** In one run of three, links keep only this many steps for an absent peer, so that it has to catch up. */
const KEPT_STEPS = 20

function drawLinkLimits(cohort: Cohort, dimension: number, random: RandomStream): LinkLimits {
  if (random.uniform() < 0.67 || cohort.protocol === 'rb-tm') return defaultLinkLimits
  const { gradient, parameters } = cohort.iterations
  const stepBytes =
    (cohort.schedule === 'practical' ? gradient + parameters : 12) * (4 * dimension + OVERHEAD_BYTES)
  return { ...defaultLinkLimits, keptBytesMax: KEPT_STEPS * stepBytes, keptOverheadBytes: 0 }
}
