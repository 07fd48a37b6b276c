/**
 * A peer that runs one averaging agreement and nothing else: the same runner, links and journal as a peer that
 * learns. `agree` gives it libp2p or the simulated world, the swarm the latter.
 */
import type { Aggregate } from '../../agreement/averaging/aggregate.ts'
import type { Averaging, AveragingInput, AveragingOutput } from '../../agreement/averaging/averaging.ts'
import { createAveraging } from '../../agreement/averaging/create.ts'
import type { ProtocolName } from '../../agreement/bounds.ts'
import type { Message } from '../../agreement/message.ts'
import type { Fault, PeerIndex } from '../../agreement/protocol.ts'
import type { Synchrony } from '../../agreement/thresholds.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { Clock, Storage, Transport } from '../ports.ts'
import type { Signer, Verifier } from '../signatures/index.ts'
import { type ByzantineBehaviour, byzantineProtocol, byzantineTransport } from './byzantine-peer.ts'
import { delayOf } from './delays.ts'
import { createDriver, type Driven, type Driver, type DriverStatus } from './driver.ts'
import { createJournal } from './journal.ts'

/** What all peers of one agreement have in common. */
export interface AgreementSettings {
  readonly protocol: ProtocolName
  readonly synchrony: Synchrony
  readonly peers: number
  readonly faults: number
  readonly dimension: number
  readonly iterations: number
  /** 0: nobody waits for more than `q` vectors. */
  readonly graceMs: number
  /** Synchronous: how long an iteration waits for all. */
  readonly timeoutMs: number
  /** How long an author's vector may lag behind the votes on it before others are asked. */
  readonly payloadMs: number
  readonly unsafe: boolean
}

interface AgreementPeerOptions {
  readonly settings: AgreementSettings
  readonly self: PeerIndex
  readonly input: Vector
  readonly transport: Transport
  readonly clock: Clock
  /** Null: nothing survives a restart. */
  readonly storage: Storage | null
  readonly signer: Signer
  readonly verifier: Pick<Verifier, 'accepts' | 'verify'>
  /** Another number for every life of the peer, never 0. */
  readonly incarnation: number
  /** In place of the protocol's own rule. */
  readonly aggregate?: Aggregate
  /** Makes this peer Byzantine. */
  readonly behaviour?: ByzantineBehaviour
  readonly hooks: AgreementHooks
}

interface AgreementHooks {
  output(output: AveragingOutput): void
  fault(fault: Fault | (Omit<Fault, 'peer'> & { readonly peer: null })): void
  received?(from: PeerIndex, message: Message): void
  failed(error: Error): void
}

export interface AgreementPeer {
  start(): void
  /** Looks again whether a rushing attack can strike. */
  poke(): void
  status(): DriverStatus
  /** Whom the agreement still lacks. */
  waitingFor(): readonly PeerIndex[]
  finish(): void
  unserved(): readonly PeerIndex[]
  stop(done: () => void): void
}

export function createAgreementPeer(options: AgreementPeerOptions): AgreementPeer {
  const { settings, self, input, clock, storage, signer, verifier, incarnation, behaviour, hooks } = options
  const { peers, faults, dimension, iterations, graceMs } = settings
  const limits = { peers, dimension, stepsMax: 1, iterationsMax: Math.max(1, iterations) }
  const journal = createJournal({ storage, sign: signer.sign, limits, compactEverySteps: 1 })
  const averaging = createAveraging({
    ...settings,
    self,
    step: 1,
    phase: 'gradient',
    grace: graceMs > 0,
    ledger: journal,
    ...(options.aggregate && { aggregate: options.aggregate }),
  })
  const byzantine =
    behaviour === undefined ? null : byzantineProtocol(averaging, behaviour, { self, peers, faults, signer })
  const driver: Driver<AveragingInput> = createDriver<AveragingInput, AveragingOutput>({
    self,
    peers,
    clock,
    verifier,
    journal,
    limits,
    incarnation,
    // Every message of the one step is kept: nothing is ever missed.
    hooks: {
      ...hooks,
      restarted: peer => driver.input({ kind: 'restarted', peer }),
      output(output) {
        if (output.kind === 'timer') driver.inputAfter(delayOf(output.timer, settings), output)
        else hooks.output(output)
      },
    },
    protocol: drivenBy(byzantine ?? averaging),
    transport:
      behaviour === undefined
        ? options.transport
        : byzantineTransport(options.transport, behaviour, options.clock),
  })
  return {
    start() {
      driver.start()
      driver.input({ kind: 'vector', vector: input })
    },
    poke() {
      if (byzantine !== null) driver.carry(byzantine.poke())
    },
    status: () => driver.status(),
    waitingFor: () => averaging.waitingFor(),
    finish: () => driver.finish(),
    unserved: () => driver.unserved(),
    stop: done => driver.stop(done),
  }
}

/** One agreement is one step: every message of it may come at any time. */
function drivenBy(protocol: Pick<Averaging, 'input' | 'receive'>): Driven<AveragingInput, AveragingOutput> {
  return {
    input: value => protocol.input(value),
    receive: (from, message) => protocol.receive(from, message),
    readiness: () => 'now',
    currentStep: () => 1,
  }
}
