/**
 * The faults of a cohort that learns: crashes that lose unsynced records, full and lost disks, pauses, partitions, and
 * absences so long that the others can no longer serve the absent peer. A seed may draw all of them at once.
 */
import type { PeerIndex } from '../../../../agreement/protocol.ts'
import type { RandomStream } from '../../../../learning/random.ts'
import { spareVectors } from '../../../cohort/bounds-query.ts'
import type { Cohort } from '../../../cohort/cohort.ts'
import { graphOf, neighboursOf } from '../../../cohort/gossip.ts'
import {
  type Conditions,
  calmConditions,
  type InjectedFault,
  type Moment,
  type Scheduler,
} from '../../conditions.ts'
import { pick } from '../../pick.ts'
import { drawFault, drawLate, drawSide, drawSurroundings } from '../shared-draws.ts'

interface LearningScene {
  readonly cohort: Cohort
  readonly byzantine: readonly PeerIndex[]
  readonly maxFaulty: number
  readonly steps: number
  /** Whether this peer may lose its memory, and so count towards f for a while. */
  readonly mayForget: (peer: PeerIndex) => boolean
}

const INJECTED_FAULTS_MAX = 6
/** The longest absence: dozens of steps of a quick cohort. */
const ABSENCE_MS = 4000

/**
 * @param disks draws the faults of bad disks
 * @param rollbacks draws the peers that come back to an old copy. Both are separate streams, so that older seeds keep their
 *   other faults.
 */
export function drawLearningConditions(
  scene: LearningScene,
  random: RandomStream,
  disks: RandomStream,
  rollbacks: RandomStream,
): Conditions {
  const { cohort, byzantine } = scene
  const honest = [...cohort.members.keys()].filter(peer => !byzantine.includes(peer))
  const calmAtMs = 500 + 4000 * random.uniform()
  const peers = random.shuffle([...honest])
  const injectedFaults = Array.from({ length: random.integer(INJECTED_FAULTS_MAX + 1) }, (_, i) =>
    drawInjectedFault(scene, peers[i % peers.length]!, calmAtMs, random),
  )
  if (random.uniform() < 0.3) injectedFaults.push(...drawLostDisk(scene, peers[0]!, random))
  if (random.uniform() < 0.5) injectedFaults.push(...drawHalfHeard(scene, peers[0]!, random))
  const conditions = {
    ...drawSurroundings(random, {
      bytesPerMs: [Infinity, Infinity, 1000],
      lossless: 0.8,
      lossMax: 0.1,
      scheduler: () => drawScheduler(scene, honest, random),
      syncMs: () => 10 * random.uniform(),
    }),
    injectedFaults,
    calmAtMs,
  }
  if (random.uniform() < 0.3) injectedFaults.push(drawStall(scene, peers[0]!, calmAtMs, random))
  if (!injectedFaults.some(({ kind }) => kind === 'disk-lost'))
    injectedFaults.push(...drawBadDisk(scene, honest, calmAtMs, disks))
  if (!injectedFaults.some(({ kind }) => kind.startsWith('disk-') && kind !== 'disk-full'))
    injectedFaults.push(...drawCopy(scene, honest, calmAtMs, rollbacks))
  return conditions
}

/** Three times the longest delay of a message, 110 ms, and more than a gradient and an evaluation take. */
export const TIMELY_LEARNING_TIMEOUT_MS = 400
const LATE_MS = 80

/** Conditions under synchrony: nothing is lost, nobody dies, and within the bound on delays the scheduler does what it likes. */
export function drawTimelyLearning({ cohort, byzantine }: LearningScene, random: RandomStream): Conditions {
  const honest = [...cohort.members.keys()].filter(peer => !byzantine.includes(peer))
  const late = drawLate(cohort.members.length, honest, honest.length, random).map(senders =>
    senders.filter(() => random.uniform() < 0.3),
  )
  return {
    ...calmConditions,
    latency: pick(random, [
      { kind: 'constant', ms: 1 },
      { kind: 'uniform', minMs: 1, maxMs: 20 },
      { kind: 'lan' },
    ]),
    jitterMs: random.uniform() < 0.5 ? 0 : 10 * random.uniform(),
    scheduler: pick<Scheduler>(random, [
      { kind: 'fair' },
      { kind: 'rushing' },
      { kind: 'mute', late, delayMs: LATE_MS * random.uniform() },
    ]),
    calmAtMs: 100_000,
  }
}

