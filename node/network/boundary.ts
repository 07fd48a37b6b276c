/**
 * The boundary around everything that a connection makes this process run: listeners, timers, promises, callbacks.
 *
 * An exception inside is a defect, of ours or of a library, that the other side has met and may meet again. It must end
 * the connection that it concerns, and be reported. It must never end the process, which every other member needs. Node
 * raises what a listener throws, or a promise rejects with, at the process, so nothing is left to chance here.
 */
export interface Boundary {
  /** Runs it; undefined if it threw. */
  run<Result>(what: () => Result): Result | undefined
  /** The same function, inside the boundary. A promise that it returns is inside, too. */
  around<Arguments extends readonly unknown[]>(
    what: (...given: Arguments) => unknown,
  ): (...given: Arguments) => void
  /** All listeners that are added to this target from now on run inside, no matter who adds them. */
  enclose(target: Listened, admits?: Admission): void
}

/** What `enclose` needs of an event target. */
interface Listened {
  addEventListener(type: never, listener: never, options?: never): void
  removeEventListener(type: never, listener: never, options?: never): void
}

/** Sees every event before the listeners do; false keeps the event from them. */
type Admission = (event: Event) => boolean

type Listener = ((event: Event) => unknown) | { handleEvent(event: Event): unknown }

interface Plain {
  addEventListener(type: string, listener: Listener | null, options?: unknown): void
  removeEventListener(type: string, listener?: Listener | null, options?: unknown): void
}

/** @param failed reports the exception and ends what it concerns; what it throws itself is dropped */
export function createBoundary(failed: (error: Error) => void): Boundary {
  const fail = (error: unknown): void => {
    try {
      failed(error instanceof Error ? error : new Error(String(error)))
    } catch {
      // Something was ended twice: libp2p throws then in places.
    }
  }
  const run = <Result>(what: () => Result): Result | undefined => {
    try {
      return what()
    } catch (error) {
      fail(error)
      return undefined
    }
  }
  const around =
    <Arguments extends readonly unknown[]>(what: (...given: Arguments) => unknown) =>
    (...given: Arguments): void => {
      const result = run(() => what(...given))
      if (result instanceof Promise) result.catch(fail)
    }
  return {
    run,
    around,
    enclose(target, admits) {
      const plain = target as unknown as Plain
      const { addEventListener, removeEventListener } = plain
      const inside = new WeakMap<Listener, Listener>()
      const enclosed = (listener: Listener): Listener => {
        const known = inside.get(listener)
        if (known !== undefined) return known
        const made = around((event: Event) => {
          if (admits !== undefined && !admits(event)) return undefined
          return typeof listener === 'function' ? listener(event) : listener.handleEvent(event)
        })
        inside.set(listener, made)
        return made
      }
      plain.addEventListener = (type, listener, options) =>
        addEventListener.call(plain, type, listener && enclosed(listener), options)
      plain.removeEventListener = (type, listener, options) =>
        removeEventListener.call(plain, type, (listener && inside.get(listener)) ?? listener, options)
    },
  }
}
