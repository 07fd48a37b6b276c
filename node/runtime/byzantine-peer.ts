/**
 * A Byzantine peer: an attack wrapped around its protocol and its transport. Real peers use it when a user tells them
 * to misbehave, to test the others; the simulated world uses it too.
 */
import type { Exchange, Message, SigningLedger, Slot } from '../../agreement/message.ts'
import type { PeerIndex, Protocol } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { Attack } from '../../learning/attacks/attack.ts'
import { type AdversaryView, type Byzantine, createByzantine } from '../../learning/attacks/byzantine.ts'
import { type DecodeLimits, precisionOf } from '../codec/index.ts'
import type { Clock, Frame, Transport } from '../ports.ts'
import { type Signer, sealed } from '../signatures/index.ts'

export interface ByzantineBehaviour {
  readonly attack: Attack
  readonly random: () => number
  readonly adversaryView: AdversaryView
  /** Shared state and keys of colluding peers; without them a faulty peer works alone. */
  readonly shared?: Map<string, unknown>
  readonly signerOf?: (peer: PeerIndex) => Signer
}

interface ByzantineMembership {
  readonly self: PeerIndex
  readonly peers: number
  readonly maxFaulty: number
  readonly signer: Signer
  readonly limits: DecodeLimits
  readonly journal: Pick<SigningLedger, 'sealedFor'>
  /** What an honest peer's rule gives for these vectors: an attack may search against it. */
  readonly rule: (exchange: Exchange, vectors: readonly Vector[]) => Vector
}

/** The attack on vectors and messages. */
export function byzantineProtocol<Input, Output>(
  inner: Protocol<Input, Message, Output>,
  { attack, random, adversaryView, shared, signerOf }: ByzantineBehaviour,
  { self, peers, maxFaulty, signer, limits, journal, rule }: ByzantineMembership,
): Byzantine<Input, Output> {
  const seal = (slot: Slot, vector: Vector) => {
    const by = slot.sender === self ? signer : (signerOf?.(slot.sender) ?? signer)
    return sealed(by.sign, slot, vector, precisionOf(slot.phase, limits))
  }
  return createByzantine(inner, {
    attack,
    self,
    peers,
    maxFaulty,
    sealedFor: journal.sealedFor,
    seal,
    random,
    adversaryView,
    rule,
    ...(shared && { shared }),
  })
}

/** The attack on frames; the transport itself where the attack leaves frames alone. */
export function byzantineTransport(
  transport: Transport,
  { attack, random }: Pick<ByzantineBehaviour, 'attack' | 'random'>,
  clock: Clock,
): Transport {
  const { wire, delayMs = 0 } = attack
  if (wire === undefined && delayMs === 0) return transport
  const put = (to: PeerIndex, frame: Frame): boolean => {
    const frames = wire === undefined ? [frame] : wire(frame, to, random)
    return frames.map(each => sendAnyway(transport, to, each)).some(taken => taken)
  }
  return {
    ...transport,
    send(to, frame) {
      if (delayMs === 0) return put(to, frame)
      clock.after(delayMs, () => put(to, frame))
      return true
    },
  }
}

/** A real transport refuses to send what no receiver would take. */
function sendAnyway(transport: Transport, to: PeerIndex, frame: Frame): boolean {
  try {
    return transport.send(to, frame)
  } catch {
    return false
  }
}
