/**
 * One member asks a real peer for everything again, over and over, in frames of some twenty bytes: what it says, and
 * what that brings. With the raw client, which is no part of our network code.
 */
import {
  type JoinOptions,
  join,
  linkFrame,
  message,
  prefixed,
  readLinkFrame,
  type Target,
} from './raw/index.ts'

interface Insisting {
  /** Bytes on the wire of what was asked, and of what came for it. */
  readonly saidBytes: number
  readonly broughtBytes: number
}

interface InsistOptions extends JoinOptions {
  /** Its place in the cohort. */
  readonly self: number
  /** Asks at most so often, without waiting, until this ends it. */
  readonly asksMax: number
  readonly signal: AbortSignal
}

/** Of a frame with a vector. */
const LONG_BYTES = 10_000
/** How many asks travel together. */
const BURST = 50

/** Takes and acknowledges what there is at first, and then asks. */
export async function insist(target: Target, options: InsistOptions): Promise<Insisting> {
  const { asksMax, signal } = options
  const talk = await join(target, options)
  const { socket } = talk.session.channel
  const resume = (peerIncarnation: bigint) => linkFrame.resume({ incarnation: 7, peerIncarnation })
  try {
    await talk.send(resume(readLinkFrame(await talk.next()).numbers[1]!))
    // It asks where this member is before it says anything else, and then comes its first vector.
    for (let answered = false, long = false; !long; ) {
      const { kind, numbers, rest } = readLinkFrame(await talk.next())
      if (kind !== 'data') continue
      const received = Number(numbers[1])
      long = rest.length >= LONG_BYTES
      await talk.send(answered ? linkFrame.ack(received) : linkFrame.data(1, [positionOf(options)], received))
      answered = true
    }
    const before = { said: socket.sentBytes, brought: socket.receivedBytes }
    talk.stream.discard()
    for (let asked = 0; asked < asksMax && !signal.aborted; asked++) {
      await talk.send(resume(0n))
      if (asked % BURST === 0) await new Promise(setImmediate) // what came meanwhile is read
    }
    return {
      saidBytes: socket.sentBytes - before.said,
      broughtBytes: socket.receivedBytes - before.brought,
    }
  } finally {
    talk.close()
  }
}

/** A member that is at step 1, and new: frame.proto, `Position` in the phase `state`. */
function positionOf({ self }: InsistOptions): Buffer {
  const slot = message([1, 1], [2, 2], [4, self])
  return prefixed(message([1, slot], [9, message([1, 1], [5, 1])]))
}
