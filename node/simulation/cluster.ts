/**
 * A cluster: the peers of one run, whatever task they run and on whatever ports. It begins and ends their incarnations,
 * and gives each its ports, its key and, if it is Byzantine, its attack. It shows the adversary every honest vector
 * that is sealed, and lets a trace and checkers look on.
 */
import type { AveragingOutput, TimerKey } from '../../agreement/averaging/averaging.ts'
import type { Message } from '../../agreement/message.ts'
import type { Evidence, Fault, PeerIndex } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { Attack } from '../../learning/attacks/attack.ts'
import type { LearnOutput } from '../../learning/learn-contract.ts'
import { randomStream } from '../../learning/random.ts'
import type { Clock, SecondProcess, Storage, Transport } from '../ports.ts'
import type { ByzantineBehaviour } from '../runtime/byzantine-peer.ts'
import type { ProtocolPeer } from '../runtime/protocol-peer.ts'
import type { Signer, Verifier } from '../signatures/index.ts'
import { createSharedView, type SharedView } from './adversary-view.ts'
import type { Authority } from './authority.ts'
import type { Onlooker } from './onlooker.ts'
import type { Trace } from './trace.ts'

/** The ports of one incarnation of a peer. */
interface PeerPorts {
  readonly transport: Transport
  readonly clock: Clock
  readonly storage: Storage | null
}

/** The base of a cluster: the simulated world (cluster/simulated.ts) or this machine (cluster/loopback.ts). */
export interface ClusterPorts {
  nowMs(): number
  after(delayMs: number, run: () => void): void
  /** Runs as soon as the present event is over. */
  soon(run: () => void): void
  /** The ports of a peer's next incarnation; null if its disk cannot be read, so that it refuses to start. */
  open(self: PeerIndex, isAlive: () => boolean): PeerPorts | null
  /** An incarnation has ended. Its disk keeps this fraction of the unsynced records. */
  close(self: PeerIndex, kept: number): void
  /** The ports of a second process with a peer's key, from a copy of its disk; absent: there are no such. */
  openSecond?(self: PeerIndex, isAlive: () => boolean, part: number | null): PeerPorts
  closeSecond?(): void
}

type AnyOutput = AveragingOutput | LearnOutput

type AnyFault = Fault | (Omit<Fault, 'peer'> & { readonly peer: null })

/** The calls with which a peer tells the cluster what happens to it. */
interface ClusterHooks<Output> {
  output(output: Output): void
  timer(timer: TimerKey, delayMs: number): void
  received(from: PeerIndex, message: Message): void
  shown(from: PeerIndex, proof: Evidence): void
  connection(other: PeerIndex, up: boolean, reason: string): void
  fault(fault: AnyFault): void
  secondProcess(second: SecondProcess): void
  failed(error: Error): void
}

/** Everything that a peer consists of except its task. */
export interface PeerParts<Output> extends PeerPorts {
  readonly self: PeerIndex
  readonly incarnation: number
  /** False once this incarnation has ended: replies to it must not reach it any more. */
  readonly isAlive: () => boolean
  readonly signer: Signer
  readonly verifier: Verifier
  readonly attack?: ByzantineBehaviour
  readonly hooks: ClusterHooks<Output>
}

/** What the peers of a cluster run: agreements (cluster/agreement.ts), or LEARN (cluster/learner.ts). */
export interface Task<Peer, Output> {
  readonly peers: number
  create(parts: PeerParts<Output>): Peer
  /** The vector with which a peer ends, if this output is its last. */
  resultOf(output: Output): Vector | null
}

/** An observer, a checker for instance. Called for honest peers only. */
export interface Watch<Output> {
  began?(self: PeerIndex, incarnation: number): void
  /** Its incarnation ends now. */
  died?(self: PeerIndex): void
  /** @param isSecond it is a second process with the peer's key */
  output?(self: PeerIndex, output: Output, isSecond: boolean): void
  /** @param isSecond it is a second process with the peer's key, which need not know what the peer knows */
  received?(self: PeerIndex, from: PeerIndex, message: Message, isSecond: boolean): void
  shown?(self: PeerIndex, from: PeerIndex, proof: Evidence): void
  connected?(self: PeerIndex, other: PeerIndex): void
  accused?(self: PeerIndex, fault: AnyFault): void
  /** It has its result. */
  ended?(self: PeerIndex): void
}

interface ByzantinePeers {
  readonly peers: readonly PeerIndex[]
  readonly attack: Attack | null
}

export interface ClusterOptions<Peer, Output> {
  readonly task: Task<Peer, Output>
  readonly byzantine: ByzantinePeers
  /** Byzantine peers sign in each other's names and share what they know. */
  readonly colluding: boolean
  /** Whether Byzantine peers say when they are done, as honest ones do. Otherwise they keep everyone waiting. */
  readonly byzantineFinish: boolean
  readonly seed: number
  readonly authority: Authority
  /** Peers start within this time of each other. */
  readonly startSpreadMs: number
  readonly watch: Watch<Output>
  readonly trace?: Trace | null
  readonly onlooker?: Onlooker | null
  /** A peer cannot go on. Absent: it dies, loses its unsynced records, and is started again until it runs. */
  readonly failed?: (self: PeerIndex, error: Error) => void
}

