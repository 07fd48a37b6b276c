/**
 * The one limit on all lines that others cause: a number a minute for each peer and kind of line. The next line says
 * how many were left out. All strangers together count as one peer, so no flood of names makes this grow.
 */
import type { PeerIndex } from '../../agreement/protocol.ts'

interface Quiet<Kind extends string> {
  /** Null: this line is left out. Otherwise how many were left out since the last one of its peer and kind. */
  admit(peer: PeerIndex | null, kind: Kind): number | null
  /** The lines that were left out and not reported yet; from now on they count as reported. */
  leftOut(): readonly LeftOut<Kind>[]
  /** The memory: at most one entry for each peer and kind. */
  size(): number
}

interface LeftOut<Kind extends string> {
  readonly peer: PeerIndex | null
  readonly kind: Kind
  readonly count: number
}

interface QuietOptions<Kind extends string> {
  /** A clock that never goes back. */
  readonly nowMs: () => number
  /** Lines of a kind in `QUIET_INTERVAL_MS` for each peer; 1 by default. */
  readonly lines?: Partial<Readonly<Record<Kind, number>>>
}

/** Short enough to see that something goes on, long enough that a thousand peers fill no disk. */
export const QUIET_INTERVAL_MS = 60_000

interface Entry<Kind extends string> {
  readonly peer: PeerIndex | null
  readonly kind: Kind
  untilMs: number
  left: number
  leftOut: number
}

export function createQuiet<Kind extends string>({ nowMs, lines = {} }: QuietOptions<Kind>): Quiet<Kind> {
  const entries = new Map<string, Entry<Kind>>()
  const linesOf = (kind: Kind): number => (lines as Partial<Record<Kind, number>>)[kind] ?? 1
  return {
    admit(peer, kind) {
      const key = `${peer} ${kind}`
      const entry = entries.get(key) ?? {
        peer,
        kind,
        untilMs: -Infinity,
        left: 0,
        leftOut: 0,
      }
      entries.set(key, entry)
      const now = nowMs()
      if (now >= entry.untilMs) {
        entry.untilMs = now + QUIET_INTERVAL_MS
        entry.left = linesOf(kind)
      }
      if (entry.left === 0) {
        entry.leftOut++
        return null
      }
      entry.left--
      const { leftOut } = entry
      entry.leftOut = 0
      return leftOut
    },
    leftOut() {
      const left = [...entries.values()].filter(({ leftOut }) => leftOut > 0)
      const told = left.map(({ peer, kind, leftOut: count }) => ({ peer, kind, count }))
      for (const entry of left) entry.leftOut = 0
      return told
    },
    size: () => entries.size,
  }
}

/** The end of a line after others like it were left out. */
export function moreText(leftOut: number): string {
  return leftOut === 0 ? '' : ` (and ${leftOut} more since the last such line)`
}
