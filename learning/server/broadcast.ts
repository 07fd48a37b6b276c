/**
 * Byzantine broadcast of one vector by each of `n` peers, in synchronous rounds: what a trusted server would have
 * received, at every honest peer alike (approximate-byzantine-fault-tolerance, §1.4).
 *
 * Guarantees, with `n ≥ 3f + 1`: all honest peers end with the same vectors, or nothing, of the same authors; of an
 * honest author with its own vector.
 *
 * How: each vector travels by reliable broadcast (agreement/broadcast.ts). That alone does not say when to give up on
 * an author that says nothing: one peer may deliver in the last round, and another in the one after. So after three
 * rounds, in which honest authors' vectors arrive everywhere, the peers agree on a bit for each author, delivered or not
 * (king.ts). Where they agree on 1, some honest peer had delivered, and by totality all do.
 */
import { type Broadcast, type BroadcastOutput, createBroadcast } from '../../agreement/broadcast.ts'
import { CodedError } from '../../agreement/error.ts'
import {
  type Digest,
  type Message,
  type Sealed,
  type SigningLedger,
  type Slot,
  slotKey,
} from '../../agreement/message.ts'
import type { Effects } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { Attack } from '../attacks/attack.ts'
import { randomStream } from '../random.ts'
import { type Ballot, createKing, kingRounds } from './king.ts'

/** One exchange of vectors among all. */
interface Exchange {
  readonly step: number
  readonly peers: number
  readonly maxFaulty: number
  readonly dimension: number
  readonly liars: readonly number[]
  /** Who takes part as an author. */
  readonly authors: readonly number[]
  /** What an author sends to a peer, itself included: an honest one to all the same; null: nothing. */
  vectorFor(author: number, recipient: number): Vector | null
  /** Acts on liars' messages where it has `say`; null: nobody lies. */
  readonly attack: Attack | null
  /** Of the adversary. */
  readonly random: () => number
  readonly shared: Map<string, unknown>
  readonly seed: number
  readonly digestOf: (vector: Vector) => Digest
}

/** What came of it. */
export interface Exchanged {
  /** By honest peer: by author the vector that all have, or null. */
  readonly received: ReadonlyMap<number, ReadonlyMap<number, Vector | null>>
  readonly rounds: number
  /** Of all peers, and the bytes of the vectors among them. */
  readonly messages: number
  readonly bytes: number
}

/** A guarantee of the broadcast is broken: more peers lie than it can stand. */
export class BroadcastError extends CodedError<'broadcast-broken'> {
  override readonly name = 'BroadcastError'
}

/** SEND, ECHO, READY: after so many rounds every honest author's vector is delivered. */
const ROUNDS = 3

interface Flight {
  readonly from: number
  readonly to: number
  readonly message: Message
}

/** One peer's part in the broadcast of one author. */
interface Part {
  readonly peer: number
  readonly protocol: Broadcast
  delivered: Vector | null
  wakes: boolean
}

interface Network {
  readonly exchange: Exchange
  readonly ledgers: readonly SigningLedger[]
  /** By author, by peer. */
  readonly parts: ReadonlyMap<number, readonly Part[]>
  readonly said: readonly Message[][]
  readonly counts: number[]
  flights: Flight[]
  round: number
  messages: number
  bytes: number
}

