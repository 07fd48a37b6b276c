/**
 * A Byzantine peer: an honest protocol whose own vectors are replaced by an attack on their way out.
 *
 * The inner protocol keeps the peer in step with the others. A rushing attack holds its vector back until it has seen
 * the honest ones of the exchange. How many it sees depends on the world: all of them in the simulated one, those that
 * have arrived in the real one.
 */
import { type Exchange, type Message, type Sealed, type Slot, slotKey } from '../../agreement/message.ts'
import {
  type Effects,
  type EffectsBuilder,
  type Envelope,
  newEffects,
  type PeerIndex,
  type Protocol,
} from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { Attack } from './attack.ts'

/** What the adversary knows of the honest vectors of an exchange. */
export interface AdversaryView {
  honest(exchange: Exchange): readonly Vector[]
  /** True once a rushing attack knows enough to choose. */
  complete(exchange: Exchange): boolean
}

/** How a faulty peer lies, and the key with which it signs. */
export interface ByzantineOptions {
  readonly attack: Attack
  readonly self: PeerIndex
  readonly peers: number
  readonly maxFaulty: number
  /** What the inner protocol has sealed for a slot of its own. */
  readonly sealedFor: (slot: Slot) => Sealed | null
  /** Signs anything: a faulty peer keeps no ledger. */
  readonly seal: (slot: Slot, vector: Vector) => Sealed
  readonly random: () => number
  readonly adversaryView: AdversaryView
  /** What an honest peer's rule gives for these vectors in an exchange. */
  readonly rule: (exchange: Exchange, vectors: readonly Vector[]) => Vector
  /** Scratch space of the colluding peers; the peer's own where none is given. */
  readonly shared?: Map<string, unknown>
}

type Colluding = ByzantineOptions & Required<Pick<ByzantineOptions, 'shared'>>

/** A peer that follows the protocol in everything except what it sends. */
export interface Byzantine<Input, Output> extends Protocol<Input, Message, Output> {
  /** Checks again whether enough is known to attack. */
  poke(): Effects<Message, never>
}

interface Pending {
  readonly slot: Slot
  readonly own: Vector
  /** Its digest is sent in place of the vector, which those get who ask for it. */
  readonly byDigest: boolean
  /** The inner protocol echoes its own broadcast: the lie has to be echoed instead, or the peer convicts itself. */
  echo: boolean
}

/** Wraps the protocol of an honest peer: its own vectors are replaced by what the attack forges, for each recipient. */
export function createByzantine<Input, Output>(
  inner: Protocol<Input, Message, Output>,
  given: ByzantineOptions,
): Byzantine<Input, Output> {
  const options = { ...given, shared: given.shared ?? new Map<string, unknown>() }
  const pending: Pending[] = []
  const lies = createLies()
  const speak = createSpeech(options)
  const through = (effects: Effects<Message, Output>): Effects<Message, Output> => {
    const builder: EffectsBuilder<Message, Output> = newEffects()
    builder.outputs.push(...effects.outputs)
    builder.faults.push(...effects.faults)
    for (const envelope of effects.messages) {
      const { message } = envelope
      const { slot } = message
      const own = ownVector(message, options)
      if (own !== null) pending.push({ slot, own, byDigest: message.kind === 'digest', echo: false })
      else if (message.kind === 'echo' && slot.sender === options.self) {
        for (const own of pending) if (slotKey(own.slot) === slotKey(slot)) own.echo = true
      } else builder.messages.push(envelope)
    }
    builder.messages.push(...strike(pending, lies, options))
    return { ...builder, messages: speak(builder.messages) }
  }
  return {
    input: value => through(inner.input(value)),
    receive(from, message) {
      const answer = lies.answer(from, message)
      if (answer === null) return through(inner.receive(from, message))
      return { messages: speak([answer]), outputs: [], faults: [] }
    },
    poke: () => ({ messages: speak(strike(pending, lies, options)), outputs: [], faults: [] }),
  }
}

/** The vector that an honest peer says here, whole or by its digest; null in any other message. */
function ownVector(message: Message, { self, sealedFor }: ByzantineOptions): Vector | null {
  if (message.kind === 'vector') return message.sealed.vector
  if (message.kind !== 'digest' || message.slot.sender !== self) return null
  return sealedFor(message.slot)?.vector ?? null
}

/** The lies that went out by digest. A peer that asks for one gets it, whichever recipient it was forged for. */
interface Lies {
  told(slot: Slot, sealed: Sealed): void
  /** The answer to a request for a lie; null if the message is none. */
  answer(from: PeerIndex, message: Message): Envelope | null
}

/** How many exchanges it can still give the vectors of, if these take no more than so many bytes; four in any case. */
const toldMax = 64
const toldBytesMax = 256 * 2 ** 20
const toldMin = 4

