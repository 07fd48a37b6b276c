/**
 * Texts that others may have a say in (errors, reasons, details of faults) are cut to a length that a page can hold by the
 * thousand. What is cut says so where it stands.
 */
import type { RunEvent } from './events.ts'

/** Characters of a text that are kept. Of faults a document holds up to 4000. */
export const TEXT_KEPT = 300

function cut(text: string): string
function cut(text: string | null): string | null
function cut(text: string | null): string | null {
  if (text === null || text.length <= TEXT_KEPT) return text
  return `${text.slice(0, TEXT_KEPT)}… (cut here, after ${TEXT_KEPT} of ${text.length} characters)`
}

/** The same event, with no text of others in it longer than it may be. */
export function cutShort(event: RunEvent): RunEvent {
  switch (event.kind) {
    case 'place':
      return event.why ? { ...event, why: cut(event.why) } : event
    case 'link':
      return event.reason ? { ...event, reason: cut(event.reason) } : event
    case 'mark':
      return event.mark.detail ? { ...event, mark: { ...event.mark, detail: cut(event.mark.detail) } } : event
    case 'fault': {
      const { kind, detail } = event.fault
      return detail || kind.length > TEXT_KEPT
        ? { ...event, fault: { ...event.fault, kind: cut(kind), detail: cut(detail) } }
        : event
    }
    case 'note':
      return { ...event, text: cut(event.text) }
    case 'broken':
      return { ...event, why: cut(event.why) }
    default:
      return event
  }
}
