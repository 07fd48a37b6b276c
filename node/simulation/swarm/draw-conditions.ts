/**
 * The conditions of a run of the swarm, drawn from its seed: first anything that asynchrony allows (safety must hold),
 * then, from `calmAtMs` on, a good network (and the run must end).
 */
import type { PeerIndex } from '../../../agreement/protocol.ts'
import type { Vector } from '../../../agreement/vector.ts'
import type { RandomStream } from '../../../learning/random.ts'
import type { AgreementSettings } from '../../runtime/agreement-peer.ts'
import {
  type Conditions,
  calmConditions,
  type InjectedFault,
  type Moment,
  type Scheduler,
} from '../conditions.ts'
import type { LatencyModel } from '../latency.ts'
import { pick } from '../pick.ts'

interface Scene {
  readonly settings: AgreementSettings
  readonly inputs: readonly Vector[]
  readonly honest: readonly PeerIndex[]
}

/** Under synchrony an iteration takes so long; every honest message arrives well within it. */
export const TIMELY_TIMEOUT_MS = 200
const TIMELY_DELAY_MS = 80

/** Synchrony is a promise about delays: within it the scheduler may still do what it likes. */
export function drawTimelyConditions(scene: Scene, random: RandomStream): Conditions {
  const scheduler = drawScheduler(scene, random)
  return {
    ...calmConditions,
    latency: pick(random, [
      { kind: 'constant', ms: 1 },
      { kind: 'uniform', minMs: 1, maxMs: 20 },
      { kind: 'lan' },
    ]),
    scheduler:
      scheduler.kind === 'mute'
        ? { ...scheduler, delayMs: TIMELY_DELAY_MS * random.uniform() }
        : scheduler.kind === 'erratic'
          ? { kind: 'erratic', meanMs: 1 }
          : scheduler,
    calmAtMs: 5000,
  }
}

export function drawConditions(scene: Scene, random: RandomStream): Conditions {
  const calmAtMs = 1500 + 3000 * random.uniform()
  const injectedFaults = random.uniform() < 0.5 ? drawInjectedFaults(scene, calmAtMs, random) : []
  const dies = injectedFaults.some(({ kind }) => kind === 'crash' || kind === 'disk-full')
  const conditions = {
    latency: drawLatency(random),
    jitterMs: random.uniform() < 0.5 ? 0 : 20 * random.uniform(),
    bytesPerMs: pick(random, [Infinity, Infinity, 1000, 50]),
    loss: random.uniform() < 0.7 ? 0 : 0.2 * random.uniform(),
    scheduler: drawScheduler(scene, random),
    clockSkew: random.uniform() < 0.5 ? 0 : 0.1,
    syncMs: dies || random.uniform() < 0.1 ? 20 * random.uniform() : null,
    injectedFaults,
    calmAtMs,
    queueBytesMax: drawQueue(random),
  }
  if (random.uniform() < 0.2) injectedFaults.push(drawStall(scene, random))
  return conditions
}

function drawStall(scene: Scene, random: RandomStream): InjectedFault {
  const at = drawMoment(scene, random.shuffle([...scene.honest])[0]!, 400, random)
  return {
    kind: 'stall',
    side: drawSide(scene.inputs.length, random),
    at,
    forMs: 1000 * random.uniform() ** 2,
  }
}

/** One peer, or any of them, from the rest. */
export function drawSide(peers: number, random: RandomStream): PeerIndex[] {
  const size = random.uniform() < 0.5 ? 1 : 1 + random.integer(peers - 1)
  return random.shuffle(Array.from({ length: peers }, (_, peer) => peer)).slice(0, size)
}

/** Sockets that take anything, a few frames, or one at a time. */
export function drawQueue(random: RandomStream): number {
  return pick(random, [Infinity, Infinity, 2000, 100])
}

export function drawLatency(random: RandomStream): LatencyModel {
  return pick<LatencyModel>(random, [
    { kind: 'constant', ms: 1 },
    { kind: 'uniform', minMs: 1, maxMs: 20 },
    { kind: 'log-normal', medianMs: 10, sigma: 1 },
    { kind: 'lan' },
    { kind: 'wan' },
  ])
}

export function drawScheduler(scene: Scene, random: RandomStream): Scheduler {
  const choice = random.uniform()
  if (choice < 0.25) return { kind: 'fair' }
  if (choice < 0.45) return { kind: 'rushing' }
  if (choice < 0.6) return { kind: 'erratic', meanMs: 5 + 30 * random.uniform() }
  const late = random.uniform() < 0.5 ? lateAtRandom(scene, random) : lateFromTheOtherSide(scene)
  return { kind: 'mute', late, delayMs: 200 + 2000 * random.uniform() }
}

/** Any `f` honest senders come late to each receiver. */
function lateAtRandom({ settings, honest }: Scene, random: RandomStream): PeerIndex[][] {
  return Array.from({ length: settings.peers }, (_, receiver) =>
    random
      .shuffle([...honest])
      .filter(peer => peer !== receiver)
      .slice(0, settings.maxFaulty),
  )
}

/** The counterexamples' scheduler: each receiver hears `f` of those farthest from it late. */
function lateFromTheOtherSide({ settings, honest, inputs }: Scene): PeerIndex[][] {
  const far = (a: PeerIndex, b: PeerIndex) => Math.abs(inputs[a]![0]! - inputs[b]![0]!)
  return Array.from({ length: settings.peers }, (_, receiver) =>
    honest
      .filter(peer => peer !== receiver)
      .sort((a, b) => far(b, receiver) - far(a, receiver))
      .slice(0, settings.maxFaulty),
  )
}

/** At most this many, and no peer has more than two: an honest peer restarts seldom, and is answered then too. */
const INJECTED_FAULTS_MAX = 4

function drawInjectedFaults(scene: Scene, calmAtMs: number, random: RandomStream): InjectedFault[] {
  const peers = random.shuffle([...scene.honest])
  return Array.from({ length: 1 + random.integer(INJECTED_FAULTS_MAX) }, (_, i) =>
    drawInjectedFault(scene, peers[i % peers.length]!, calmAtMs, random),
  )
}

function drawInjectedFault(
  scene: Scene,
  peer: PeerIndex,
  calmAtMs: number,
  random: RandomStream,
): InjectedFault {
  const at = drawMoment(scene, peer, calmAtMs, random)
  const forMs = 1000 * random.uniform() ** 3
  const choice = random.uniform()
  if (choice < 0.5) return { kind: 'crash', peer, at, forMs, kept: pick(random, [0, 0, 0.5, 1]) }
  if (choice < 0.7) return { kind: 'pause', peer, at, forMs }
  if (choice < 0.8) return { kind: 'disk-full', peer, at, forMs }
  const side = random.shuffle([...scene.inputs.keys()]).slice(0, 1 + random.integer(scene.inputs.length - 1))
  return { kind: 'partition', side, at, forMs }
}

/** Most often just after a vector was bound, when the least is settled. */
function drawMoment({ settings }: Scene, peer: PeerIndex, calmAtMs: number, random: RandomStream): Moment {
  if (random.uniform() < 0.4) return { timeMs: Math.min(calmAtMs, 400) * random.uniform() }
  return {
    sealed: peer,
    iteration: random.integer(settings.iterations),
    afterMs: 30 * random.uniform() ** 2,
  }
}