function drawStall(
  scene: LearningScene,
  peer: PeerIndex,
  calmAtMs: number,
  random: RandomStream,
): InjectedFault {
  const at = drawMoment(scene, peer, calmAtMs, random)
  return { kind: 'stall', side: drawSide(scene.cohort.members.length, random), at, forMs: absence(random) }
}

/** The length of an absence: mostly short, sometimes most of the run. */
function absence(random: RandomStream): number {
  return ABSENCE_MS * random.uniform() ** 3
}

function drawInjectedFault(
  scene: LearningScene,
  peer: PeerIndex,
  calmAtMs: number,
  random: RandomStream,
): InjectedFault {
  const at = drawMoment(scene, peer, calmAtMs, random)
  const forMs = absence(random)
  const side = () => drawSide(scene.cohort.members.length, random)
  return drawFault({ peer, at, forMs }, 0.55, side, random)
}

/** A peer loses its memory only after this many steps, because by then most others have heard from it. */
const FIRST_LOST = 3

/** How many vectors a peer signs in a run: two a step, and one where it gossips. */
function vectorsIn({ cohort, steps }: LearningScene): number {
  return steps * vectorsAStep(cohort)
}

function vectorsAStep(cohort: Cohort): number {
  return graphOf(cohort) === null ? 2 : 1
}

/**
 * A peer that has lost its memory counts towards f until it has caught up. It must have spoken in some steps before,
 * because the others cannot tell a peer that lost its disk in its first steps from one that never started. RB-TM at its
 * bound has no honest peer to spare that would know.
 */
function drawLostDisk(scene: LearningScene, peer: PeerIndex, random: RandomStream): InjectedFault[] {
  const { cohort, mayForget } = scene
  const first = FIRST_LOST * vectorsAStep(cohort)
  const vectors = vectorsIn(scene)
  if (cohort.protocol === 'rb-tm' || !mayForget(peer) || vectors <= first) return []
  const nth = first + random.integer(vectors - first)
  const at = { sealed: peer, nth, afterMs: 30 * random.uniform() ** 2 }
  return [{ kind: 'disk-lost', peer, at, forMs: absence(random) }]
}

/** A peer with a damaged log counts towards f, as one with a lost disk does, but its watermark says how far it came. */
function drawBadDisk(
  scene: LearningScene,
  honest: readonly PeerIndex[],
  calmAtMs: number,
  random: RandomStream,
): InjectedFault[] {
  const forgetful = honest.filter(scene.mayForget)
  if (forgetful.length === 0 || random.uniform() >= 0.6) return []
  const peer = pick(random, forgetful)
  const at = drawMoment(scene, peer, calmAtMs, random)
  const [kind, forMs] = [pick(random, ['disk-flip', 'disk-old'] as const), absence(random)]
  // Damage is hardest to see at the end of a log.
  const part = random.uniform() < 0.5 ? random.uniform() : 1 - random.uniform() ** 6
  const damage = { peer, at, forMs, part }
  return [kind === 'disk-flip' ? { kind, ...damage } : { kind, ...damage }]
}

/** A disk is copied: its peer comes back to the copy, or a second process starts from it. */
function drawCopy(
  scene: LearningScene,
  honest: readonly PeerIndex[],
  calmAtMs: number,
  random: RandomStream,
): InjectedFault[] {
  const rollback = drawRollback(scene, honest, calmAtMs, random)
  return rollback.length > 0 ? rollback : drawClone(scene, honest, calmAtMs, random)
}

