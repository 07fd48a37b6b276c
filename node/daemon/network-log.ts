/** Sends the network's lines to the log that the user asked for. Without one, its warnings become events. */
import type { Log } from '../network/index.ts'
import type { PeerEvent } from './events.ts'

/** Faults are left out, because they come as events already. */
export function networkLog(log: Log | null, onEvent: (event: PeerEvent) => void): Log {
  const warn: Log['warn'] = log?.warn.bind(log) ?? ((_, text) => onEvent({ kind: 'log', text }))
  return {
    debug: log?.debug.bind(log) ?? (() => {}),
    info: log?.info.bind(log) ?? (() => {}),
    warn(fields, text) {
      if (!('fault' in fields)) warn(fields, text)
    },
  }
}
