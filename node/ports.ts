/**
 * The three things that differ between a real peer and a simulated one. Everything else is the same code. Each has a
 * contract suite in `test/node/contracts/`, which every implementation passes.
 */
import type { FaultKind, PeerIndex } from '../agreement/protocol.ts'

/**
 * A frame as chunks in order; the wire carries their concatenation behind a varint length. Chunks are shared
 * between recipients (a vector's bytes are never copied to be sent) and must not be written to.
 */
export type Frame = readonly Uint8Array[]

/** Bytes of a frame's content. */
export function sizeOf(frame: Frame): number {
  let sum = 0
  for (const chunk of frame) sum += chunk.byteLength
  return sum
}

/** Reads one frame as its parts arrive. */
export interface FrameReader {
  /** Adds the next bytes, front to back; nobody writes to them any more. */
  add(part: Uint8Array): void
  /** All bytes of the frame were added. Never called for a frame that a lost connection cuts off. */
  end(): void
}

/** The events of a transport. Every callback runs to completion before the next one, and none within a `send`. */
export interface TransportEvents {
  /**
   * A member was admitted, and frames may flow both ways. A pair has at most one connection at a time; called once for
   * each.
   */
  connected(peer: PeerIndex): void
  /** Frames in flight may be lost; no frame of this connection arrives any more. */
  disconnected(peer: PeerIndex, reason: string): void
  /**
   * A frame of this many bytes begins to arrive. Frames come whole or not at all, once, in the order in which they were
   * sent.
   */
  frame(peer: PeerIndex, bytes: number): FrameReader
  /**
   * The socket has taken what was queued after `send` had returned false. Never called if there was room all the time.
   */
  drained(peer: PeerIndex): void
  /** Misbehaviour seen below the frames (oversize or truncated framing, a stranger: no peer index). */
  fault(peer: PeerIndex | null, kind: FaultKind, detail: string): void
  /** Another process with this peer's key has been met. */
  secondProcess?(second: SecondProcess): void
  /** So many members have another cohort file that this peer can never go on. */
  otherCohorts?(others: OtherCohorts): void
}

/** Members whose cohort file is another one, more than f of them. */
export interface OtherCohorts {
  readonly by: readonly PeerIndex[]
  /** The last one that was met, and in what its file differs. */
  readonly peer: PeerIndex
  readonly detail: string
}

/** What others say of another process that runs with this peer's key. */
export interface SecondProcess {
  /** The members that say so. */
  readonly by: readonly PeerIndex[]
  readonly address: string
  /** By its own clock, milliseconds since 1970. */
  readonly startedMs: number
  /** The other one runs already, and this process must end: more than f say so. False: the other one is refused. */
  readonly isRefused: boolean
}

/**
 * Unreliable delivery of frames between members, in order per connection. Resending is the link's work.
 * `test/node/contracts/transport.ts` tests every implementation against this.
 */
export interface Transport {
  /** Begins to connect to the others. Nothing is reported before. */
  start(events: TransportEvents): void
  /** False: the connection is gone or full; after `drained` (or `connected`) there is room again. The frame was taken only if true. */
  send(to: PeerIndex, frame: Frame): boolean
  /** Stops and resumes reading from a peer: back-pressure, which slows the sender down and loses nothing. */
  pause(from: PeerIndex): void
  resume(from: PeerIndex): void
  /** Cuts a peer off for good (proved misbehaviour); both sides see a disconnection. */
  ban(peer: PeerIndex, reason: string): void
  /** Disconnects from all. Nothing is reported any more, and others can connect to this peer after a restart. */
  stop(done: () => void): void
}

/** A callback that runs later, and can be cancelled. */
export interface Timer {
  /** It will not run any more. Does nothing if it has run, or was cancelled before. */
  cancel(): void
}

/** Time, real or simulated. `test/node/contracts/clock.ts` tests every implementation against this. */
export interface Clock {
  /** Milliseconds since an arbitrary origin, never going back. */
  nowMs(): number
  /**
   * Runs the callback once, when the delay is over (to a millisecond, and 24 days are enough for any), never within
   * this call. Timers of one delay run in the order in which they were set.
   */
  after(delayMs: number, callback: () => void): Timer
}

/**
 * How far a peer has ever bound itself. It is kept apart from the log, so that a log that has lost something is
 * noticed.
 */
export interface Watermark {
  /** How many records were ever written, restarts included. */
  readonly entries: number
  /** The newest step in which this peer has said something that binds it; 0: in none. */
  readonly step: number
}

export type LogAbsence = 'missing' | 'forgotten'

/**
 * Places for vectors beside the records, all of one size: a long vector is written once, whatever refers to it, and read
 * again when somebody needs it. `test/node/contracts/storage.ts` tests every implementation against this.
 */
export interface VectorPlaces {
  /**
   * Puts bytes into a free place, and returns its number. They survive a crash once a sync that began behind this has
   * called back without an error, and must not be written to before. They are on the disk before any record that was
   * appended behind this.
   */
  put(bytes: Uint8Array): number
  /** Fills `into` with the bytes of the place, from byte `at` on. @throws if it cannot be read */
  read(place: number, at: number, into: Uint8Array): void
  /** Called once, before anything is put: these places are taken, and all others free. */
  take(places: Iterable<number>): void
  /** Nothing needs the place any more. It is used again only after a sync that began behind this has called back. */
  free(place: number): void
}

/** An append-only log of records. `test/node/contracts/storage.ts` tests every implementation against this. */
export interface Storage {
  /** The records that survived, in order, read once at start. */
  readonly recovered: readonly Uint8Array[]
  /** As the last `sync` that ended left it; zeros where nothing was ever synced. Null: missing or unreadable. */
  readonly watermark: Watermark | null
  /** Why there are no records, where that is known: no log was there, or it was set aside as its operator asked. */
  readonly absence?: LogAbsence | null
  /** The record must not be written to until a sync that began behind it has called back. */
  append(record: Uint8Array): void
  /**
   * Calls back once, never within this call: without an error once all that was appended before it survives a crash,
   * and the watermark, written behind it, does too: it is never ahead of the log. Of what was appended later, a crash
   * leaves some first part, or nothing. Syncs may be over in another order than they began. After one error every sync
   * of this opening has one: the peer must stop.
   */
  sync(watermark: Watermark, done: (error?: Error) => void): void
  /**
   * Replaces all records by these, wholly or not at all (a checkpoint). Durable after the next `sync`. The first is
   * kept twice: all else depends on it.
   */
  rewrite(first: Uint8Array, rest: readonly Uint8Array[]): void
  /** Places for vectors of so many bytes; null, or absent: they are so short that they stand in the records. */
  vectors?(bytes: number): VectorPlaces | null
}

/** Nothing was ever written. */
export const NO_WATERMARK: Watermark = { entries: 0, step: 0 }
