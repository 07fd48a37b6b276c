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
import { pick } from '../pick.ts'
import { drawFault, drawLate, drawSide, drawSurroundings } from './shared-draws.ts'

interface Scene {
  readonly settings: AgreementSettings
  readonly inputs: readonly Vector[]
  readonly honest: readonly PeerIndex[]
}

/** The duration of an iteration under synchrony. Every honest message arrives well within it. */
export const TIMELY_TIMEOUT_MS = 200
const TIMELY_DELAY_MS = 80

/** Conditions under synchrony, which bounds delays: within the bound the scheduler may still do anything. */
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
    ...drawSurroundings(random, {
      bytesPerMs: [Infinity, Infinity, 1000, 50],
      lossless: 0.7,
      lossMax: 0.2,
      scheduler: () => drawScheduler(scene, random),
      syncMs: () => (dies || random.uniform() < 0.1 ? 20 * random.uniform() : null),
    }),
    injectedFaults,
    calmAtMs,
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

function drawScheduler(scene: Scene, random: RandomStream): Scheduler {
  const choice = random.uniform()
  if (choice < 0.25) return { kind: 'fair' }
  if (choice < 0.45) return { kind: 'rushing' }
  if (choice < 0.6) return { kind: 'erratic', meanMs: 5 + 30 * random.uniform() }
  const { settings, honest } = scene
  const late =
    random.uniform() < 0.5
      ? drawLate(settings.peers, honest, spare(settings), random)
      : lateFromTheOtherSide(scene)
  return { kind: 'mute', late, delayMs: 200 + 2000 * random.uniform() }
}

/** How many honest peers' vectors no peer need wait for if all liars speak. */
function spare({ peers, maxFaulty, quorum = peers - maxFaulty }: AgreementSettings): number {
  return peers - quorum
}

/** The counterexamples' scheduler: each receiver hears so many of those farthest from it late. */
function lateFromTheOtherSide({ settings, honest, inputs }: Scene): PeerIndex[][] {
  const far = (a: PeerIndex, b: PeerIndex) => Math.abs(inputs[a]![0]! - inputs[b]![0]!)
  return Array.from({ length: settings.peers }, (_, receiver) =>
    honest
      .filter(peer => peer !== receiver)
      .sort((a, b) => far(b, receiver) - far(a, receiver))
      .slice(0, spare(settings)),
  )
}

/** The most faults of a run. No peer has more than two: an honest peer restarts seldom, and is served even then. */
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
  const side = () =>
    random.shuffle([...scene.inputs.keys()]).slice(0, 1 + random.integer(scene.inputs.length - 1))
  return drawFault({ peer, at, forMs }, 0.5, side, random)
}

/** The moment of a fault: mostly just after a vector was bound, when the least is settled. */
function drawMoment({ settings }: Scene, peer: PeerIndex, calmAtMs: number, random: RandomStream): Moment {
  if (random.uniform() < 0.4) return { timeMs: Math.min(calmAtMs, 400) * random.uniform() }
  return {
    sealed: peer,
    iteration: random.integer(settings.iterations),
    afterMs: 30 * random.uniform() ** 2,
  }
}