/** @throws BroadcastError with more liars than `f`, or fewer than `3f + 1` peers */
export function exchangeAll(exchange: Exchange): Exchanged {
  const { peers, maxFaulty, liars, authors } = exchange
  const network = createNetwork(exchange)
  const honest = Array.from({ length: peers }, (_, peer) => peer).filter(peer => !liars.includes(peer))
  for (let round = 0; round < ROUNDS; round++) deliverAll(network)
  const kings = new Map(
    honest.map(self => {
      const bits = authors.map(author => (network.parts.get(author)![self]!.delivered === null ? 0 : 1))
      return [self, createKing({ self, peers, maxFaulty, bits })] as const
    }),
  )
  for (let round = 0; round < kingRounds(maxFaulty); round++) {
    deliverAll(network)
    const ballots = new Map(honest.map(peer => [peer, kings.get(peer)!.say(round)] as const))
    for (const king of kings.values()) king.hear(round, heard(network, ballots))
  }
  const bits = [...kings.values()].map(king => king.bits)
  if (bits.some(each => each.join() !== bits[0]!.join()))
    throw new BroadcastError(
      'broadcast-broken',
      `step ${exchange.step}: honest peers disagree on whose vector has come; ${expectation(exchange)}`,
    )
  const taken = authors.filter((_, place) => bits[0]![place] === 1)
  awaitDelivery(network, taken, honest)
  const received = honest.map(peer => {
    const vectors = authors.map(author => {
      const vector = taken.includes(author) ? network.parts.get(author)![peer]!.delivered : null
      return [author, vector] as const
    })
    return [peer, new Map(vectors)] as const
  })
  const { round, messages, bytes } = network
  return { received: new Map(received), rounds: round, messages, bytes }
}

function expectation({ peers, maxFaulty }: Exchange): string {
  return `expected at most ${maxFaulty} liar${maxFaulty === 1 ? '' : 's'}, and ${3 * maxFaulty + 1} peers or more, of ${peers}`
}

function createNetwork(exchange: Exchange): Network {
  const { step, peers, maxFaulty, dimension, authors, digestOf } = exchange
  const everyone = Array.from({ length: peers }, (_, peer) => peer)
  const ledgers = everyone.map(() => createLedger(digestOf))
  const partsOf = (author: number) =>
    everyone.map((self): Part => {
      const slot: Slot = { step, phase: 'gradient', iteration: 1, sender: author }
      const ledger = ledgers[self]!
      const protocol = createBroadcast({ slot, self, peers, maxFaulty, dimension, ledger })
      return { peer: self, protocol, delivered: null, wakes: false }
    })
  const network: Network = {
    exchange,
    ledgers,
    parts: new Map(authors.map(author => [author, partsOf(author)])),
    said: everyone.map(() => []),
    counts: everyone.map(() => 0),
    flights: [],
    round: 0,
    messages: 0,
    bytes: 0,
  }
  for (const author of authors) {
    const vector = exchange.vectorFor(author, author)
    const part = network.parts.get(author)![author]!
    if (vector !== null) carry(network, part, part.protocol.input({ kind: 'vector', vector }))
  }
  return network
}

/** The world that the broadcast needs of its peer: signatures are not among it, as Bracha's needs none. */
function createLedger(digestOf: Exchange['digestOf']): SigningLedger {
  const sealed = new Map<string, Sealed>()
  const bound = new Map<string, string>()
  return {
    seal(slot, vector) {
      const own = { vector, digest: digestOf(vector), signature: UNSIGNED }
      sealed.set(slotKey(slot), own)
      return own
    },
    sealedFor: slot => sealed.get(slotKey(slot)) ?? null,
    bind(kind, slot, value) {
      const key = `${kind} ${slotKey(slot)}`
      const first = bound.get(key) ?? value
      bound.set(key, first)
      return first
    },
  }
}

const UNSIGNED = new Uint8Array(0)

/** A round: everything that was sent arrives, in an order that the seed draws, and those who asked for it are woken. */
function deliverAll(network: Network): void {
  const { seed, step, liars } = network.exchange
  const arriving = network.flights
  network.flights = []
  network.round += 1
  for (const parts of network.parts.values())
    for (const part of parts)
      if (part.wakes) {
        part.wakes = false
        carry(network, part, part.protocol.input({ kind: 'timer' }))
      }
  for (const { from, to, message } of randomStream(seed, 'round', step, network.round).shuffle(arriving)) {
    const part = network.parts.get(message.slot.sender)?.[to]
    // What is of another step or iteration, or lies about its own bytes, ends at the edge, as on a real link.
    if (part === undefined || (liars.includes(from) && !isWhole(network, message))) continue
    carry(network, part, part.protocol.receive(from, message))
  }
}