/** An honest peer has bound itself to a vector, for this iteration. It is the peer's `nth` vector, from 0. */
type SealedCallback = (peer: PeerIndex, iteration: number, nth: number) => void

export interface Cluster<Peer> {
  /** Ascending. */
  readonly honest: readonly PeerIndex[]
  /** By peer; null while it is down. */
  readonly peers: (Peer | null)[]
  /** By peer: its result; null before it ends. */
  readonly results: (Vector | null)[]
  readonly faults: { readonly observer: PeerIndex; readonly fault: Fault }[]
  /** Starts a peer, or restarts it from its disk. */
  begin(peer: PeerIndex): void
  /** Starts a second process with the key of a peer that runs, from a copy of its disk (null: an empty one). */
  beginSecond(peer: PeerIndex, part: number | null): void
  endSecond(): void
  /** Second processes that have ended as they were refused. */
  refusedSeconds(): number
  /** Ends a peer's incarnation; `kept` is the fraction of unsynced records that survive. */
  crash(peer: PeerIndex, kept: number): void
  restarts(): number
  /** The time at which an honest peer last ended. */
  lastResultMs(): number
  onSealed(callback: SealedCallback): void
}

interface State<Peer, Output> extends Pick<Cluster<Peer>, 'honest' | 'peers' | 'results' | 'faults'> {
  readonly options: ClusterOptions<Peer, Output>
  readonly ports: ClusterPorts
  readonly isHonest: readonly boolean[]
  readonly incarnations: number[]
  readonly adversaryView: SharedView
  readonly shared: Map<string, unknown>
  readonly sealedCounts: number[]
  readonly sealedCallbacks: SealedCallback[]
  restarts: number
  lastResultMs: number
  second: { readonly self: PeerIndex; readonly number: number; readonly peer: Peer } | null
  /** Second processes so far. */
  seconds: number
  refusedSeconds: number
}

/** How long after its own failure a peer restarts. */
const RESTART_MS = 100

export function createCluster<Peer extends ProtocolPeer, Output extends AnyOutput>(
  options: ClusterOptions<Peer, Output>,
  ports: ClusterPorts,
): Cluster<Peer> {
  const everyone = Array.from({ length: options.task.peers }, (_, peer) => peer)
  const honest = everyone.filter(peer => !options.byzantine.peers.includes(peer))
  const state: State<Peer, Output> = {
    options,
    ports,
    honest,
    isHonest: everyone.map(peer => honest.includes(peer)),
    peers: everyone.map(() => null),
    results: everyone.map(() => null),
    faults: [],
    incarnations: everyone.map(() => 0),
    adversaryView: createSharedView(honest.length),
    shared: new Map(),
    sealedCounts: everyone.map(() => 0),
    sealedCallbacks: [],
    restarts: 0,
    lastResultMs: 0,
    second: null,
    seconds: 0,
    refusedSeconds: 0,
  }
  const { peers, results, faults, sealedCallbacks } = state
  return {
    honest,
    peers,
    results,
    faults,
    begin: peer => begin(state, peer),
    beginSecond: (peer, part) => beginSecond(state, peer, part),
    endSecond: () => endSecond(state),
    refusedSeconds: () => state.refusedSeconds,
    crash: (peer, kept) => crash(state, peer, kept),
    restarts: () => state.restarts,
    lastResultMs: () => state.lastResultMs,
    onSealed: callback => void sealedCallbacks.push(callback),
  }
}

function begin<Peer extends ProtocolPeer, Output extends AnyOutput>(
  state: State<Peer, Output>,
  self: PeerIndex,
): void {
  const { options, ports, peers, incarnations, isHonest } = state
  const { task, authority, startSpreadMs, seed, watch } = options
  if (peers[self] !== null) return
  const incarnation = incarnations[self]! + 1
  const isAlive = () => incarnations[self] === incarnation
  const opened = ports.open(self, isAlive)
  if (opened === null) return
  incarnations[self] = incarnation
  if (incarnation > 1) state.restarts++
  if (isHonest[self]) watch.began?.(self, incarnation)
  options.onlooker?.began(self, incarnation)
  const attack = isHonest[self] ? undefined : behaviourOf(state, self)
  const peer = task.create({
    ...opened,
    self,
    incarnation,
    isAlive,
    signer: authority.signer(self),
    verifier: authority.verifier,
    ...(attack && { attack }),
    hooks: hooksOf(state, self, {
      isSecond: false,
      running: () => peers[self] ?? null,
      refused: () => crash(state, self, 1),
      failed() {
        crash(state, self, 0)
        ports.after(RESTART_MS, () => begin(state, self))
      },
    }),
  })
  peers[self] = peer
  const startMs = incarnation > 1 ? 0 : startSpreadMs * randomStream(seed, 'start', self).uniform()
  ports.after(startMs, () => {
    if (isAlive()) peer.start()
  })
}

