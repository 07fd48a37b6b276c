/**
 * A peer that runs a protocol, whichever it is: the driver beneath it, and an attack around both where one is asked
 * for. A peer that learns (peer.ts) and one that runs a single agreement (agreement-peer.ts) only say what they run.
 */
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { Signer } from '../signatures/index.ts'
import { type ByzantineBehaviour, byzantineProtocol, byzantineTransport } from './byzantine-peer.ts'
import { createDriver, type Driver, type DriverOptions, type DriverStatus } from './driver.ts'

/** What every peer can be told and asked, whatever it runs. */
export interface ProtocolPeer {
  start(): void
  /** Looks again whether a rushing attack can strike. */
  poke(): void
  status(): DriverStatus
  /** Tells the others that this peer needs nothing more. */
  finish(): void
  /** Peers that still need something from this one. */
  unserved(): readonly PeerIndex[]
  stop(done: () => void): void
}

interface ProtocolPeerOptions<Input, Output> extends DriverOptions<Input, Output> {
  /** The most faulty peers that the protocol tolerates: an attack may want to know. */
  readonly maxFaulty: number
  readonly signer: Signer
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
    // Whatever a Byzantine peer says, its links say the step that the protocol is at.
    protocol: { ...protocol, input: byzantine.input, receive: byzantine.receive },
    transport: byzantineTransport(transport, attack, clock),
  })
  return { driver, poke: () => driver.carry(byzantine.poke()) }
}