function createLies(): Lies {
  const told = new Map<string, Map<string, Sealed>>()
  return {
    told(slot, sealed) {
      const key = slotKey(slot)
      const lies = told.get(key) ?? new Map<string, Sealed>()
      lies.set(sealed.digest, sealed)
      told.set(key, lies)
      const most = Math.max(toldMin, Math.min(toldMax, toldBytesMax / sealed.vector.byteLength))
      if (told.size > most) told.delete(told.keys().next().value!)
    },
    answer(from, message) {
      if (message.kind !== 'request') return null
      const { slot, digest } = message
      const sealed = told.get(slotKey(slot))?.get(digest)
      return sealed === undefined ? null : { to: from, message: { kind: 'payload', slot, sealed } }
    },
  }
}

/** How many messages an attack on messages remembers. */
const saidMax = 64

/** Attacks on messages: splits each envelope by recipient, and replaces each message by what the attack returns. */
function createSpeech(options: Colluding): (envelopes: readonly Envelope[]) => Envelope[] {
  const { attack, self, peers, maxFaulty, random, seal, shared } = options
  if (attack.say === undefined) return envelopes => [...envelopes]
  const said: Message[] = []
  let count = 0
  const say = (message: Message, recipient: PeerIndex): Envelope[] => {
    const saying = { self, recipient, peers, maxFaulty, said, count, random, shared, seal }
    const words = attack.say!(message, saying)
    count += words.length
    return words.map(word => ({ to: recipient, message: word }))
  }
  return envelopes =>
    envelopes.flatMap(({ to, message }) => {
      const recipients = to === 'others' ? others(self, peers) : [to]
      const spoken = recipients.flatMap(recipient => say(message, recipient))
      said.push(message)
      if (said.length > saidMax) said.shift()
      return spoken
    })
}

function others(self: PeerIndex, peers: number): PeerIndex[] {
  return Array.from({ length: peers }, (_, peer) => peer).filter(peer => peer !== self)
}

/** Sends what can be sent. A vector that waits for honest ones that never come goes out with the next exchange. */
function strike(pending: Pending[], lies: Lies, options: Colluding): Envelope[] {
  const { attack, adversaryView } = options
  const envelopes: Envelope[] = []
  const waits = (slot: Slot) => attack.rushing && !adversaryView.complete(slot)
  while (pending.length > 1 || (pending.length === 1 && !waits(pending[0]!.slot)))
    envelopes.push(...forge(pending.shift()!, lies, options))
  return envelopes
}

function forge({ slot, own, byDigest, echo }: Pending, lies: Lies, options: Colluding): Envelope[] {
  const { attack, self, peers, maxFaulty, seal, random, adversaryView, rule, shared } = options
  const honest = adversaryView.honest(slot)
  const lie = (recipient: PeerIndex): Sealed | null => {
    const vector = attack.forge({
      slot,
      recipient,
      peers,
      maxFaulty,
      own,
      honest,
      random,
      rule: vectors => rule(slot, vectors),
      shared,
    })
    if (vector === null) return null
    const sealed = seal(slot, vector)
    if (byDigest) lies.told(slot, sealed)
    return sealed
  }
  const say = (sealed: Sealed): Message => {
    if (!byDigest) return { kind: 'vector', slot, sealed }
    return { kind: 'digest', slot, digest: sealed.digest, signature: sealed.signature }
  }
  const everyone = attack.perRecipient ? null : lie(self)
  const envelopes: Envelope[] = []
  for (let to = 0; to < peers; to++) {
    const sealed = to === self ? null : attack.perRecipient ? lie(to) : everyone
    if (sealed !== null) envelopes.push({ to, message: say(sealed) })
  }
  if (echo && everyone !== null) {
    const { digest, signature } = everyone
    envelopes.push({ to: 'others', message: { kind: 'echo', slot, digest, signature } })
  }
  return envelopes
}

/** What a peer on a real network sees: the vectors of the last few exchanges that reached it. */
export interface CollectedView extends AdversaryView {
  collect(message: Message): void
}

/** How many exchanges it remembers the vectors of. */
const exchangesMax = 8

/**
 * @param enough the number of vectors after which a rushing attack strikes; if it waits for more, the honest peers no
 * longer listen
 */
export function collectAdversaryView(enough: number): CollectedView {
  /** By exchange, by author; null: a vector of which only the digest has come. */
  const seen = new Map<string, Map<PeerIndex, Vector | null>>()
  const keyOf = ({ step, phase, iteration }: Exchange) => `${step}/${phase}/${iteration}`
  const spoken = (exchange: Exchange) => [...(seen.get(keyOf(exchange))?.values() ?? [])]
  return {
    collect(message) {
      if (message.kind !== 'vector' && message.kind !== 'payload' && message.kind !== 'digest') return
      const key = keyOf(message.slot)
      const family = seen.get(key) ?? new Map<PeerIndex, Vector | null>()
      const { sender } = message.slot
      family.set(sender, 'sealed' in message ? message.sealed.vector : (family.get(sender) ?? null))
      seen.set(key, family)
      if (seen.size > exchangesMax) seen.delete(seen.keys().next().value!)
    },
    honest: exchange => spoken(exchange).filter(vector => vector !== null),
    complete: exchange => spoken(exchange).length >= enough,
  }
}
