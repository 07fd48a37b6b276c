/**
 * The way out: what binds this peer is recorded and synced before a message goes to the links (invariant 1). While a
 * sync is under way, later messages wait for the next one, so that one sync serves many.
 */
import type { Message } from '../../agreement/message.ts'
import type { Envelope } from '../../agreement/protocol.ts'
import { encodeMessage } from '../codec/index.ts'
import type { Link } from '../link/link.ts'
import type { Encoded } from '../link/outbox.ts'
import { type Frame, sizeOf } from '../ports.ts'
import type { Journal } from './journal.ts'

export interface Outgoing {
  send(envelopes: readonly Envelope[]): void
  /** Puts a message on the links without recording it: it is recorded already. */
  repeat(message: Message): void
  /** Messages handed to links, one for each recipient. */
  messagesSent(): number
}

interface OutgoingOptions {
  readonly journal: Journal
  readonly links: readonly (Link | null)[]
  /** Runs a piece of work in turn with the peer's other work. */
  readonly inTurn: (work: () => void) => void
  /**
   * Messages are on the links: they are to be pumped when the present work is done, or, where none is urgent, a
   * moment later, with whatever else there is to say by then.
   */
  readonly pumpLater: (urgent: boolean) => void
  /** The log cannot be written: nothing that was not recorded has left, and nothing more will. */
  readonly failed: (error: Error) => void
}

/** An exchange among n makes n² of each of these: they travel together. */
const patient: ReadonlySet<Message['kind']> = new Set(['echo', 'ready'])

/** What a peer may let pass while it asks where to go on, and then has to be told again. */
const lasting: ReadonlySet<Message['kind']> = new Set(['vector', 'echo', 'ready', 'report'])

/** What a later life of the peer has not asked for, or is told when it begins. */
const answering: ReadonlySet<Message['kind']> = new Set(['payload', 'position', 'evidence'])

/**
 * Links keep what they send for long, and a header as it is written lies in a slab of 64 KB that the whole process
 * shares for what comes and goes: one that is kept would keep all of it. A vector's bytes are the vector itself.
 */
function inOwnSize([header, ...vector]: Frame): Frame {
  return header === undefined ? [] : [new Uint8Array(header), ...vector]
}

export function createOutgoing(options: OutgoingOptions): Outgoing {
  const { journal, links, inTurn, pumpLater, failed } = options
  let unsynced: Envelope[] = []
  let syncing = false
  let messagesSent = 0

  const put = (to: Envelope['to'], message: Message) => {
    const chunks = inOwnSize(encodeMessage(message))
    const state = message.slot.phase === 'state'
    // A proof is of no step, and a later life of the peer is shown it anew.
    const timeless = state || message.kind === 'evidence'
    const answers = answering.has(message.kind) || (state && message.kind === 'vector')
    const once = timeless || !lasting.has(message.kind)
    const encoded: Encoded = {
      step: message.slot.step,
      chunks,
      bytes: sizeOf(chunks),
      once,
      answers,
      timeless,
    }
    for (const [peer, link] of links.entries()) {
      if (link === null || (to !== 'others' && to !== peer)) continue
      link.enqueue(encoded)
      messagesSent++
    }
    pumpLater(!patient.has(message.kind))
  }
  const release = () => {
    if (syncing || unsynced.length === 0) return
    const envelopes = unsynced
    unsynced = []
    if (!journal.dirty()) {
      for (const { to, message } of envelopes) put(to, message)
      return
    }
    syncing = true
    journal.sync(error => {
      if (error !== undefined) return failed(error)
      inTurn(() => {
        syncing = false
        for (const { to, message } of envelopes) put(to, message)
        release()
      })
    })
  }
  return {
    send(envelopes) {
      // What a peer may have said otherwise in a life that it has forgotten, it does not say at all.
      unsynced.push(...envelopes.filter(({ message }) => journal.record(message)))
      release()
    },
    repeat: message => put('others', message),
    messagesSent: () => messagesSent,
  }
}
