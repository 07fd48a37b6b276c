/** A TCP connection as it is: bytes out, bytes in, and how many of each. */
import { connect, type Socket } from 'node:net'
import { CONNECT_TIMEOUT_MS, UNREAD_BYTES_MAX, UNSENT_BYTES_MAX } from './limits.ts'
import { createQueue, RawError } from './queue.ts'

/** Where bytes go out and come in: a socket, what Noise makes of it, a stream of the multiplexer. */
export interface Channel {
  /** Sends at once; false if the socket is full: then wait for `drained`. A closed channel takes nothing. */
  write(bytes: Uint8Array): boolean
  /** There is room in the socket, or it is closed. */
  drained(): Promise<void>
  /** Exactly this many bytes, as they come. */
  read(count: number, timeoutMs?: number): Promise<Buffer>
  /** Resolves once, with why it is over. */
  readonly closed: Promise<string>
  readonly isOpen: boolean
}

export interface RawSocket extends Channel {
  /** Stops reading from the kernel: its buffers fill, and then the other side's. */
  pause(): void
  resume(): void
  /** Sends FIN once everything is sent. */
  end(): void
  /** Gone at once. */
  destroy(): void
  readonly sentBytes: number
  readonly receivedBytes: number
}

export interface Target {
  readonly host: string
  readonly port: number
}

export interface SocketOptions {
  /** The source address, as `127.0.1.3`. */
  readonly localAddress?: string
  readonly timeoutMs?: number
}

/** `/ip4/127.0.0.1/tcp/4001`, whatever follows. */
export function targetOf(address: string): Target {
  const [, host, port] = /^\/(?:ip4|ip6|dns4?)\/([^/]+)\/tcp\/(\d+)(?=\/|$)/.exec(address) ?? []
  if (host === undefined) throw new RawError(`"${address}" is no TCP address like /ip4/127.0.0.1/tcp/4001`)
  return { host, port: Number(port) }
}

/** Rejects if nobody listens, or not in time. */
export function openSocket(target: Target, options: SocketOptions = {}): Promise<RawSocket> {
  const { localAddress, timeoutMs = CONNECT_TIMEOUT_MS } = options
  return new Promise((resolve, reject) => {
    const socket = connect({ ...target, ...(localAddress !== undefined && { localAddress }) })
    const raw = wrap(socket)
    const timer = setTimeout(
      () => socket.destroy(new Error(`not connected within ${timeoutMs} ms`)),
      timeoutMs,
    )
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.setNoDelay(true)
      resolve(raw)
    })
    void raw.closed.then(reason => {
      clearTimeout(timer)
      reject(new RawError(`${target.host}:${target.port}: ${reason}`))
    })
  })
}

function wrap(socket: Socket): RawSocket {
  const { promise: closed, resolve } = Promise.withResolvers<string>()
  let isHeld = false
  let isFull = false
  let why = 'closed by the other side'
  const flow = (): void => {
    const full = queue.waitingBytes > UNREAD_BYTES_MAX
    if (full === isFull) return
    isFull = full
    if (isFull || isHeld) socket.pause()
    else socket.resume()
  }
  const queue = createQueue(flow)
  socket.on('data', bytes => {
    queue.push(bytes as Buffer)
    flow()
  })
  socket.on('error', error => {
    why = error.message
  })
  socket.on('end', () => queue.end(why))
  socket.on('close', () => {
    queue.end(why)
    resolve(why)
  })
  return {
    write(bytes) {
      if (!socket.writable) return false
      if (socket.writableLength + bytes.length > UNSENT_BYTES_MAX)
        throw new RawError(`more than ${UNSENT_BYTES_MAX} bytes wait to be sent: wait for drained()`)
      return socket.write(bytes)
    },
    drained() {
      if (socket.closed || !socket.writableNeedDrain) return Promise.resolve()
      return new Promise(done => {
        socket.once('drain', done)
        void closed.then(() => done())
      })
    },
    read: (count, timeoutMs) => queue.read(count, timeoutMs),
    pause() {
      isHeld = true
      socket.pause()
    },
    resume() {
      isHeld = false
      if (!isFull) socket.resume()
    },
    end: () => void socket.end(),
    destroy() {
      why = 'closed here'
      socket.destroy()
    },
    closed,
    get isOpen() {
      return socket.writable
    },
    get sentBytes() {
      return socket.bytesWritten
    },
    get receivedBytes() {
      return socket.bytesRead
    },
  }
}
