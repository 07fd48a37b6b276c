/** The stage of a cohort that learns: world, network, disks, and the present life of every peer. */
import type { Fault, PeerIndex } from '../../../../agreement/protocol.ts'
import type { Vector } from '../../../../agreement/vector.ts'
import { type RandomStream, randomStream } from '../../../../learning/random.ts'
import type { LearningCheckers } from '../../../checkers/learning.ts'
import { frameBytesMax } from '../../../codec/index.ts'
import type { Clock, Storage } from '../../../ports.ts'
import { createPeer, type OraclePort, type Peer, type PeerHooks } from '../../../runtime/peer.ts'
import { StorageError } from '../../../storage/errors.ts'
import { createSharedView, type SharedView } from '../../adversary-view.ts'
import { type Authority, createTableAuthority } from '../../authority.ts'
import { extraDelay } from '../../conditions.ts'
import { createDisk, type SimulatedDisk } from '../../disk.ts'
import type { Stage } from '../../fault-injection.ts'
import { createLatency } from '../../latency.ts'
import { createNetwork, type SimulatedNetwork } from '../../network.ts'
import { sharedRules } from '../../shared-rules.ts'
import { createWorld, type World } from '../../world.ts'
import type { LearningScenario } from './scenario.ts'

export interface LearningStage extends Stage {
  /** By peer; null while it is down. */
  readonly peers: (Peer | null)[]
  /** By peer: what it returned, and null before. */
  readonly results: (Vector | null)[]
  restarts(): number
  /** How often a peer found its place by asking. */
  caughtUp(): number
}

interface Parts {
  readonly scenario: LearningScenario
  readonly checkers: LearningCheckers
  readonly honest: readonly PeerIndex[]
  readonly world: World
  readonly network: SimulatedNetwork
  readonly authority: Authority
  readonly sharedView: SharedView
  readonly rules: ReturnType<typeof sharedRules>
  readonly disks: readonly (SimulatedDisk | null)[]
  readonly peers: (Peer | null)[]
  readonly results: (Vector | null)[]
  readonly incarnations: number[]
  /** By author: whose present life has had a vector of it. */
  readonly heardBy: readonly Set<PeerIndex>[]
  readonly sealedCounts: number[]
  readonly sealedCallbacks: ((peer: PeerIndex, count: number) => void)[]
  restarts: number
  caughtUp: number
}

/** After a peer's own failure. */
const RESTART_MS = 100
/** Peers start within this time of each other. */
const START_SPREAD_MS = 20

export function createLearningStage(
  scenario: LearningScenario,
  honest: readonly PeerIndex[],
  checkers: LearningCheckers,
): LearningStage {
  const { conditions, seed, cohort } = scenario
  const world = createWorld()
  const links = randomStream(seed, 'links')
  const disk = randomStream(seed, 'disk')
  const extra = { of: extraDelay(conditions, links), calm: false }
  const members = [...cohort.members.keys()]
  const parts: Parts = {
    scenario,
    checkers,
    honest,
    world,
    authority: createTableAuthority(),
    rules: sharedRules(),
    network: networkOf(scenario, world, honest, links, extra, checkers),
    sharedView: createSharedView(honest.length),
    disks: members.map(peer =>
      honest.includes(peer)
        ? observed(
            createDisk({ after: world.after, syncMs: () => (conditions.syncMs ?? 0) * disk.uniform() }),
            () => checkers.lostDisk(peer),
          )
        : null,
    ),
    peers: members.map(() => null),
    results: members.map(() => null),
    incarnations: members.map(() => 0),
    heardBy: members.map(() => new Set()),
    sealedCounts: members.map(() => 0),
    sealedCallbacks: [],
    restarts: 0,
    caughtUp: 0,
  }
  const { network, disks, peers, results, sealedCallbacks } = parts
  return {
    world,
    network,
    disks,
    peers,
    results,
    begin: peer => begin(parts, peer),
    crash: (peer, kept) => crash(parts, peer, kept),
    lostUnsaid: checkers.lostUnsaid,
    isKnown: peer => parts.heardBy[peer]!.size > cohort.faults,
    restarts: () => parts.restarts,
    caughtUp: () => parts.caughtUp,
    calmLinks() {
      extra.calm = true
    },
    onSealed: callback => void sealedCallbacks.push(callback),
  }
}

/** A disk whose damage the checkers hear of: nobody can be held to what was on it. */
function observed(disk: SimulatedDisk, lost: () => void): SimulatedDisk {
  return {
    ...disk,
    lose() {
      lost()
      disk.lose()
    },
    restore(fraction) {
      lost()
      disk.restore(fraction)
    },
    flip(fraction) {
      lost()
      return disk.flip(fraction)
    },
  }
}

function networkOf(
  { conditions, cohort, dimension }: LearningScenario,
  world: World,
  honest: readonly PeerIndex[],
  links: RandomStream,
  extra: { readonly of: (from: PeerIndex, to: PeerIndex) => number; readonly calm: boolean },
  checkers: LearningCheckers,
): SimulatedNetwork {
  const latencyMs = createLatency(conditions.latency, links)
  const rushes = conditions.scheduler.kind === 'rushing'
  return createNetwork({
    world,
    peers: cohort.members.length,
    frameBytesMax: frameBytesMax(dimension),
    bytesPerMs: conditions.bytesPerMs,
    queueBytesMax: conditions.queueBytesMax,
    latencyMs: (from, to) => (rushes && !honest.includes(from) ? 0 : latencyMs(from, to)),
    extraMs: (from, to) => (extra.calm ? 0 : extra.of(from, to)),
    onSend(from, to, frame) {
      if (honest.includes(from)) checkers.sent(from, to, frame, world.nowMs())
    },
  })
}

