/** Where the network's lines go: to the log that was asked for, or, where there is none, its warnings as events. */
import type { Log } from '../network/index.ts'
import type { PeerEvent } from './events.ts'

/** Faults are told once, as events. */
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
