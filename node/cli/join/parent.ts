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

/** Which steps the parent wants to see the vectors of. */
interface Observation {
  /** The last step. */
  readonly steps: number
  /** Every so many; null: none. */
  readonly every: number | null
}

/**
 * The bytes of vectors that a peer sends in a run beside those of the first and the last step. Whatever a model's size,
 * being watched must not become most of the work.
 */
const VECTORS_BYTES_MAX = 32e6

/** The steps to see vectors of, where a vector has so many coordinates: seldom where vectors are large. */
export function observedSteps({ steps, every }: Observation, dimension: number): (step: number) => boolean {
  if (every === null) return () => false
  const bytesEach = 2 * 4 * dimension
  const interval = Math.max(every, Math.ceil((steps * bytesEach) / VECTORS_BYTES_MAX))
  return step => step === 1 || step === steps || step % interval === 0
}

/** The process that started this one, if it wants the events. */
export function parentProcess(observation: Observation): Parent | null {
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
  const withVectors = chooseVectors(observation)
  return {
    tell(event) {
      // A parent that is gone is noticed by 'disconnect'.
      if (!process.connected) return
      const { told, sent } = withVectors(event)
      unsent++
      process.send?.(told, undefined, undefined, () => {
        unsent--
        sent()
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

/** Takes the vectors out of events, except at the steps observed. */
function chooseVectors(observation: Observation) {
  let isObserved: (step: number) => boolean = () => false
  let onTheirWay = 0
  return (event: PeerEvent): { readonly told: PeerEvent; sent(): void } => {
    if (event.kind === 'listening') isObserved = observedSteps(observation, event.dimension)
    if (event.kind !== 'step') return { told: event, sent() {} }
    // A parent that has not read the vectors of an earlier step would get these late, and they would wait in memory here.
    const isTaken = isObserved(event.step) && (onTheirWay === 0 || event.step === observation.steps)
    if (!isTaken) return { told: { ...event, vectors: null }, sent() {} }
    onTheirWay++
    return {
      told: event,
      sent() {
        onTheirWay--
      },
    }
  }
}
