/**
 * Everything about a run of the swarm, drawn from its seed: protocol, n, f, d, data, network, faults, attack. Each
 * part draws from its own stream, so that a new kind of fault does not change the data of old seeds.
 */
import { iterationsFor, leastQuorum, peersNeeded } from '../../../agreement/bounds.ts'
import type { Synchrony } from '../../../agreement/thresholds.ts'
import type { Vector } from '../../../agreement/vector.ts'
import type { Attack } from '../../../learning/attacks/attack.ts'
import {
  adaptiveAttackNames,
  attackNamed,
  attackNames,
  dataAttackNames,
  digestAttackNames,
} from '../../../learning/attacks/registry.ts'
import { randomStream } from '../../../learning/random.ts'
import type { AgreementSettings } from '../../runtime/agreement-peer.ts'
import type { AgreeOptions } from '../agree.ts'
import { type Authority, createEd25519Authority, createTableAuthority } from '../authority.ts'
import { keySeed } from '../keys.ts'
import { pick } from '../pick.ts'
import { type Camps, procrastinate, swarmAttack, swarmAttackNames } from './attacks.ts'
import { drawConditions, drawTimelyConditions, TIMELY_TIMEOUT_MS } from './draw-conditions.ts'

export interface Scenario extends AgreeOptions {
  /** The attack's name, or `none` if no peer lies. */
  readonly attackName: string
}

export const swarmProtocols = ['mda', 'cva', 'icwtm', 'rb-tm'] as const
/** Drawn where they are asked for only, so that all seeds keep their protocols. */
export const boxProtocols = ['box-geom', 'box-mean'] as const
export type BoxProtocol = (typeof boxProtocols)[number]

/** Attacks on labels need a data set. */
const swarmAttacks = attackNames.filter(
  name => ![...dataAttackNames, ...digestAttackNames, ...adaptiveAttackNames].includes(name),
)

/** The most peers; fewer for RB-TM, whose traffic grows with n³. */
const PEERS_MAX = 16
const DIMENSION_MAX = 16
/** One run in this many uses real signatures. */
const ED25519_EVERY = 50
/** The share of runs with the swarm's own attacks, the strongest known ones on agreement. */
const SPECIAL = 0.25

/**
 * @param form absent: as the seed draws it; `whole`: the run of the seed before there was a choice; a protocol: that one
 * in place of the one drawn
 */
export function drawScenario(seed: number, form?: 'whole' | BoxProtocol): Scenario {
  const bound = withQuorum(
    seed,
    form === undefined || form === 'whole' ? drawSize(seed) : drawBox(seed, form),
  )
  const { peers, maxFaulty } = bound
  const { liars, ...lie } = drawLiars(seed, peers, maxFaulty)
  const lastMoment = randomStream(seed, 'last moment')
  const isLast = isSigned(bound) && liars.length > 0 && lastMoment.uniform() < PROCRASTINATE
  const exchange: ReturnType<typeof drawExchange> =
    form === 'whole' || isSigned(bound) ? {} : drawExchange(seed, liars.length)
  const {
    digestFrom,
    attackName = isLast ? 'procrastinate' : (drawAdaptive(seed, liars.length) ?? lie.attackName),
  } = exchange
  const settings = drawSettings(seed, bound, digestFrom)
  const inputs = drawInputs(seed, peers, bound.dimension)
  const honest = [...inputs.keys()].filter(peer => !liars.includes(peer))
  const conditions = randomStream(seed, 'conditions')
  const draw = bound.synchrony === 'synchronous' ? drawTimelyConditions : drawConditions
  return {
    settings: settings.settings,
    target: settings.target,
    inputs,
    seed,
    attackName,
    byzantine: {
      peers: liars,
      attack: isLast
        ? procrastinate(
            { peers, maxFaulty, honest },
            pick(lastMoment, [1, 2]) * SIGNED_TIMEOUT_MS - LAST_MOMENT_MS * lastMoment.uniform(),
          )
        : attackOf(attackName, { peers, maxFaulty, honest }),
    },
    conditions: draw({ settings: settings.settings, inputs, honest }, conditions),
    authority: authorityOf(seed, peers),
  }
}

/** The bound of a run, without the choice of a quorum. */
interface Size extends Pick<AgreementSettings, 'synchrony' | 'peers' | 'maxFaulty' | 'dimension'> {
  readonly protocol: (typeof swarmProtocols)[number] | BoxProtocol
}

