/**
 * Syncs that are asked for while one is under way share the next write. A failed write leaves the disk in an unknown
 * state, so after the first error every sync reports it: also after one in what a caller does when its sync is over.
 */

type Done = (error?: Error) => void

interface Flusher {
  sync(done: Done): void
  /** Resolves once the syncs asked for so far are over. */
  idle(): Promise<void>
  /** From now on every sync reports this, if none has failed before. */
  end(error: Error): void
}

/**
 * @param write brings everything so far to the disk
 * @param explain makes an error of it for people
 */
export function createFlusher(write: () => Promise<void>, explain: (error: unknown) => Error): Flusher {
  let waiting: Done[] = []
  let failure: Error | undefined
  let flushing: Promise<void> | null = null
  const flush = async (): Promise<void> => {
    while (waiting.length > 0) {
      const callbacks = waiting
      waiting = []
      try {
        if (failure === undefined) await write()
      } catch (error) {
        failure = explain(error)
      }
      for (const done of callbacks) {
        try {
          done(failure)
        } catch (error) {
          failure ??= explain(error)
        }
      }
    }
    flushing = null
  }
  return {
    sync(done) {
      waiting.push(done)
      flushing ??= Promise.resolve().then(flush)
    },
    idle: async () => {
      await flushing
    },
    end(error) {
      failure ??= error
    },
  }
}
