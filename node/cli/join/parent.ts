/** The process that started a peer's process, as the demo does: it gets the peer's events, and may ask it to stop. */
import type { PeerEvent } from '../../daemon/events.ts'

/** An order to the peer's process. */
export interface Order {
  readonly kind: 'stop'
}

export interface Parent {
  tell(event: PeerEvent): void
  /** Resolves once the parent asks to stop, or is gone. */
  readonly stop: Promise<void>
  /** Disconnects once all events are on their way. */
  leave(): Promise<void>
}

/**
 * The process that started this one, if it wants the events.
 * @param observed whether the vectors after a step travel too
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
      // A busy parent reads late, and messages that still wait in this process when it disconnects are lost.
      await allSent.promise
      if (process.connected) process.disconnect()
    },
  }
}
