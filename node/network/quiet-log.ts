/**
 * A log that stays readable when the same thing happens all the time: the first time at once, and then at most one
 * line a minute, with how often it happened since.
 */
import type { Clock } from '../ports.ts'
import { REPEATED_LOG_INTERVAL_MS } from './constants.ts'
import type { Log } from './log.ts'

/** @param key what counts as the same; there must be few of them */
export type QuietWarning = (key: string, fields: object, text: string) => void

export function createQuietWarning(log: Log, clock: Clock): QuietWarning {
  const entries = new Map<string, { untilMs: number; unsaid: number }>()
  return (key, fields, text) => {
    const entry = entries.get(key) ?? { untilMs: -Infinity, unsaid: 0 }
    entries.set(key, entry)
    if (clock.nowMs() < entry.untilMs) {
      entry.unsaid++
      return
    }
    const { unsaid } = entry
    const more = unsaid === 0 ? '' : ` (and ${unsaid} more since the last such line)`
    log.warn(unsaid === 0 ? fields : { ...fields, times: unsaid + 1 }, `${text}${more}`)
    entry.untilMs = clock.nowMs() + REPEATED_LOG_INTERVAL_MS
    entry.unsaid = 0
  }
}
