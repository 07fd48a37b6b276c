/**
 * Decides when to dial which peer. In each pair the lower index dials at once and the higher only after a while. So a
 * pair connects if either of the two can reach the other, and rarely twice. A peer that is being flooded dials at once,
 * as the dials of others may not come through to it. Failures back off with jitter.
 * How many are dialled at once, and in which order, is the queue's business (dial-queue.ts).
 */
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { Clock, Timer } from '../ports.ts'
import {
  BACKOFF_FIRST_MS,
  BACKOFF_LAST_MS,
  CROWDED_FOR_MS,
  HURRY_INTERVAL_MS,
  PATIENCE_MS,
  STEADY_AFTER_MS,
} from './constants.ts'
import { createAttempts, createDialQueue } from './dial-queue.ts'

export interface Redial {
  /** This peer is wanted and missing: dials it when its time has come. */
  want(peer: PeerIndex): void
  /** Something new is known about it (an address): dials soon, regardless of the back-off, if there is room. */
  hurry(peer: PeerIndex): void
  /** There is no room at this peer's own door: for a while it waits for nobody, and dials everyone itself. */
  crowded(): void
  /** The peer is connected: no more dials; the back-off begins anew next time, if this lasts for a while. */
  settle(peer: PeerIndex): void
  /** The peers that are wanted and missing. */
  missing(): readonly PeerIndex[]
  stop(): void
}

interface RedialOptions {
  readonly self: PeerIndex
  /** How many members may lie. */
  readonly faults: number
  readonly clock: Clock
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** Tries once: whether a connection came up. It may still be refused: only `settle` says that the peer is there. */
  readonly dial: (peer: PeerIndex) => Promise<boolean>
}

export function createRedial({ self, faults, clock, random, dial }: RedialOptions): Redial {
  const timers = new Map<PeerIndex, Timer & { readonly atMs: number }>()
  const attempts = createAttempts(clock)
  const wanted = new Set<PeerIndex>()
  const settledMs = new Map<PeerIndex, number>()
  /** How often in a row the peer left soon after it had connected. */
  const flaps = new Map<PeerIndex, number>()

  const schedule = (peer: PeerIndex, delayMs: number): void => {
    timers.get(peer)?.cancel()
    const { cancel } = clock.after(delayMs, () => {
      timers.delete(peer)
      if (wanted.has(peer) && !queue.has(peer)) queue.add(peer)
    })
    timers.set(peer, { cancel, atMs: clock.nowMs() + delayMs })
  }
  const queue = createDialQueue({
    faults,
    clock,
    dial,
    attempts,
    ended(peer) {
      // Still wanted: it failed, or the connection has yet to prove itself. Ask again later.
      if (wanted.has(peer)) schedule(peer, backoffMs(attempts.count(peer), random))
    },
  })
  let crowdedUntilMs = -Infinity
  const patienceMs = (peer: PeerIndex): number =>
    self < peer || clock.nowMs() < crowdedUntilMs ? 0 : PATIENCE_MS
  const hurry = (peer: PeerIndex): void => {
    if (!wanted.has(peer) || queue.has(peer)) return
    const nowMs = clock.nowMs()
    const delayMs = Math.max(patienceMs(peer) * random(), attempts.lastMs(peer) + HURRY_INTERVAL_MS - nowMs)
    if (nowMs + delayMs < (timers.get(peer)?.atMs ?? Infinity)) schedule(peer, delayMs)
  }
  return {
    want(peer) {
      if (wanted.has(peer)) return
      wanted.add(peer)
      // A peer that comes and goes all the time does not cause as many dials.
      const lastedMs = clock.nowMs() - (settledMs.get(peer) ?? -Infinity)
      const failures = lastedMs < STEADY_AFTER_MS ? (flaps.get(peer) ?? 0) + 1 : 0
      flaps.set(peer, failures)
      attempts.reset(peer, failures)
      schedule(peer, patienceMs(peer) + (failures === 0 ? 0 : backoffMs(failures, random)))
    },
    hurry,
    crowded() {
      const nowMs = clock.nowMs()
      const isNews = nowMs >= crowdedUntilMs
      crowdedUntilMs = nowMs + CROWDED_FOR_MS
      if (isNews) for (const peer of wanted) hurry(peer)
    },
    settle(peer) {
      wanted.delete(peer)
      queue.settle(peer)
      settledMs.set(peer, clock.nowMs())
      timers.get(peer)?.cancel()
      timers.delete(peer)
    },
    missing: () => [...wanted],
    stop() {
      queue.clear()
      wanted.clear()
      for (const timer of timers.values()) timer.cancel()
      timers.clear()
    },
  }
}

/** Doubled with each failure up to a limit, then drawn from ±50 % so that a cohort does not dial in step. */
export function backoffMs(failures: number, random: () => number): number {
  const nominal = Math.min(BACKOFF_FIRST_MS * 2 ** (failures - 1), BACKOFF_LAST_MS)
  return nominal * (0.5 + random())
}
