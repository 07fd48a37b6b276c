/** The stage of a simulated agreement: world, network, disks, and the present life of every peer. */
import type { AveragingOutput } from '../../agreement/averaging/averaging.ts'
import type { Fault, PeerIndex } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { Attack } from '../../learning/attacks/attack.ts'
import { type RandomStream, randomStream } from '../../learning/random.ts'
import type { Checkers } from '../checkers/index.ts'
import { frameBytesMax } from '../codec/index.ts'
import { type Clock, sizeOf } from '../ports.ts'
import { type AgreementPeer, type AgreementSettings, createAgreementPeer } from '../runtime/agreement-peer.ts'
import type { ByzantineBehaviour } from '../runtime/byzantine-peer.ts'
import { createSharedView, type SharedView } from './adversary-view.ts'
import type { Authority } from './authority.ts'
import { type Conditions, extraDelay } from './conditions.ts'
import { createDisk, type SimulatedDisk } from './disk.ts'
import { createLatency } from './latency.ts'
import { createNetwork, type SimulatedNetwork } from './network.ts'
import { createTrace, type Trace } from './trace.ts'
import { createWorld, type World } from './world.ts'

interface StageOptions {
  readonly settings: AgreementSettings
  readonly inputs: readonly Vector[]
  readonly byzantine: { readonly peers: readonly PeerIndex[]; readonly attack: Attack | null }
  readonly honest: readonly PeerIndex[]
  readonly conditions: Conditions
  readonly seed: number
  readonly authority: Authority
  readonly checkers: Checkers
  readonly traced: boolean
}

export interface Stage {
  readonly world: World
  readonly network: SimulatedNetwork
  /** By peer; null while it is down. */
  readonly peers: (AgreementPeer | null)[]
  readonly disks: readonly (SimulatedDisk | null)[]
  readonly outputs: (Vector | null)[]
  readonly faults: { readonly observer: PeerIndex; readonly fault: Fault }[]
  /** Bytes of frames that the network took from each peer's present life. */
  readonly bytesTaken: number[]
  readonly trace: Trace | null
  /** Starts a peer, or starts it again on what its disk kept. */
  begin(peer: PeerIndex): void
  /** Ends a peer's life; `kept` is the fraction of unsynced records that survive. */
  crash(peer: PeerIndex, kept: number): void
  isKnown(peer: PeerIndex): boolean
  lostUnsaid(peer: PeerIndex): void
  restarts(): number
  /** When an honest peer had its output for the last time so far. */
  agreedMs(): number
  /** From now on links are as the latency model has them, and nothing more. */
  calmLinks(): void
  /** Calls back whenever an honest peer bound itself to its vector of an iteration. */
  onSealed(callback: (peer: PeerIndex, iteration: number) => void): void
}

interface Parts extends Stage {
  readonly options: StageOptions
  readonly incarnations: number[]
  readonly sharedView: SharedView
  readonly shared: Map<string, unknown>
  readonly sealedCallbacks: ((peer: PeerIndex, iteration: number) => void)[]
  restartCount: number
  lastOutputMs: number
}

/** After a peer's own failure. */
const RESTART_MS = 100
/** Peers start within this time of each other. */
const START_SPREAD_MS = 2

export function createStage(options: StageOptions): Stage {
  const { settings, conditions, honest, seed } = options
  const { peers } = settings
  const world = createWorld()
  const links = randomStream(seed, 'links')
  const disk = randomStream(seed, 'disk')
  const latencyMs = createLatency(conditions.latency, links)
  const extra = { of: extraDelay(conditions, links), calm: false }
  const rushes = conditions.scheduler.kind === 'rushing'
  const isHonest = Array.from({ length: peers }, (_, peer) => honest.includes(peer))
  const bytesTaken = Array.from({ length: peers }, () => 0)
  const network = createNetwork({
    world,
    peers,
    frameBytesMax: frameBytesMax(settings.dimension),
    bytesPerMs: conditions.bytesPerMs,
    queueBytesMax: conditions.queueBytesMax,
    latencyMs: (from, to) => (rushes && !isHonest[from] ? 0 : latencyMs(from, to)),
    extraMs: (from, to) => (extra.calm ? 0 : extra.of(from, to)),
    onSend: (from, _, frame) => {
      bytesTaken[from]! += sizeOf(frame)
    },
  })
  const { syncMs } = conditions
  const parts: Parts = {
    options,
    world,
    network,
    bytesTaken,
    faults: [],
    sealedCallbacks: [],
    restartCount: 0,
    lastOutputMs: 0,
    peers: Array.from({ length: peers }, () => null),
    disks: isHonest.map(is =>
      is && syncMs !== null
        ? createDisk({ after: world.after, syncMs: () => syncMs * disk.uniform() })
        : null,
    ),
    outputs: Array.from({ length: peers }, () => null),
    trace: options.traced ? createTrace() : null,
    incarnations: Array.from({ length: peers }, () => 0),
    sharedView: createSharedView(honest.length),
    shared: new Map(),
    begin: peer => begin(parts, peer),
    crash: (peer, kept) => crash(parts, peer, kept),
    isKnown: () => false, // in one agreement everybody is new
    lostUnsaid: peer => {
      throw new Error(`the disk of peer ${peer} lost synced records and did not say so`)
    },
    restarts: () => parts.restartCount,
    agreedMs: () => parts.lastOutputMs,
    calmLinks() {
      extra.calm = true
    },
    onSealed: callback => void parts.sealedCallbacks.push(callback),
  }
  return parts
}

