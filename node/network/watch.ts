/**
 * What this peer knows of a connection below its streams: its owner, the stage of its handshake, and its cost. A
 * connection that costs more than any honest peer's is paused for a moment or cut off.
 */
import type { MessageStream, PeerId, SecuredConnection } from '@libp2p/interface'
import type { FaultKind } from '../../agreement/protocol.ts'
import { type Boundary, createBoundary } from './boundary.ts'
import { HANDSHAKE_BYTES_MAX, SELECTION_BYTES_MAX } from './constants.ts'
import type { FrameBudget } from './frame-budget.ts'

/**
 * A connection was cut off below its streams.
 * @param id the peer whose key it had proved; null before that
 * @param cause the exception, if it was one
 */
export type Offence = (id: PeerId | null, kind: FaultKind, detail: string, cause?: Error) => void

/**
 * In this order: no encrypter is agreed on yet; no key is proved yet; a key is proved, but there is no multiplexer yet;
 * the multiplexer is up.
 */
type Stage = 'selecting' | 'proving' | 'proved' | 'up'

export interface Watch {
  readonly boundary: Boundary
  readonly stage: () => Stage
  enter(stage: Stage): void
  /** The connection is over: nothing that still comes is read. */
  readonly isRefused: () => boolean
  /** False: refused, the bytes are not to be read. */
  handshake(bytes: number): boolean
  /** Acts on the state of a frame budget. False: refused. */
  settle(frameBudget: FrameBudget, what: string): boolean
  /** A stream of the connection is not read, or is again. */
  hold(isHeld: boolean): void
  refuse(kind: FaultKind, why: string): void
  readonly owner: () => PeerId | null
}

/** The watches of a node's connections, found by any layer of a connection. */
export interface Watches {
  /** By the socket's connection, or by the secured one on it. */
  of(connection: MessageStream): Watch
  secured(socket: MessageStream, secured: SecuredConnection): void
}

export function createWatches(offence: Offence): Watches {
  const watches = new WeakMap<MessageStream, Watch>()
  const owners = new WeakMap<Watch, SecuredConnection>()
  const of = (connection: MessageStream): Watch => {
    let watch = watches.get(connection)
    if (watch === undefined) {
      const made = createWatch(connection, () => owners.get(made) ?? null, offence)
      watch = made
      watches.set(connection, made)
    }
    return watch
  }
  return {
    of,
    secured(socket, secured) {
      const watch = of(socket)
      watches.set(secured.connection, watch)
      owners.set(watch, secured)
      watch.boundary.enclose(secured.connection)
    },
  }
}

function createWatch(
  socket: MessageStream,
  secured: () => SecuredConnection | null,
  offence: Offence,
): Watch {
  let isRefused = false
  let stage: Stage = 'selecting'
  let stageBytes = 0
  const owner = () => secured()?.remotePeer ?? null
  const boundary = createBoundary(error => {
    offence(owner(), 'exception', `its connection made this peer fail: ${error.message}`, error)
    socket.abort(error)
  })
  const reading = createReading(boundary, () => secured()?.connection ?? socket)
  const refuse = (kind: FaultKind, why: string): void => {
    if (isRefused) return
    isRefused = true
    // Not at once: this may run inside the connection's own `resume`, which goes on with the socket afterwards; or
    // right after the handshake, before libp2p has said whose connection it is.
    setImmediate(
      boundary.around(() => {
        offence(owner(), kind, why)
        socket.abort(new Error(why))
      }),
    )
  }
  return {
    boundary,
    owner,
    refuse,
    stage: () => stage,
    enter(next) {
      stage = next
      stageBytes = 0
    },
    isRefused: () => isRefused,
    handshake(bytes) {
      if (stage === 'up') return !isRefused
      stageBytes += bytes
      const limit = stage === 'selecting' ? SELECTION_BYTES_MAX : HANDSHAKE_BYTES_MAX
      if (stageBytes > limit) refuse('flooding', `more than ${limit} bytes before its handshake was done`)
      return !isRefused
    },
    settle(frameBudget, what) {
      const restMs = frameBudget.restMs(performance.now())
      if (restMs === null) refuse('flooding', `more ${what} at once than any peer has reason to send`)
      else reading.rest(restMs)
      return !isRefused
    },
    hold: reading.hold,
  }
}

interface Reading {
  /** Reads nothing more for a while; further calls meanwhile change nothing. */
  rest(ms: number): void
  /** Reads nothing more until it is released. */
  hold(isHeld: boolean): void
}

function createReading(boundary: Boundary, connection: () => MessageStream): Reading {
  let paused: MessageStream | null = null
  let [isResting, isHeld, isResuming] = [false, false, false]
  const settle = (): void => {
    // What is handed out by `resume` may be too much again: that is seen to once it has returned.
    if (isResuming || (isResting || isHeld) === (paused !== null)) return
    if (paused === null) {
      const open = connection()
      if (open.status !== 'open') return
      paused = open
      open.pause()
      return
    }
    const resumed = paused
    paused = null
    isResuming = true
    resumeReading(resumed)
    isResuming = false
    settle()
  }
  return {
    rest(ms) {
      if (ms === 0 || isResting) return
      isResting = true
      setTimeout(
        boundary.around(() => {
          isResting = false
          settle()
        }),
        ms,
      )
      settle()
    },
    hold(held) {
      isHeld = held
      settle()
    },
  }
}

/**
 * Reads on. `resume` first hands out the bytes that were kept, and then touches the layer below. The reader of those
 * bytes may have closed that layer meanwhile, which is not a failure.
 */
export function resumeReading(stream: Pick<MessageStream, 'status' | 'resume'>): void {
  if (stream.status !== 'open') return
  try {
    stream.resume()
  } catch (error) {
    if (stream.status === 'open') throw error
  }
}
