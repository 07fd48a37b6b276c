/** The process that started a peer's process, as the demo does: it hears what happens, and may ask for the end. */
import type { PeerEvent } from '../../daemon/events.ts'

/** What it may tell the peer's process. */
export interface Order {
  readonly kind: 'stop'
}

export interface Parent {
  tell(event: PeerEvent): void
  /** Told to stop, or the parent is gone. */
  readonly stop: Promise<void>
  /** Ends the conversation once all that was told is on its way. */
  leave(): Promise<void>
}

/**
 * The process that started this one, if it wants to hear of it.
 * @param observed steps after which the vectors travel, too
 */
export function parentProcess(observed: (step: number) => boolean): Parent | null {
  if (process.send === undefined) return null
  const { promise, resolve } = Promise.withResolvers<void>()
  process.on('disconnect', resolve)
  process.on('message', (order: Order) => {
    if (order.kind === 'stop') resolve()
  })
  let unsent = 0
  const allSent = Promise.withResolvers<void>()
  let isLeaving = false
  const look = () => {
    if (isLeaving && (unsent === 0 || !process.connected)) allSent.resolve()
  }
  process.on('disconnect', look)
  return {
    tell(event) {
      const isWhole = event.kind !== 'step' || observed(event.step)
      // A parent that is gone is noticed by 'disconnect'.
      if (!process.connected) return
      unsent++
      process.send?.(isWhole ? event : { ...event, vectors: null }, undefined, undefined, () => {
        unsent--
        look()
      })
    },
    stop: promise,
    async leave() {
      isLeaving = true
      look()
      // A busy parent reads late, and what waits in this process when it disconnects is lost.
      await allSent.promise
      if (process.connected) process.disconnect()
    },
  }
}