/** While its peer runs, nobody listens to a second process, so it counts for nothing. */
function drawClone(
  scene: LearningScene,
  honest: readonly PeerIndex[],
  calmAtMs: number,
  random: RandomStream,
): InjectedFault[] {
  if (random.uniform() >= 0.5) return []
  const peer = pick(random, honest)
  const at = drawMoment(scene, peer, calmAtMs, random)
  const part = random.uniform() < 0.3 ? null : random.uniform()
  return [{ kind: 'clone', peer, at, forMs: absence(random) + 50, part }]
}

/** A peer that comes back to an old copy of its disk counts towards f, too, because its watermark is as old. */
function drawRollback(
  scene: LearningScene,
  honest: readonly PeerIndex[],
  calmAtMs: number,
  random: RandomStream,
): InjectedFault[] {
  const forgetful = honest.filter(scene.mayForget)
  if (forgetful.length === 0 || random.uniform() >= 0.6) return []
  const peer = pick(random, forgetful)
  const at = drawMoment(scene, peer, calmAtMs, random)
  return [{ kind: 'rollback', peer, at, forMs: absence(random), part: random.uniform() }]
}

/** The fewest steps in which this fault shows: the cohort has to outlast what links remember. */
const LONG = 24

/**
 * A peer hears some honest peers on a step, dies, and comes back to the others long before it meets the first ones
 * again. These have by then forgotten what its former incarnation acknowledged, and are too few to be believed. The
 * others have forgotten nothing.
 */
function drawHalfHeard(
  { cohort, byzantine, maxFaulty, steps }: LearningScene,
  peer: PeerIndex,
  random: RandomStream,
): InjectedFault[] {
  if (steps < LONG || maxFaulty === 0) return []
  const others = random.shuffle([...neighboursOf(cohort, peer)])
  const heard = others.filter(other => !byzantine.includes(other)).slice(0, 1 + random.integer(maxFaulty))
  const unheard = others.filter(other => !heard.includes(other))
  const nth = random.integer(vectorsAStep(cohort) * (steps - LONG))
  const [beforeMs, aloneMs, awayMs] = [
    5 * random.uniform(),
    150 * random.uniform(),
    ABSENCE_MS * random.uniform(),
  ]
  const after = (afterMs: number): Moment => ({ sealed: peer, nth, afterMs })
  const died = beforeMs + aloneMs
  return [
    { kind: 'apart', peer, others: unheard, at: after(beforeMs), forMs: aloneMs + awayMs },
    { kind: 'crash', peer, at: after(died), forMs: awayMs, kept: 1 },
    { kind: 'apart', peer, others: heard, at: after(died), forMs: awayMs + ABSENCE_MS * random.uniform() },
  ]
}

/** The moment of a fault: mostly just after a vector was bound, when the least is settled. */
function drawMoment(scene: LearningScene, peer: PeerIndex, calmAtMs: number, random: RandomStream): Moment {
  if (random.uniform() < 0.4) return { timeMs: calmAtMs * random.uniform() ** 2 }
  return { sealed: peer, nth: random.integer(vectorsIn(scene)), afterMs: 30 * random.uniform() ** 2 }
}

function drawScheduler(
  { cohort }: LearningScene,
  honest: readonly PeerIndex[],
  random: RandomStream,
): Scheduler {
  const choice = random.uniform()
  if (choice < 0.4) return { kind: 'fair' }
  if (choice < 0.6) return { kind: 'rushing' }
  if (choice < 0.75) return { kind: 'erratic', meanMs: 20 * random.uniform() }
  const graph = graphOf(cohort)
  const late =
    graph === null
      ? drawLate(cohort.members.length, honest, spareVectors(cohort), random)
      : graph.map(others =>
          random.shuffle(others.filter(other => honest.includes(other))).slice(0, cohort.faults),
        )
  return { kind: 'mute', late, delayMs: 1000 * random.uniform() }
}
