/**
 * Everything about a cohort whose peers gossip over a graph, drawn from its seed: the graph, f, the liars and where they
 * are, the rule, steps, network, faults, attack. Worlds are small and peers keep little of the past, so that few steps
 * are enough to be left behind.
 */
import type { PeerIndex } from '../../../../agreement/protocol.ts'
import type { Attack } from '../../../../learning/attacks/attack.ts'
import {
  attackNamed,
  attackNames,
  dataAttackNames,
  digestAttackNames,
} from '../../../../learning/attacks/registry.ts'
import { drawGraph, type Neighbours } from '../../../../learning/gossip/graph.ts'
import { type RandomStream, randomStream } from '../../../../learning/random.ts'
import type { Cohort } from '../../../cohort/cohort.ts'
import { GOSSIP_PROTOCOL, whyUnfit } from '../../../cohort/gossip.ts'
import { defaultLinkLimits, type LinkLimits } from '../../../link/limits.ts'
import type { Conditions, InjectedFault } from '../../conditions.ts'
import { pick } from '../../pick.ts'
import { type Camps, desert, disclaim, insist, swarmAttack } from '../attacks.ts'
import { drawLearningConditions } from '../learning/draw-conditions.ts'
import {
  drawCentres,
  type LearningScenario,
  OVERHEAD_BYTES,
  SHORT_PIECES,
  sharedFields,
  TIGHT_BUDGET,
} from '../learning/scenario.ts'

/** Those with a bound that a checker knows, the default twice. */
const rules = ['monna', 'monna', 'clipped-gossip', 'balance', 'cwtm', 'nnm+cwtm', 'nnm+gm'] as const

/** The swarm's own attacks that mean something among neighbours. */
const special: Readonly<Record<string, (camps: Camps) => Attack>> = {
  insist,
  disclaim,
  desert,
  mirror: camps => swarmAttack('mirror', camps),
  rotate: camps => swarmAttack('rotate', camps),
}
const SPECIAL_SHARE = 0.3

/** As in worlds of agreement: labels need a data set, and nothing travels by digest. `late` alone delays nothing. */
const attacks = attackNames
  .filter(name => ![...dataAttackNames, ...digestAttackNames].includes(name))
  .map(name => (name === 'late' ? 'late+little:from=3' : name))

export function drawGossipScenario(seed: number): LearningScenario {
  const stream = (of: string) => randomStream(seed, 'gossip', of)
  const cohort = drawCohort(seed, stream('graph'), stream('cohort'))
  const peers = cohort.members.length
  const everyone = [...cohort.members.keys()]
  const byzantine = drawLiars(cohort, stream('liars'))
  const attackName = drawAttack(byzantine.length, stream('attack'))
  const maxFaulty = cohort.faults
  const honest = everyone.filter(peer => !byzantine.includes(peer))
  const mayForget = (peer: PeerIndex) => whyUnfit(cohort, [...byzantine, peer]) === null
  const drawn = drawLearningConditions(
    { cohort, byzantine, maxFaulty, steps: cohort.steps, mayForget },
    stream('conditions'),
    stream('disks'),
    stream('rollbacks'),
  )
  const quick = drawQuickLoss(cohort.steps, honest.filter(mayForget), drawn, stream('quick loss'))
  const random = stream('rest')
  const dimension = 1 + random.integer(4)
  return {
    seed,
    cohort,
    dimension,
    attackName,
    centres: drawCentres(seed, peers, dimension),
    statistics: everyone.map(() => new Float32Array(0)),
    noise: pick(random, [0, 0.1, 0.1]),
    noiseAnew: true,
    gradientMs: pick(random, [0, 1, 5, 20]),
    byzantine: { peers: byzantine, attack: attackOf(attackName, { peers, maxFaulty, honest }) },
    conditions: { ...drawn, injectedFaults: [...drawn.injectedFaults, ...quick] },
    linkLimits: drawLimits(attackName, dimension, stream('links')),
    ...drawKept(dimension, stream('kept')),
  }
}

function drawCohort(seed: number, graph: RandomStream, random: RandomStream): Cohort {
  const faults = pick(graph, [0, 1, 1, 1, 1, 1, 2])
  const { peers, topology } = drawTopology(seed, faults, graph)
  const cohort: Cohort = {
    ...sharedFields(seed, peers),
    protocol: GOSSIP_PROTOCOL,
    topology,
    rule: pick(random, rules),
    faults,
    steps: pick(random, [3, 4, 4, 5, 6, 6, 8, 10, 26]),
    synchrony: 'asynchronous',
    graceMs: random.uniform() < 0.5 ? 10 : 0,
    timeoutMs: 1,
    schedule: 'practical',
    iterations: { gradient: 1, parameters: 1 },
    momentum: pick(random, [0, 0, 0.9]),
  }
  // A drawn graph may fall apart, or give somebody too few neighbours.
  return whyUnfit(cohort, []) === null ? cohort : { ...cohort, topology: 'complete' }
}