function isWhole({ exchange }: Network, message: Message): boolean {
  const { slot } = message
  if (slot.step !== exchange.step || slot.phase !== 'gradient' || slot.iteration !== 1) return false
  return !('sealed' in message) || message.sealed.digest === exchange.digestOf(message.sealed.vector)
}

/** Does what a peer's protocol asks for. */
function carry(network: Network, part: Part, effects: Effects<Message, BroadcastOutput>): void {
  const { peers, liars } = network.exchange
  for (const output of effects.outputs)
    if (output.kind === 'timer') part.wakes = true
    else part.delivered = output.sealed.vector
  for (const { to, message } of effects.messages)
    for (let other = 0; other < peers; other++) {
      if (other === part.peer || (to !== 'others' && to !== other)) continue
      const said = liars.includes(part.peer) ? lies(network, part.peer, other, message) : [message]
      for (const each of said) send(network, { from: part.peer, to: other, message: each })
    }
}

/** A digest, and what stands around it. */
const HEAD_BYTES = 64

function send(network: Network, flight: Flight): void {
  network.flights.push(flight)
  network.messages += 1
  network.bytes += HEAD_BYTES + ('sealed' in flight.message ? 4 * network.exchange.dimension : 0)
}

/** What a liar says in place of a message: its vector is another to each if the attack has it so. */
function lies(network: Network, self: number, recipient: number, message: Message): readonly Message[] {
  const { exchange, said, counts, ledgers } = network
  const { attack, peers, maxFaulty, random, shared, digestOf } = exchange
  const seal = (slot: Slot, vector: Vector) =>
    slot.sender === self
      ? ledgers[self]!.seal(slot, vector)
      : { vector, digest: digestOf(vector), signature: UNSIGNED }
  let told = message
  if (message.kind === 'vector') {
    const vector = exchange.vectorFor(self, recipient)
    if (vector === null) return []
    told = Object.assign({}, message, { sealed: seal(message.slot, vector) })
  }
  const known = said[self]!
  known.push(told)
  if (known.length > SAID_MAX) known.shift()
  counts[self]! += 1
  if (attack?.say === undefined) return [told]
  const saying = {
    self,
    recipient,
    peers,
    maxFaulty,
    said: known,
    count: counts[self]!,
    random,
    shared,
    seal,
  }
  return attack.say(told, saying)
}

const SAID_MAX = 64

/** What a peer hears in a round of the vote. A liar votes at random, for each peer anew, and sometimes not at all. */
function heard(
  { exchange }: Network,
  honest: ReadonlyMap<number, Ballot | null>,
): readonly (Ballot | null)[] {
  const { peers, authors, random } = exchange
  return Array.from({ length: peers }, (_, peer) => {
    const ballot = honest.get(peer)
    if (ballot !== undefined) return ballot
    if (random() < 0.25) return null
    return authors.map(() => (random() < 0.5 ? 0 : 1))
  })
}

/** By totality the vectors that some honest peer has come to all: in two rounds, or by asking at most `f` liars before. */
function awaitDelivery(network: Network, taken: readonly number[], honest: readonly number[]): void {
  const lacks = () =>
    taken.find(author => honest.some(peer => network.parts.get(author)![peer]!.delivered === null))
  for (let more = 0; lacks() !== undefined; more++) {
    if (more > network.exchange.maxFaulty + LATE_ROUNDS)
      throw new BroadcastError(
        'broadcast-broken',
        `step ${network.exchange.step}: an honest peer does not get the vector of peer ${lacks()}; ${expectation(network.exchange)}`,
      )
    deliverAll(network)
  }
}

const LATE_ROUNDS = 8