/** Incarnations of second processes are numbered from here. */
const SECONDS = 1_000_000

function beginSecond<Peer extends ProtocolPeer, Output extends AnyOutput>(
  state: State<Peer, Output>,
  self: PeerIndex,
  part: number | null,
): void {
  const { options, ports, peers } = state
  if (state.second !== null || peers[self] === null || ports.openSecond === undefined) return
  const number = ++state.seconds
  const isAlive = () => state.second?.number === number
  const peer = options.task.create({
    ...ports.openSecond(self, isAlive, part),
    self,
    incarnation: SECONDS + number,
    isAlive,
    signer: options.authority.signer(self),
    verifier: options.authority.verifier,
    hooks: hooksOf(state, self, {
      isSecond: true,
      running: () => peer,
      refused() {
        state.refusedSeconds++
        endSecond(state)
      },
      failed: () => endSecond(state),
    }),
  })
  state.second = { self, number, peer }
  peer.start()
}

function endSecond<Peer, Output>(state: State<Peer, Output>): void {
  if (state.second === null) return
  state.second = null
  state.ports.closeSecond?.()
}

function crash<Peer, Output>(state: State<Peer, Output>, self: PeerIndex, kept: number): void {
  if (state.peers[self] === null) return
  state.incarnations[self]!++
  if (state.isHonest[self]) state.options.watch.died?.(self)
  state.options.onlooker?.died(self)
  state.peers[self] = null
  // Nobody would be there to say that the second one may lack what this one has just signed.
  if (state.second?.self === self) endSecond(state)
  state.ports.close(self, kept)
}

function behaviourOf<Peer, Output>(
  { options, adversaryView, shared }: State<Peer, Output>,
  self: PeerIndex,
): ByzantineBehaviour | undefined {
  const { byzantine, colluding, seed, authority } = options
  if (byzantine.attack === null) return undefined
  const alone = {
    attack: byzantine.attack,
    random: randomStream(seed, 'adversary', self).uniform,
    adversaryView,
  }
  if (!colluding) return alone
  const signerOf = (peer: PeerIndex) => authority.signer(byzantine.peers.includes(peer) ? peer : self)
  return { ...alone, shared, signerOf }
}

function hooksOf<Peer extends ProtocolPeer, Output extends AnyOutput>(
  state: State<Peer, Output>,
  self: PeerIndex,
  own: { readonly isSecond: boolean; running(): Peer | null; refused(): void; failed(): void },
): ClusterHooks<Output> {
  const { options, ports, isHonest, faults } = state
  const { trace = null, onlooker = null, failed } = options
  const watch: Watch<Output> = isHonest[self] ? options.watch : {}
  return {
    output(output) {
      watch.output?.(self, output, own.isSecond)
      onlooker?.output(self, output)
      if (output.kind === 'sealed' && isHonest[self]) sealed(state, self, output)
      const result = options.task.resultOf(output)
      if (result !== null) ended(state, self, result, own.running())
    },
    timer: (timer, delayMs) => onlooker?.timer(self, timer, delayMs),
    received(from, message) {
      trace?.add(ports.nowMs(), from, self, message)
      watch.received?.(self, from, message, own.isSecond)
      onlooker?.received(self, from, message)
    },
    shown: (from, proof) => watch.shown?.(self, from, proof),
    connection(other, up, reason) {
      if (up && !own.isSecond) watch.connected?.(self, other)
      onlooker?.connection(self, other, up, reason)
    },
    fault(fault) {
      watch.accused?.(self, fault)
      onlooker?.fault(self, fault)
      if (fault.peer !== null) faults.push({ observer: self, fault })
    },
    failed(error) {
      if (failed !== undefined) failed(self, error)
      else own.failed()
    },
    secondProcess({ isRefused }) {
      if (isRefused) own.refused()
    },
  }
}

function ended<Peer extends ProtocolPeer, Output>(
  state: State<Peer, Output>,
  self: PeerIndex,
  result: Vector,
  peer: Peer | null,
): void {
  state.results[self] = result
  if (state.isHonest[self]) state.lastResultMs = state.ports.nowMs()
  if (state.isHonest[self] || state.options.byzantineFinish) peer?.finish()
  if (state.isHonest[self]) state.options.watch.ended?.(self)
}

function sealed<Peer extends ProtocolPeer, Output>(
  state: State<Peer, Output>,
  self: PeerIndex,
  { slot, vector }: Extract<AveragingOutput, { kind: 'sealed' }>,
): void {
  const { adversaryView, ports, options, peers, sealedCounts, sealedCallbacks } = state
  const nth = sealedCounts[self]!++
  for (const callback of sealedCallbacks) callback(self, slot.iteration, nth)
  if (!adversaryView.sealed(slot, vector)) return
  // The adversary has the fastest possible links: it strikes at once, right after the honest peer's own step.
  ports.soon(() => {
    for (const peer of options.byzantine.peers) peers[peer]?.poke()
  })
}
