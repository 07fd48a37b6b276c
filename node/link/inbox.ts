/** What came over one link: taken in order and once, kept while the protocol cannot take it yet. */
import type { Received } from '../codec/index.ts'

export interface Inbox {
  /** Messages with consecutive numbers; the result says how many in front of them will never come. */
  put(sequence: number, messages: readonly Received[]): number
  /** Hands over what waits, in order, until one comes too early. True where any was taken. */
  takeWhile(take: (message: Received) => 'taken' | 'later'): boolean
  /** The last number taken; 0 before the first. */
  received(): number
  waiting(): number
  /** Bytes taken since the last acknowledgement. */
  unacknowledgedBytes(): number
  /** Whether the peer does not know yet what was taken. */
  unacknowledged(): boolean
  /** The peer has been told how far this side is. */
  acknowledged(): void
  /** Forgets everything: the peer begins anew, with any number. */
  reset(): void
}

export function createInbox(): Inbox {
  const waiting: Received[] = []
  /** Null before the first message: any number may be it. */
  let received: number | null = null
  let acknowledged = 0
  let unacknowledgedBytes = 0
  let resets = 0
  return {
    put(sequence, messages) {
      let missing = 0
      for (const [i, message] of messages.entries()) {
        const number = sequence + i
        const last: number | null = received === null ? null : received + waiting.length
        if (last !== null && number <= last) continue // a resend
        if (last !== null) missing += number - last - 1
        if (waiting.length === 0) received = number - 1
        waiting.push(message)
        unacknowledgedBytes += sizeOf(message)
      }
      return missing
    },
    takeWhile(take) {
      let taken = 0
      const resetsBefore = resets
      while (taken < waiting.length && take(waiting[taken]!) === 'taken') {
        // What the message brought about was a reset: it was of before, and so was all that waited.
        if (resets !== resetsBefore) return true
        taken++
        received = (received ?? 0) + 1
      }
      waiting.splice(0, taken)
      return taken > 0
    },
    received: () => received ?? 0,
    waiting: () => waiting.length,
    unacknowledgedBytes: () => unacknowledgedBytes,
    unacknowledged: () => (received ?? 0) !== acknowledged,
    acknowledged() {
      acknowledged = received ?? 0
      unacknowledgedBytes = 0
    },
    reset() {
      resets++
      received = null
      acknowledged = 0
      unacknowledgedBytes = 0
      waiting.length = 0
    },
  }
}

/** Roughly what a message weighed on the wire: enough to know when to acknowledge. */
function sizeOf(received: Received): number {
  const sealed = 'message' in received && 'sealed' in received.message ? received.message.sealed : null
  return 64 + (sealed?.vector.byteLength ?? 0)
}
