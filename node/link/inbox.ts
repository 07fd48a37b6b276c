/** The receiving half of a link: it takes each message once, in order. */
import type { Received } from '../codec/index.ts'

export interface Inbox {
  /** Takes messages with consecutive numbers, and returns those that have not come before, in order. */
  put(sequence: number, messages: readonly Received[]): readonly Received[]
  /** The last number taken; 0 before the first. */
  received(): number
  /** Bytes taken since the last acknowledgement. */
  unacknowledgedBytes(): number
  /** Whether the peer has yet to learn what was taken. */
  unacknowledged(): boolean
  /** The peer has been told what was taken. */
  acknowledged(): void
  /** Forgets everything, because the peer begins anew, with any number. */
  reset(): void
}

export function createInbox(): Inbox {
  let received = 0
  let acknowledged = 0
  let unacknowledgedBytes = 0
  return {
    put(sequence, messages) {
      const fresh = messages.slice(Math.max(0, received + 1 - sequence))
      if (fresh.length > 0) received = sequence + messages.length - 1
      for (const message of fresh) unacknowledgedBytes += sizeOf(message)
      return fresh
    },
    received: () => received,
    unacknowledgedBytes: () => unacknowledgedBytes,
    unacknowledged: () => received !== acknowledged,
    acknowledged() {
      acknowledged = received
      unacknowledgedBytes = 0
    },
    reset() {
      received = 0
      acknowledged = 0
      unacknowledgedBytes = 0
    },
  }
}

/** Roughly what a message weighed on the wire: enough to know when to acknowledge. */
function sizeOf(received: Received): number {
  const sealed = 'message' in received && 'sealed' in received.message ? received.message.sealed : null
  return 64 + (sealed?.vector.byteLength ?? 0)
}