function drawSize(seed: number): Size {
  const random = randomStream(seed, 'size')
  const protocol = pick(random, swarmProtocols)
  const synchrony: Synchrony =
    (protocol === 'rb-tm' ? randomStream(seed, 'signed broadcast') : random).uniform() < 0.25
      ? 'synchronous'
      : 'asynchronous'
  const peersMax = protocol === 'rb-tm' && random.uniform() < 0.8 ? 10 : PEERS_MAX
  const possible = [1, 2, 3, 4, 5].filter(f => (peersNeeded(protocol, f, synchrony) ?? Infinity) <= peersMax)
  const maxFaulty = random.uniform() < 0.04 ? 0 : pick(random, possible)
  const least = Math.max(2, peersNeeded(protocol, maxFaulty, synchrony)!)
  const peers = random.uniform() < 0.6 ? least : least + random.integer(peersMax - least + 1)
  const dimension = random.uniform() < 0.25 ? 1 : 1 + random.integer(DIMENSION_MAX)
  return { protocol, synchrony, peers, maxFaulty, dimension }
}

/** Few peers: BOX-GEOM takes the medians of all subsets. */
const BOX_PEERS_MAX = 10

function drawBox(seed: number, protocol: BoxProtocol): Size {
  const random = randomStream(seed, 'hyperboxes')
  const maxFaulty = random.uniform() < 0.04 ? 0 : pick(random, [1, 1, 1, 1, 2, 2, 2, 3])
  const least = 3 * maxFaulty + 1
  const peers = Math.max(
    2,
    random.uniform() < 0.6 ? least : least + random.integer(BOX_PEERS_MAX - least + 1),
  )
  const dimension = random.uniform() < 0.25 ? 1 : 1 + random.integer(DIMENSION_MAX)
  return { protocol, synchrony: 'asynchronous', peers, maxFaulty, dimension }
}

/** The share of asynchronous runs whose peers wait for fewer than n − f vectors, and how many peers are added for that. */
const FEWER = 0.3
const ADDED_MAX = 3

/** From a stream of its own, so that the other seeds keep their runs. Mostly the least that is enough. */
function withQuorum(seed: number, size: Size): Size & { quorum?: number } {
  const random = randomStream(seed, 'quorum')
  const { protocol, synchrony, maxFaulty } = size
  if (synchrony === 'synchronous' || random.uniform() >= FEWER) return size
  const peers = size.peers + 1 + random.integer(ADDED_MAX)
  const least = leastQuorum(protocol, peers, maxFaulty)
  const most = peers - maxFaulty
  const quorum = random.uniform() < 0.7 ? least : least + random.integer(most - least + 1)
  return { ...size, peers, quorum }
}

function drawLiars(seed: number, peers: number, maxFaulty: number) {
  const random = randomStream(seed, 'liars')
  const count = random.uniform() < 0.8 ? maxFaulty : random.integer(maxFaulty + 1)
  const liars = random
    .shuffle(Array.from({ length: peers }, (_, peer) => peer))
    .slice(0, count)
    .sort((a, b) => a - b)
  const attack = randomStream(seed, 'attack')
  const attackName =
    count === 0
      ? 'none'
      : attack.uniform() < SPECIAL
        ? pick(attack, swarmAttackNames)
        : pick(attack, swarmAttacks)
  return { liars, attackName }
}

/** The share of runs with faulty peers whose attack adapts; modifiers name steps and phases, and here there is one. */
const ADAPTIVE = 0.15
const adaptive = adaptiveAttackNames.filter(name => name !== 'late' && name !== 'parameters-only')

/** From a stream of its own, so that other seeds keep their runs. */
function drawAdaptive(seed: number, liars: number): string | null {
  const random = randomStream(seed, 'liars-that-adapt')
  return liars > 0 && random.uniform() < ADAPTIVE ? pick(random, adaptive) : null
}

/** The share of runs in which vectors travel by digest, and of those with liars the share with attacks on that. */
const BY_DIGEST = 0.5
const ON_DIGESTS = 0.4

