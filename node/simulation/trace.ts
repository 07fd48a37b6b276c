/** The trace of a run: one digest over every message as it reached a peer, with its virtual time. */
import { createHash } from 'node:crypto'
import { type Message, slotKey } from '../../agreement/message.ts'
import type { PeerIndex } from '../../agreement/protocol.ts'

export interface Trace {
  add(timeMs: number, from: PeerIndex, to: PeerIndex, message: Message): void
  /** SHA-256 of the lines so far, lower-case hexadecimal; the trace takes no more after it. */
  digest(): string
}

export function createTrace(): Trace {
  const hash = createHash('sha256')
  return {
    add: (timeMs, from, to, message) => hash.update(`${timeMs} ${from} ${to} ${describe(message)}\n`),
    digest: () => hash.digest('hex'),
  }
}

function describe(message: Message): string {
  const what = `${message.kind} ${slotKey(message.slot)}`
  switch (message.kind) {
    case 'vector':
    case 'payload':
      return `${what} ${message.sealed.digest}`
    case 'echo':
    case 'ready':
    case 'request':
      return `${what} ${message.digest}`
    case 'evidence':
      return `${what} ${message.first.digest} ${message.second.digest}`
    case 'query':
    case 'fetch':
      return what
    case 'position':
      return `${what} ${message.oldest} ${message.since} ${message.seen === null ? 'unseen' : slotKey(message.seen.slot)}`
    case 'report':
      return `${what} ${message.peers.join(' ')}`
  }
}
