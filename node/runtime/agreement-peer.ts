/**
 * A peer that runs one averaging agreement and nothing else, on the same driver, links and journal as a peer that
 * learns. `agree` runs it over libp2p or in the simulated world, the swarm only in the simulated world.
 */

import type { AveragingInput, AveragingOutput, TimerKey } from '../../agreement/averaging/averaging.ts'
import { createAveraging } from '../../agreement/averaging/create.ts'
import type { Aggregate } from '../../agreement/averaging/family.ts'
import { ruleOf } from '../../agreement/averaging/rule-of.ts'
import type { ProtocolName } from '../../agreement/bounds.ts'
import type { Message } from '../../agreement/message.ts'
import type { Precision } from '../../agreement/precision.ts'
import type { Fault, PeerIndex } from '../../agreement/protocol.ts'
import type { Synchrony } from '../../agreement/thresholds.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { Clock, Storage, Transport } from '../ports.ts'
import type { Signer, Verifier } from '../signatures/index.ts'
import type { ByzantineBehaviour } from './byzantine-peer.ts'
import { delayOf } from './delays.ts'
import type { Driven } from './driver.ts'
import { createJournal } from './journal.ts'
import { driveProtocol, type ProtocolPeer } from './protocol-peer.ts'

/** What all peers of one agreement have in common. */
export interface AgreementSettings {
  readonly protocol: ProtocolName
  readonly synchrony: Synchrony
  readonly peers: number
  readonly maxFaulty: number
  /** `q`; absent: `n − f`, all `n` under synchrony. */
  readonly quorum?: number
  readonly dimension: number
  readonly iterations: number
  /** 0: no peer waits for more than `q` vectors. */
  readonly graceMs: number
  /** Synchronous: how long an iteration waits for all. */
  readonly timeoutMs: number
  /** How long an author's vector may lag behind the votes on it before others are asked. */
  readonly payloadMs: number
  /** The rule of the first iteration; absent: the protocol's own. */
  readonly firstRule?: string
  /** From this iteration on vectors travel by digest; absent: never. */
  readonly digestFrom?: number
  readonly unsafe: boolean
  /** To which vectors are rounded before they are signed; absent: f32. */
  readonly precision?: Precision
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
  /** A different number each time the peer starts, never 0. */
  readonly incarnation: number
  /** In place of the protocol's own rule. */
  readonly aggregate?: Aggregate
  /** Makes this peer Byzantine. */
  readonly attack?: ByzantineBehaviour
  readonly hooks: AgreementHooks
}

interface AgreementHooks {
  output(output: AveragingOutput): void
  /** The protocol asks to be woken after this time. */
  timer?(timer: TimerKey, delayMs: number): void
  fault(fault: Fault | (Omit<Fault, 'peer'> & { readonly peer: null })): void
  received?(from: PeerIndex, message: Message): void
  failed(error: Error): void
}

export interface AgreementPeer extends ProtocolPeer {
  /** The peers whose messages the agreement still needs. */
  waitingFor(): readonly PeerIndex[]
}

export function createAgreementPeer(options: AgreementPeerOptions): AgreementPeer {
  const { settings, self, input, storage, signer, aggregate, hooks } = options
  const { peers, maxFaulty, dimension, iterations, graceMs, precision = 'f32' } = settings
  const limits = { peers, dimension, precision, stepsMax: 1, iterationsMax: Math.max(1, iterations) }
  const journal = createJournal({ storage, sign: signer.sign, limits, compactEverySteps: 1 })
  const averaging = createAveraging({
    ...settings,
    self,
    step: 1,
    phase: 'gradient',
    grace: graceMs > 0,
    ledger: journal,
    ...(aggregate && { aggregate }),
  })
  // One agreement is one step. Each of its messages may come at any time and is kept, so none is ever missed.
  const protocol: Driven<AveragingInput, AveragingOutput> = {
    ...averaging,
    currentStep: () => 1,
  }
  const { driver, poke } = driveProtocol<AveragingInput, AveragingOutput>({
    self,
    peers,
    maxFaulty,
    protocol,
    rule: ruleOf(settings),
    attack: options.attack,
    signer,
    transport: options.transport,
    clock: options.clock,
    verifier: options.verifier,
    journal,
    limits,
    ahead: 0,
    broadcasts: true, // all is one step
    incarnation: options.incarnation,
    hooks: {
      ...hooks,
      restarted: peer => driver.input({ kind: 'restarted', peer }),
      output(output) {
        if (output.kind !== 'timer') {
          hooks.output(output)
          return
        }
        const delayMs = delayOf(output.timer, settings)
        hooks.timer?.(output.timer, delayMs)
        driver.inputAfter(delayMs, output)
      },
    },
  })
  return {
    poke,
    start() {
      driver.start()
      driver.input({ kind: 'vector', vector: input })
    },
    status: () => driver.status(),
    waitingFor: () => averaging.waitingFor(),
    finish: () => driver.finish(),
    unserved: () => driver.unserved(),
    stop: done => driver.stop(done),
  }
}
