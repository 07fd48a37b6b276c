/**
 * Queues stay within their limits. In an undisturbed world each vector of an honest author reaches each peer once, by
 * digest none reaches a peer that holds the same bytes, and the bytes that peers count are the bytes that the network took.
 */
import { slotKey } from '../../agreement/message.ts'
import type { PeerIndex } from '../../agreement/protocol.ts'
import { defaultLinkLimits, type LinkLimits } from '../link/limits.ts'
import { digestOf } from '../signatures/index.ts'
import type { CheckedRun, Checker, Violate } from './checker.ts'

export function createQueueChecker(_run: CheckedRun, violate: Violate): Checker {
  const { keptBytesMax }: LinkLimits = defaultLinkLimits
  return {
    name: 'bounded queues',
    links(peer, links) {
      for (const [other, link] of links.entries()) {
        if (link === null) continue
        if (link.keptBytes > keptBytesMax)
          violate(`peer ${peer} keeps ${link.keptBytes} bytes for peer ${other}; at most ${keptBytesMax}`)
        // An agreement takes every message at once: nothing may be withheld.
        if (link.withheld > 0) violate(`peer ${peer} withholds ${link.withheld} messages from peer ${other}`)
      }
    },
  }
}

/** Received vector bytes per vector of an honest author: exactly 1 if nothing is disturbed (at most 1.05). */
export function createTrafficChecker(
  { settings, honest, undisturbed, prompt = false }: CheckedRun,
  violate: Violate,
): Checker {
  const arrivals = new Map<string, number>()
  /** By peer and iteration: the digests of the vectors that it holds. */
  const held = new Set<string>()
  const isNew = (peer: PeerIndex, iteration: number, digest: string) => {
    const before = held.size
    return held.add(`${peer} ${iteration} ${digest}`).size > before
  }
  return {
    name: 'traffic',
    output(peer, output) {
      if (undisturbed && output.kind === 'sealed') isNew(peer, output.slot.iteration, digestOf(output.vector))
    },
    received(peer, from, message) {
      if (!undisturbed || (message.kind !== 'vector' && message.kind !== 'payload')) return
      if (!honest.includes(message.slot.sender) || !honest.includes(from)) return
      const { iteration } = message.slot
      const isNeeded = isNew(peer, iteration, message.sealed.digest)
      // Under synchrony a peer asks f + 1 authors at once.
      const asksOne = prompt && settings.synchrony === 'asynchronous'
      if (message.kind === 'payload' && !isNeeded && asksOne)
        violate(`peer ${peer} was given bytes by peer ${from} in iteration ${iteration} that it held already`)
      const key = `${peer} ${slotKey(message.slot)}`
      const count = (arrivals.get(key) ?? 0) + 1
      arrivals.set(key, count)
      if (count > 1)
        violate(
          `peer ${peer} received the vector of honest peer ${message.slot.sender} in iteration ${message.slot.iteration} ${count} times, the last from ${from}`,
        )
    },
    end({ statuses, bytesTaken }) {
      for (const peer of honest) {
        const status = statuses[peer]
        if (status && status.bytesSent !== bytesTaken[peer])
          violate(
            `peer ${peer} of ${settings.peers} accounts for ${status.bytesSent} bytes sent, the network took ${bytesTaken[peer]}`,
          )
      }
    },
  }
}
