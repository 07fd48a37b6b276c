/**
 * Turns for the rest of the process. A world goes from event to event without a pause, so nothing else of the process
 * would run before its end: a page that is served of it would never be answered.
 */

/** A world that is looked at runs so long at a time. */
const TURN_MS = 25

/** Between two events: what to wait for, or null. Which event comes next does not depend on it. */
export function turnsForOthers(): () => Promise<void> | null {
  let since = performance.now()
  return () => {
    if (performance.now() - since < TURN_MS) return null
    const { promise, resolve } = Promise.withResolvers<void>()
    setImmediate(() => {
      since = performance.now()
      resolve()
    })
    return promise
  }
}