function begin(parts: Parts, self: PeerIndex): void {
  const { options, network, world, incarnations } = parts
  const { settings, inputs, authority, honest, checkers } = options
  if (parts.peers[self] !== null) return
  const incarnation = ++incarnations[self]!
  if (incarnation > 1) {
    parts.restartCount++
    checkers.restarted(self)
  }
  parts.bytesTaken[self] = 0
  const peer = createAgreementPeer({
    settings,
    self,
    input: inputs[self]!,
    incarnation: incarnation,
    transport: network.attach(self),
    clock: clockOf(parts, self, incarnation),
    storage: parts.disks[self]?.open() ?? null,
    signer: authority.signer(self),
    verifier: authority.verifier,
    ...(!honest.includes(self) && behaviourOf(parts, self)),
    hooks: hooksOf(parts, self),
  })
  parts.peers[self] = peer
  const startMs = incarnation > 1 ? 0 : START_SPREAD_MS * randomStream(options.seed, 'start', self).uniform()
  world.after(startMs, () => {
    if (incarnations[self] === incarnation) peer.start()
  })
}

function crash(parts: Parts, self: PeerIndex, kept: number): void {
  if (parts.peers[self] === null) return
  parts.incarnations[self]!++
  parts.peers[self] = null
  parts.network.detach(self)
  parts.disks[self]?.crash(count => Math.floor(count * kept))
}

/** A peer's own clock: it may run fast or slow, stands still in a pause, and dies with the peer. */
function clockOf(
  { world, network, incarnations, options }: Parts,
  self: PeerIndex,
  incarnation: number,
): Clock {
  const { clockSkew } = options.conditions
  const draw: RandomStream | null = clockSkew > 0 ? randomStream(options.seed, 'clock', self) : null
  const rate = draw === null ? 1 : 1 + clockSkew * (2 * draw.uniform() - 1)
  const offsetMs = draw === null ? 0 : 1000 * draw.uniform()
  return {
    nowMs: () => offsetMs + rate * world.nowMs(),
    after: (delayMs, callback) =>
      world.after(delayMs / rate, () =>
        network.whenRunning(self, () => {
          if (incarnations[self] === incarnation) callback()
        }),
      ),
  }
}

function behaviourOf(parts: Parts, self: PeerIndex): { attack?: ByzantineBehaviour } {
  const { byzantine, seed, authority } = parts.options
  if (byzantine.attack === null) return {}
  return {
    attack: {
      attack: byzantine.attack,
      random: randomStream(seed, 'adversary', self).uniform,
      adversaryView: parts.sharedView,
      shared: parts.shared,
      signerOf: peer => authority.signer(byzantine.peers.includes(peer) ? peer : self),
    },
  }
}

function hooksOf(parts: Parts, self: PeerIndex) {
  const { world, faults, trace, options } = parts
  const { checkers, honest } = options
  const isHonest = honest.includes(self)
  return {
    output(output: AveragingOutput) {
      if (!isHonest) return
      checkers.output(self, output)
      if (output.kind === 'sealed') sealed(parts, self, output)
      else if (output.kind === 'agreed') {
        parts.outputs[self] = output.vector
        parts.lastOutputMs = world.nowMs()
        parts.peers[self]?.finish()
      }
    },
    received(from: PeerIndex, message: Parameters<Checkers['received']>[2]) {
      trace?.add(world.nowMs(), from, self, message)
      if (!isHonest) return
      checkers.received(self, from, message)
    },
    fault(fault: Fault | (Omit<Fault, 'peer'> & { readonly peer: null })) {
      if (!isHonest) return
      checkers.accused(self, fault.peer, fault.kind, fault.detail)
      if (fault.peer !== null) faults.push({ observer: self, fault })
    },
    failed() {
      // Its disk is full: it stops, its unsynced records are gone, and somebody starts it again until that works.
      crash(parts, self, 0)
      world.after(RESTART_MS, () => begin(parts, self))
    },
  }
}

function sealed(parts: Parts, self: PeerIndex, output: Extract<AveragingOutput, { kind: 'sealed' }>): void {
  const { sharedView, world, options, sealedCallbacks } = parts
  for (const callback of sealedCallbacks) callback(self, output.slot.iteration)
  if (!sharedView.sealed(output.slot, output.vector)) return
  // The adversary's links are the fastest there are: it strikes at once, but after the honest peer's own step.
  world.after(0, () => {
    for (const peer of options.byzantine.peers) parts.peers[peer]?.poke()
  })
}
