/**
 * The way out. A message that binds this peer is recorded and synced before it goes to the links. While a sync is under
 * way, later messages wait for the next one, so that one sync serves many.
 */
import { type Message, traitsOf } from '../../agreement/message.ts'
import { bytesOf } from '../../agreement/precision.ts'
import type { Envelope, PeerIndex } from '../../agreement/protocol.ts'
import { bringsVector, encodeHeader, encodeMessage, encodeVector } from '../codec/index.ts'
import type { Link } from '../link/link.ts'
import type { Encoded } from '../link/outbox.ts'
import { type Clock, sizeOf, type Timer } from '../ports.ts'
import type { Journal } from './journal-contract.ts'
import { isMovable, lengthOf } from './movable.ts'

export interface Sender {
  send(envelopes: readonly Envelope[]): void
  /** The link to this peer has something left to send. */
  waits(peer: PeerIndex): void
  /** The present work is done. Its messages leave now, unless they may wait for others. */
  flush(): void
  stop(): void
  /** The journal no longer has the vectors of steps before this one. */
  forgetBefore(step: number): void
  /** Puts a message on the links that is already recorded. */
  repeat(message: Message): void
  /** How many messages went to the links, counted once for each recipient. */
  messagesSent(): number
}

/** How long a vote waits for others to the same peer: most votes of an exchange are cast within moments. */
const VOTE_DELAY_MS = 1

interface SenderOptions {
  readonly journal: Journal
  readonly clock: Clock
  readonly links: readonly (Link | null)[]
  /** Peers echo each other's vectors: a peer that is past a step still needs its vectors, for those that are not. */
  readonly broadcasts: boolean
  /** Runs a piece of work in turn with the peer's other work. */
  readonly inTurn: (work: () => void) => void
  /** The log cannot be written. Nothing unrecorded has left, and nothing more will. */
  readonly failed: (error: Error) => void
}

/** A message in wire form, encoded once for the journal and for every link. */
interface Outgoing {
  readonly to: Envelope['to']
  readonly message: Message
  readonly encoded: EncodedMessage
}

export function createSender(options: SenderOptions): Sender {
  const { journal, clock, links, inTurn, failed } = options
  let unsynced: Outgoing[] = []
  let syncing = false
  let messagesSent = 0
  let hasFailed = false
  let isUrgent = false
  let voteTimer: Timer | null = null
  let forgottenBefore = 1
  const waiting = createWaiting(links)

  const pump = () => {
    if (hasFailed) return
    isUrgent = false
    voteTimer?.cancel()
    voteTimer = null
    waiting.pump()
  }
  const put = ({ to, message, encoded }: Outgoing) => {
    const { bundled, repeated, timeless } = traitsOf(message)
    const { step } = message.slot
    if (encoded.stored && step < forgottenBefore) return
    const onlyInStep = isOnlyInStep(message, options.broadcasts)
    const queued = asQueued(encoded, { step, repeated, timeless, onlyInStep })
    messagesSent += waiting.enqueue(to, queued)
    if (bundled) voteTimer ??= clock.after(VOTE_DELAY_MS, pump)
    else isUrgent = true
  }
  const release = () => {
    if (syncing || unsynced.length === 0) return
    const released = unsynced
    unsynced = []
    if (!journal.dirty()) return released.forEach(put)
    syncing = true
    journal.sync(error => {
      hasFailed = error !== undefined
      if (error !== undefined) return failed(error)
      inTurn(() => {
        syncing = false
        released.forEach(put)
        release()
      })
    })
  }
  return {
    send(envelopes) {
      for (const { to, message } of envelopes) {
        const encoded = encodeInOwnSize(message)
        // A peer says nothing where it may have said something else in an incarnation that it has no memory of.
        if (journal.record(message, encoded.stored ? undefined : encoded.chunks))
          unsynced.push({ to, message, encoded })
      }
      release()
    },
    waits: waiting.add,
    flush() {
      if (isUrgent) pump()
    },
    stop: () => voteTimer?.cancel(),
    forgetBefore(step) {
      forgottenBefore = step
      for (const peer of links.keys()) waiting.add(peer) // it may have to be told that something is missing now
    },
    repeat: message => put({ to: 'others', message, encoded: encodeInOwnSize(message) }),
    messagesSent: () => messagesSent,
  }
}

/** A vector in the standard form. One of metrics is awaited by a peer that still evaluates while its learning goes on. */
function isOnlyInStep(message: Message, broadcasts: boolean): boolean {
  return bringsVector(message) && !broadcasts && message.slot.phase !== 'metrics'
}

interface Waiting {
  /** Returns how many links took the message. */
  enqueue(to: Envelope['to'], message: Encoded): number
  add(peer: PeerIndex): void
  pump(): void
}

/** The links that may have something to send: an answer to one peer of two hundred is nothing to the other links. */
function createWaiting(links: readonly (Link | null)[]): Waiting {
  const waiting = new Set<PeerIndex>()
  const enqueue = (peer: PeerIndex, message: Encoded): number => {
    const link = links[peer]
    if (!link) return 0
    link.enqueue(message)
    waiting.add(peer)
    return 1
  }
  return {
    enqueue(to, message) {
      if (to !== 'others') return enqueue(to, message)
      return [...links.keys()].reduce((count, peer) => count + enqueue(peer, message), 0)
    },
    add: peer => void waiting.add(peer),
    pump() {
      const peers = [...waiting].sort((a, b) => a - b)
      waiting.clear()
      for (const peer of peers) links[peer]?.pump()
    },
  }
}

type EncodedMessage = Pick<Encoded, 'chunks' | 'bytes' | 'stored'>

/** Of a stored message the chunks are not copied: that would fetch the vector. */
function asQueued(encoded: EncodedMessage, rest: Omit<Encoded, keyof EncodedMessage>): Encoded {
  if (!encoded.stored) return { ...encoded, ...rest }
  return Object.defineProperties({ ...rest }, Object.getOwnPropertyDescriptors(encoded)) as Encoded
}

/**
 * Links keep sent messages for a long time. A freshly written header lies in a slab of 64 KB that the whole process
 * shares, so a kept header would keep all of the slab: it is copied. A vector's bytes are the vector itself; those of
 * one that may leave the memory are fetched whenever they are sent.
 */
function encodeInOwnSize(message: Message): EncodedMessage {
  if (!bringsVector(message) || !isMovable(message.sealed)) {
    const [header, ...vector] = encodeMessage(message)
    const chunks = header === undefined ? [] : [new Uint8Array(header), ...vector]
    return { chunks, bytes: sizeOf(chunks), stored: false }
  }
  const { sealed } = message
  const length = lengthOf(sealed)
  const header = new Uint8Array(encodeHeader(message, length))
  return {
    get chunks() {
      return [header, encodeVector(sealed.vector, sealed.precision)]
    },
    bytes: header.length + bytesOf(length, sealed.precision ?? 'f32'),
    stored: true,
  }
}
