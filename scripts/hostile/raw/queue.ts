/** Bytes that have come and wait to be read, by their number, one reader at a time. */
import { READ_TIMEOUT_MS } from './limits.ts'

/** Something that the raw client could not do, or was not allowed to do. */
export class RawError extends Error {
  override readonly name = 'RawError'
}

interface ByteQueue {
  push(bytes: Uint8Array): void
  /** Nothing more will come: what waits can still be read. */
  end(reason: string): void
  /**
   * Exactly this many bytes. Rejects with a `RawError` if they never come, or not in time; `Infinity` waits for ever.
   */
  read(count: number, timeoutMs?: number): Promise<Buffer>
  /** From here on whatever comes is let go. */
  discard(): void
  readonly waitingBytes: number
}

interface Waiter {
  readonly count: number
  readonly resolve: (bytes: Buffer) => void
  readonly reject: (error: RawError) => void
  readonly timer: NodeJS.Timeout | undefined
}

/** @param taken called whenever bytes were read */
export function createQueue(taken: () => void = () => {}): ByteQueue {
  const chunks: Buffer[] = []
  let waitingBytes = 0
  let ended: string | null = null
  let isDiscarding = false
  let waiter: Waiter | null = null

  const take = (count: number): Buffer => {
    const parts: Buffer[] = []
    for (let missing = count; missing > 0; ) {
      const first = chunks[0]!
      const part = first.subarray(0, missing)
      parts.push(part)
      missing -= part.length
      if (part.length === first.length) chunks.shift()
      else chunks[0] = first.subarray(part.length)
    }
    waitingBytes -= count
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  }
  const settle = (): void => {
    if (waiter === null) return
    const { count, resolve, reject, timer } = waiter
    if (waitingBytes < count && ended === null) return
    waiter = null
    clearTimeout(timer)
    if (waitingBytes < count) reject(new RawError(ended!))
    else {
      resolve(take(count))
      taken()
    }
  }
  return {
    push(bytes) {
      if (ended !== null || isDiscarding || bytes.length === 0) return
      chunks.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
      waitingBytes += bytes.length
      settle()
    },
    end(reason) {
      ended ??= reason
      settle()
    },
    read(count, timeoutMs = READ_TIMEOUT_MS) {
      if (waiter !== null) throw new RawError('one reader at a time')
      return new Promise((resolve, reject) => {
        const late = (): void => {
          waiter = null
          reject(new RawError(`${count} bytes did not come within ${timeoutMs} ms`))
        }
        const timer = timeoutMs === Number.POSITIVE_INFINITY ? undefined : setTimeout(late, timeoutMs)
        waiter = { count, resolve, reject, timer }
        settle()
      })
    },
    discard() {
      isDiscarding = true
      chunks.length = 0
      waitingBytes = 0
    },
    get waitingBytes() {
      return waitingBytes
    },
  }
}