/** What the peer finds on its disk; undefined where that cannot be read, and it refuses to start. */
function openDisk({ disks }: Parts, self: PeerIndex): Storage | null | undefined {
  try {
    return disks[self]?.open() ?? null
  } catch (error) {
    if (error instanceof StorageError) return undefined
    throw error
  }
}

function begin(parts: Parts, self: PeerIndex): void {
  const { scenario, network, world, incarnations, authority, honest, sharedView } = parts
  if (parts.peers[self] !== null) return
  const storage = openDisk(parts, self)
  if (storage === undefined) return
  const { seed, cohort, dimension, linkLimits, byzantine } = scenario
  const incarnation = ++incarnations[self]!
  if (incarnation > 1) parts.restarts++
  const isHonest = honest.includes(self)
  if (isHonest) parts.checkers.began(self, world.nowMs())
  const peer = createPeer({
    cohort,
    self,
    linkLimits,
    incarnation: incarnation,
    initial: new Float32Array(dimension),
    oracle: quadratic(parts, self, incarnation),
    transport: network.attach(self),
    clock: clockOf(parts, self, incarnation),
    storage,
    signer: authority.signer(self),
    verifier: authority.verifier,
    aggregate: parts.rules,
    ...(!isHonest &&
      byzantine.attack && {
        attack: {
          attack: byzantine.attack,
          random: randomStream(seed, 'adversary', self).uniform,
          adversaryView: sharedView,
        },
      }),
    hooks: isHonest ? hooksOf(parts, self) : { finished() {}, fault() {}, failed() {} },
  })
  parts.peers[self] = peer
  const startMs = incarnation > 1 ? 0 : START_SPREAD_MS * randomStream(seed, 'start', self).uniform()
  world.after(startMs, () => {
    if (incarnations[self] === incarnation) peer.start()
  })
}

function crash(parts: Parts, self: PeerIndex, kept: number): void {
  if (parts.peers[self] === null) return
  parts.incarnations[self]!++
  parts.peers[self] = null
  for (const listeners of parts.heardBy) listeners.delete(self)
  parts.network.detach(self)
  parts.disks[self]?.crash(count => Math.floor(count * kept))
}

/** The gradient of `½‖θ − x_j‖²`, with noise that depends on the step alone: a restarted peer draws the same. */
function quadratic(
  { scenario, world, network, incarnations }: Parts,
  self: PeerIndex,
  incarnation: number,
): OraclePort {
  const { centres, noise, seed, gradientMs } = scenario
  const centre = centres[self]!
  return {
    gradient({ step, parameters }, done) {
      const random = noise === 0 ? null : randomStream(seed, 'noise', self, step)
      const gradient = Float32Array.from(
        parameters,
        (value, i) => value - centre[i]! + (random === null ? 0 : noise * random.normal()),
      )
      world.after(gradientMs, () =>
        network.whenRunning(self, () => {
          if (incarnations[self] === incarnation) done({ gradient, loss: 0 })
        }),
      )
    },
  }
}

/** A peer's own clock: it may run fast or slow, stands still in a pause, and dies with the peer. */
function clockOf(
  { world, network, incarnations, scenario }: Parts,
  self: PeerIndex,
  incarnation: number,
): Clock {
  const { clockSkew } = scenario.conditions
  const rate = 1 + clockSkew * (2 * randomStream(scenario.seed, 'clock', self).uniform() - 1)
  return {
    nowMs: () => rate * world.nowMs(),
    after: (delayMs, callback) =>
      world.after(delayMs / rate, () =>
        network.whenRunning(self, () => {
          if (incarnations[self] === incarnation) callback()
        }),
      ),
  }
}

function hooksOf(parts: Parts, self: PeerIndex): PeerHooks {
  const { world, checkers, sharedView, sealedCallbacks, sealedCounts, heardBy } = parts
  return {
    output(output) {
      checkers.output(self, output)
      if (output.kind === 'caught-up') parts.caughtUp++
      if (output.kind !== 'sealed') return
      const count = sealedCounts[self]!++
      for (const callback of sealedCallbacks) callback(self, count)
      if (sharedView.sealed(output.slot, output.vector)) strike(parts)
    },
    finished(parameters) {
      parts.results[self] = parameters
      parts.peers[self]?.finish()
    },
    received(from, message) {
      checkers.received(self, from, message)
      if (message.kind === 'vector' && message.slot.phase !== 'state') heardBy[from]!.add(self)
    },
    shown: (from, proof) => checkers.shown(self, from, proof),
    connection(other, up) {
      if (up) checkers.connected(self, other)
    },
    fault: (fault: Fault | (Omit<Fault, 'peer'> & { readonly peer: null })) =>
      checkers.accused(self, fault.peer, fault.kind, fault.detail),
    failed() {
      // Its disk is full: it stops, its unsynced records are gone, and somebody starts it again until that works.
      crash(parts, self, 0)
      world.after(RESTART_MS, () => begin(parts, self))
    },
  }
}

/** The adversary's links are the fastest there are: it strikes at once, but after the honest peer's own step. */
function strike({ world, scenario, peers }: Parts): void {
  world.after(0, () => {
    for (const peer of scenario.byzantine.peers) peers[peer]?.poke()
  })
}
