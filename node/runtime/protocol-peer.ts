/**
 * A peer that runs any protocol on the driver, with an attack around both if one is asked for. A peer that learns
 * (peer.ts) and a peer that runs a single agreement (agreement-peer.ts) only name their protocol.
 */
import type { Exchange } from '../../agreement/message.ts'
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { Signer } from '../signatures/index.ts'
import { type ByzantineBehaviour, byzantineProtocol, byzantineTransport } from './byzantine-peer.ts'
import { createDriver, type Driver, type DriverOptions, type DriverStatus } from './driver.ts'

/** What every peer can do, whatever protocol it runs. */
export interface ProtocolPeer {
  start(): void
  /** Checks again whether a rushing attack can strike. */
  poke(): void
  status(): DriverStatus
  /** Tells the others that this peer needs nothing more. */
  finish(): void
  /** Peers that still need something from this one. */
  unserved(): readonly PeerIndex[]
  stop(done: () => void): void
}

interface ProtocolPeerOptions<Input, Output> extends DriverOptions<Input, Output> {
  /** The most faulty peers that the protocol tolerates, for attacks that use it. */
  readonly maxFaulty: number
  readonly signer: Signer
  /** What an honest peer's rule gives for these vectors, for attacks that search against it. */
  readonly rule: (exchange: Exchange, vectors: readonly Vector[]) => Vector
  /** Makes this peer Byzantine; undefined: it is honest. */
  readonly attack: ByzantineBehaviour | undefined
}

interface DrivenPeer<Input> extends Pick<ProtocolPeer, 'poke'> {
  readonly driver: Driver<Input>
}

export function driveProtocol<Input, Output>(options: ProtocolPeerOptions<Input, Output>): DrivenPeer<Input> {
  const { protocol, attack, transport, clock } = options
  if (attack === undefined) return { driver: createDriver<Input, Output>(options), poke() {} }
  const byzantine = byzantineProtocol(protocol, attack, options)
  const driver = createDriver<Input, Output>({
    ...options,
    // Whatever a Byzantine peer sends, its links announce the step of its protocol.
    protocol: { ...protocol, input: byzantine.input, receive: byzantine.receive },
    transport: byzantineTransport(transport, attack, clock),
  })
  return { driver, poke: () => driver.carry(byzantine.poke()) }
}
