/**
 * The smallest network there is: every message in flight in one bag, delivered one by one in an order that the
 * seed draws, until the bag is empty. Timers go off only then. Purely synchronous.
 */
import { type Message, type Sealed, type SigningLedger, type Slot, slotKey } from '../../agreement/message.ts'
import type { Effects, Fault, PeerIndex, Protocol } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import { randomStream } from '../../learning/random.ts'
import { digestOf } from '../../node/signatures/digest.ts'

export interface Flight {
  readonly from: PeerIndex
  readonly to: PeerIndex
  readonly message: Message
}

/** Seals without signing: signatures are the edge's business, and the harness has none to protect. */
export function testLedger(): SigningLedger {
  const bound = new Map<string, string>()
  const sealed = new Map<string, Sealed>()
  return {
    seal(slot, vector) {
      const own = seal(vector)
      sealed.set(slotKey(slot), own)
      return own
    },
    sealedFor: slot => sealed.get(slotKey(slot)) ?? null,
    bind(kind, slot, value) {
      const key = JSON.stringify([kind, slot])
      const first = bound.get(key) ?? value
      bound.set(key, first)
      return first
    },
  }
}

export function seal(vector: Vector): Sealed {
  return { vector, digest: digestOf(vector), signature: Uint8Array.of(1) }
}

interface NetworkOptions<Input, Output> {
  /** By peer; null is a faulty one, which acts through `adversary`. */
  readonly protocols: readonly (Protocol<Input, Message, Output> | null)[]
  readonly inputs: (peer: PeerIndex) => Input
  readonly seed: number
  /** Input for an output that asks to be woken, or null for other outputs. */
  readonly timer?: (output: Output) => Input | null
  /** Everything faulty peers say, asked for at the start and at each honest message they see. */
  readonly adversary?: (seen: Flight | null) => readonly Flight[]
  /** Chooses among the messages in flight; the default is the seed's. */
  readonly schedule?: (flights: readonly Flight[]) => number
}

interface NetworkResult<Output> {
  readonly outputs: readonly Output[][]
  readonly faults: readonly Fault[][]
  readonly delivered: readonly Flight[]
}

export function runNetwork<Input, Output>(options: NetworkOptions<Input, Output>): NetworkResult<Output> {
  const { protocols, inputs, seed, adversary } = options
  const random = randomStream(seed, 'harness')
  const flights: Flight[] = []
  const timers: { peer: PeerIndex; input: Input }[] = []
  const outputs: Output[][] = protocols.map(() => [])
  const faults: Fault[][] = protocols.map(() => [])
  const delivered: Flight[] = []
  const carry = (peer: PeerIndex, effects: Effects<Message, Output>) => {
    faults[peer]!.push(...effects.faults)
    for (const { to, message } of effects.messages)
      for (let other = 0; other < protocols.length; other++)
        if (other !== peer && (to === 'others' || to === other))
          flights.push({ from: peer, to: other, message })
    for (const output of effects.outputs) {
      outputs[peer]!.push(output)
      const input = options.timer?.(output) ?? null
      if (input !== null) timers.push({ peer, input })
    }
  }
  flights.push(...(adversary?.(null) ?? []))
  for (const [peer, protocol] of protocols.entries()) if (protocol) carry(peer, protocol.input(inputs(peer)))
  for (let rounds = 0; rounds < 1e6; rounds++) {
    if (flights.length === 0) {
      const due = timers.shift()
      if (due === undefined) return { outputs, faults, delivered }
      carry(due.peer, protocols[due.peer]!.input(due.input))
      continue
    }
    const index = options.schedule?.(flights) ?? random.integer(flights.length)
    const [flight] = flights.splice(index, 1)
    delivered.push(flight!)
    const receiver = protocols[flight!.to]
    if (receiver) carry(flight!.to, receiver.receive(flight!.from, flight!.message))
    else flights.push(...(adversary?.(flight!) ?? []))
  }
  throw new Error('the network does not come to rest')
}

export function slotAt(sender: PeerIndex, iteration = 0): Slot {
  return { step: 1, phase: 'gradient', iteration, sender }
}

/** `count` vectors of `d` normals from a seed. */
export function normals(seed: number, count: number, d: number): Vector[] {
  const random = randomStream(seed, 'normals')
  return Array.from({ length: count }, () => Float32Array.from({ length: d }, () => random.normal()))
}
