/**
 * The four things that differ between a real peer and a simulated one. Everything else is the same code.
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

/** Takes one frame in as its parts arrive. */
export interface FrameReader {
  /** The next bytes, front to back; nobody writes to them any more. */
  add(part: Uint8Array): void
  /** All bytes of the frame were added. It never comes for a frame that a lost connection cuts off. */
  end(): void
}

/** What a transport reports. Every callback runs to completion before the next one. */
export interface TransportEvents {
  /** A member passed admission; frames may flow both ways. At most one connection a pair. */
  connected(peer: PeerIndex): void
  disconnected(peer: PeerIndex, reason: string): void
  /** A frame of so many bytes begins to arrive. */
  frame(peer: PeerIndex, bytes: number): FrameReader
  /** The socket took what was queued, after `send` returned false. */
  drained(peer: PeerIndex): void
  /** Misbehaviour seen below the frames (oversize or truncated framing, a stranger: no peer index). */
  fault(peer: PeerIndex | null, kind: FaultKind, detail: string): void
}

/** Unreliable delivery of frames between members, in order per connection. Resending is the link's work. */
export interface Transport {
  start(events: TransportEvents): void
  /** False: the connection is gone or full; after `drained` (or `connected`) there is room again. The frame was taken only if true. */
  send(to: PeerIndex, frame: Frame): boolean
  /** Stops and resumes reading from a peer: back-pressure. */
  pause(from: PeerIndex): void
  resume(from: PeerIndex): void
  /** Cuts a peer off for good (proved misbehaviour). */
  ban(peer: PeerIndex, reason: string): void
  stop(done: () => void): void
}

/** Something that is to happen later, and can be called off. */
export interface Timer {
  cancel(): void
}

/** Time, real or simulated. */
export interface Clock {
  /** Milliseconds since an arbitrary origin, never going back. */
  nowMs(): number
  after(delayMs: number, callback: () => void): Timer
}

/** How far a peer has ever bound itself: kept apart from the log, so that a log that lost something is found out. */
export interface Watermark {
  /** Records ever written, in all lives. */
  readonly entries: number
  /** The newest step in which this peer has said something that binds it; 0: in none. */
  readonly step: number
}

/** An append-only log of records. What was appended survives a crash once `sync` has called back without error. */
export interface Storage {
  /** The records that survived, in order, read once at start. */
  readonly recovered: readonly Uint8Array[]
  /** As the last `sync` that ended left it; zeros where nothing was ever synced. Null: missing or unreadable. */
  readonly watermark: Watermark | null
  append(record: Uint8Array): void
  /** Once the records are durable, the watermark is written, and then this calls back: it is never ahead of the log. */
  sync(watermark: Watermark, done: (error?: Error) => void): void
  /**
   * Replaces all records by these, atomically (a checkpoint). Durable after the next `sync`. The first is kept twice:
   * all else depends on it.
   */
  rewrite(first: Uint8Array, rest: readonly Uint8Array[]): void
}

/** Nothing was ever written. */
export const NO_WATERMARK: Watermark = { entries: 0, step: 0 }

/** Deterministic randomness from a seed: uniform in [0, 1). */
export interface Random {
  next(): number
}
