/** The trace of a run: one digest over every message that reached a peer, with its virtual time. */
import { createHash } from 'node:crypto'
import { contentOf, type Message, slotKey } from '../../agreement/message.ts'
import type { PeerIndex } from '../../agreement/protocol.ts'

export interface Trace {
  add(timeMs: number, from: PeerIndex, to: PeerIndex, message: Message): void
  /** SHA-256 of the lines so far, lower-case hexadecimal. The trace takes no more lines after this call. */
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
  return [message.kind, slotKey(message.slot), contentOf(message)].filter(part => part !== '').join(' ')
}
