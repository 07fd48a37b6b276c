/**
 * Queues stay within their limits. In an undisturbed world each vector of an honest author reaches each peer once, and
 * the bytes that peers count are the bytes that the network took.
 */
import { slotKey } from '../../agreement/message.ts'
import { defaultLinkLimits, type LinkLimits } from '../link/limits.ts'
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
  { settings, honest, undisturbed }: CheckedRun,
  violate: Violate,
): Checker {
  const arrivals = new Map<string, number>()
  return {
    name: 'traffic',
    received(peer, from, message) {
      if (!undisturbed || (message.kind !== 'vector' && message.kind !== 'payload')) return
      if (!honest.includes(message.slot.sender) || !honest.includes(from)) return
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