/** From a stream of its own, so that the other half of the seeds keep their runs. */
function drawExchange(seed: number, liars: number): { digestFrom?: number; attackName?: string } {
  const random = randomStream(seed, 'exchange')
  if (random.uniform() >= BY_DIGEST) return {}
  const digestFrom = random.integer(2)
  const isAttacked = liars > 0 && random.uniform() < ON_DIGESTS
  return { digestFrom, ...(isAttacked && { attackName: pick(random, digestAttackNames) }) }
}

function drawSettings(seed: number, bound: ReturnType<typeof withQuorum>, digestFrom?: number) {
  const random = randomStream(seed, 'iterations')
  const target = random.uniform() < 0.4 ? 1 : null
  const iterations =
    target === null ? 1 + random.integer(4) : iterationsFor(bound, target, pick(random, ['tight', 'paper']))!
  const graceMs = random.uniform() < 0.3 ? 20 : 0
  const settings: AgreementSettings = {
    ...bound,
    iterations,
    graceMs,
    timeoutMs: isSigned(bound) ? SIGNED_TIMEOUT_MS : TIMELY_TIMEOUT_MS,
    payloadMs: 250,
    ...(digestFrom !== undefined && { digestFrom }),
    unsafe: false,
    ...drawPrecision(seed),
    ...drawFirstRule(seed, iterations),
  }
  return { settings, target }
}

/** The share of the runs whose vectors travel in fewer bytes. */
const NARROW_SHARE = 0.25

function drawPrecision(seed: number): Pick<AgreementSettings, 'precision'> {
  const random = randomStream(seed, 'fewer-bytes')
  return random.uniform() < NARROW_SHARE ? { precision: pick(random, ['bf16', 'int8'] as const) } : {}
}

/** The share of the runs that begin with a rule that mixes, and the rules: those with a κ, and mixing alone. */
const FIRST_RULE_SHARE = 0.15
const FIRST_RULES = ['nnm+cwtm', 'nnm+cwmed', 'nnm+gm', 'nnm+krum', 'nnm'] as const

/** From a stream of its own, too. The first iteration then comes before those that make AVG_t. */
function drawFirstRule(
  seed: number,
  iterations: number,
): Partial<Pick<AgreementSettings, 'firstRule' | 'iterations'>> {
  const random = randomStream(seed, 'gradient-rule')
  if (random.uniform() >= FIRST_RULE_SHARE) return {}
  return { firstRule: pick(random, FIRST_RULES), iterations: iterations + 1 }
}

/** The first message of a link comes after two others, and signed broadcast is lost without a single honest vector. */
const SIGNED_TIMEOUT_MS = 2 * TIMELY_TIMEOUT_MS
/** The share of its runs in which the liars speak at the last moment. */
const PROCRASTINATE = 0.3
/** How long before the end of a round they decide: their vectors are on the way for most of it, or too long. */
const LAST_MOMENT_MS = 120

function isSigned({ protocol, synchrony }: Pick<AgreementSettings, 'protocol' | 'synchrony'>): boolean {
  return protocol === 'rb-tm' && synchrony === 'synchronous'
}

function attackOf(name: string, camps: Camps): Attack | null {
  if (name === 'none') return null
  const own = swarmAttackNames.find(each => each === name)
  return own === undefined ? attackNamed(name) : swarmAttack(own, camps)
}

function authorityOf(seed: number, peers: number): Authority {
  if (seed % ED25519_EVERY !== 0) return createTableAuthority()
  return createEd25519Authority(
    'swarm',
    Array.from({ length: peers }, (_, peer) => keySeed(0, peer)),
  )
}

/** Vectors in shapes that have each broken something somewhere: spread, two camps, an outlier, equal, huge, tiny. */
function drawInputs(seed: number, peers: number, dimension: number): Vector[] {
  const random = randomStream(seed, 'inputs')
  const shape = random.integer(6)
  const centre = Float64Array.from({ length: dimension }, () => random.normal())
  const scale = 10 ** (shape === 4 ? 20 * random.uniform() - 10 : 0)
  return Array.from({ length: peers }, (_, peer) => {
    const camp = peer % 2 === 0 ? 1 : -1
    return Float32Array.from(centre, middle => {
      switch (shape) {
        case 1:
          return camp > 0 ? 1 : 0
        case 2:
          return middle + camp * 10 + 0.1 * random.normal()
        case 3:
          return middle
        case 5:
          return peer === 0 ? 1000 : random.normal()
        default:
          return scale * random.normal()
      }
    })
  })
}
