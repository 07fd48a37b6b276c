/** The trace of a run: one digest over every message that reached a peer, with its virtual time. */
import { createHash } from 'node:crypto'
import { contentOf, type Message, slotKey } from '../../agreement/message.ts'
import type { PeerIndex } from '../../agreement/protocol.ts'

export interface Trace {
  add(timeMs: number, from: PeerIndex, to: PeerIndex, message: Message): void
  /** SHA-256 of the lines so far, lower-case hexadecimal. The trace takes no more lines after this call. */
  digest(): string
}

/** Each call of the hash costs as much as some hundred bytes. */
const WAITING_MAX = 16 * 1024

export function createTrace(): Trace {
  const hash = createHash('sha256')
  let waiting = ''
  return {
    add(timeMs, from, to, message) {
      waiting += `${timeMs} ${from} ${to} ${describe(message)}\n`
      if (waiting.length < WAITING_MAX) return
      hash.update(waiting)
      waiting = ''
    },
    digest: () => hash.update(waiting).digest('hex'),
  }
}

function describe(message: Message): string {
  const content = contentOf(message)
  return `${message.kind} ${slotKey(message.slot)}${content === '' ? '' : ` ${content}`}`
}