function drawTopology(
  seed: number,
  faults: number,
  random: RandomStream,
): { peers: number; topology: NonNullable<Cohort['topology']> } {
  const least = Math.max(2, 4 * faults + 1)
  const kind = pick(random, [
    'complete',
    'regular',
    'regular',
    'regular',
    'wide',
    'erdos-renyi',
    'edges',
    'ring',
  ])
  // Wide enough for more than f liars, with no honest neighbour in common.
  if (kind === 'wide' && faults < 2) return { peers: 14, topology: `regular:${least}` }
  const peers = least + (kind === 'complete' ? 1 : 2) + random.integer(faults === 2 ? 2 : 4)
  if (kind === 'ring' && faults === 0) return { peers, topology: 'ring' }
  if (kind === 'erdos-renyi') return { peers, topology: `erdos-renyi:${pick(random, [0.7, 0.85, 0.95])}` }
  if (kind === 'edges') return { peers, topology: unequal(peers, least, seed, random) }
  const drawn = least + random.integer(2)
  const degree = (drawn * peers) % 2 === 1 ? drawn + 1 : drawn
  return { peers, topology: kind !== 'complete' && degree < peers - 1 ? `regular:${degree}` : 'complete' }
}

/** Edges of a complete graph but for some, so that peers have more neighbours or fewer: at least as many as this. */
function unequal(
  peers: number,
  least: number,
  seed: number,
  random: RandomStream,
): readonly (readonly [number, number])[] {
  const graph: Neighbours = drawGraph({ kind: 'complete' }, peers, seed)
  const degrees = graph.map(others => others.length)
  const pairs = graph.flatMap((others, a) => others.filter(b => a < b).map(b => [a, b] as const))
  const kept = random.shuffle(pairs).filter(([a, b]) => {
    if (degrees[a]! <= least || degrees[b]! <= least || random.uniform() < 0.3) return true
    degrees[a]!--
    degrees[b]!--
    return false
  })
  return kept.sort(([a, b], [c, d]) => a - c || b - d)
}

/** How often nobody lies, and how often another liar is sought. */
const HONEST_SHARE = 0.3
const MORE = 0.8

/** At most `f` among the neighbours of an honest peer, and the honest ones are connected without them. */
function drawLiars(cohort: Cohort, random: RandomStream): readonly PeerIndex[] {
  if (cohort.faults === 0 || random.uniform() < HONEST_SHARE) return []
  const liars: PeerIndex[] = []
  for (const peer of random.shuffle([...cohort.members.keys()])) {
    if (whyUnfit(cohort, [...liars, peer]) === null) liars.push(peer)
    if (random.uniform() >= MORE) break
  }
  return liars.sort((a, b) => a - b)
}

function drawAttack(liars: number, random: RandomStream): string {
  if (liars === 0) return 'none'
  return random.uniform() < SPECIAL_SHARE ? pick(random, Object.keys(special)) : pick(random, attacks)
}

function attackOf(name: string, camps: Camps): Attack | null {
  if (name === 'none') return null
  return special[name]?.(camps) ?? attackNamed(name)
}

/** How often a peer loses its disk and is back at once, while its neighbours stand where it has just spoken. */
const QUICK_SHARE = 0.25

function drawQuickLoss(
  steps: number,
  forgetful: readonly PeerIndex[],
  { injectedFaults }: Conditions,
  random: RandomStream,
): readonly InjectedFault[] {
  const hasForgotten = injectedFaults.some(({ kind }) => /^(disk-(lost|flip|old)|rollback)$/.test(kind))
  if (forgetful.length === 0 || hasForgotten || random.uniform() >= QUICK_SHARE) return []
  const peer = pick(random, forgetful)
  const at = { sealed: peer, nth: 1 + random.integer(steps - 1), afterMs: 20 * random.uniform() }
  return [{ kind: 'disk-lost', peer, at, forMs: 20 * random.uniform() }]
}

/** Links that keep little for a peer that does not answer, resend little, or send everything in pieces. */
function drawLimits(attackName: string, dimension: number, random: RandomStream): LinkLimits {
  const vectors = 2 + random.integer(5)
  return {
    ...defaultLinkLimits,
    ...(random.uniform() < 0.33 && {
      keptBytesMax: vectors * (4 * dimension + OVERHEAD_BYTES),
      keptOverheadBytes: 0,
    }),
    ...((random.uniform() < 0.2 || attackName === 'insist') && TIGHT_BUDGET),
    ...(random.uniform() < 0.25 && SHORT_PIECES),
  }
}

/** Half of the worlds keep a few steps. A step is two exchanges of 32-bit floats, and the parameters after it (room.ts). */
function drawKept(dimension: number, random: RandomStream): Pick<LearningScenario, 'keepBytes'> {
  const steps = 2 + random.integer(3)
  return random.uniform() < 0.5 ? { keepBytes: steps * 3 * 4 * dimension } : {}
}
