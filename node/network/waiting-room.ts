/**
 * A room with a limit in all, and a limit for each source. If there is no room left, an earlier entry makes way for the
 * newcomer: a random one of the newcomer's source if that source has its share, otherwise a random one of the source
 * that has most. So a source that asks for little loses nothing to one that asks for much. And within one source
 * everybody has a chance: an attacker has to win again and again to keep a newcomer out, while the newcomer needs to
 * win once (OpenSSH's MaxStartups).
 */

interface RoomLimits {
  /** The limit for one source. */
  readonly perSource: number
  /** The limit for all sources. */
  readonly total: number
}

interface WaitingRoom<Guest> {
  /** Lets it in; returns the entry that must make way for it, or null. */
  enter(guest: Guest, source: string): Guest | null
  leave(guest: Guest): void
  guests(): readonly Guest[]
  readonly size: number
}

/** @param random uniform in [0, 1) */
export function createWaitingRoom<Guest>(limits: RoomLimits, random: () => number): WaitingRoom<Guest> {
  const sourceOf = new Map<Guest, string>()
  const bySource = new Map<string, Set<Guest>>()
  const leave = (guest: Guest): void => {
    const source = sourceOf.get(guest)
    if (source === undefined) return
    sourceOf.delete(guest)
    const others = bySource.get(source)!
    others.delete(guest)
    if (others.size === 0) bySource.delete(source)
  }
  const oneOf = (guests: readonly Guest[]): Guest => guests[Math.floor(random() * guests.length)]!
  const oneOfTheMost = (): Guest => {
    const most = Math.max(...[...bySource.values()].map(({ size }) => size))
    return oneOf([...bySource.values()].flatMap(guests => (guests.size === most ? [...guests] : [])))
  }
  return {
    enter(guest, source) {
      const own = bySource.get(source)?.size ?? 0
      const victim =
        own >= limits.perSource
          ? oneOf([...bySource.get(source)!])
          : sourceOf.size >= limits.total
            ? oneOfTheMost()
            : null
      if (victim !== null) leave(victim)
      sourceOf.set(guest, source)
      const guests = bySource.get(source)
      if (guests === undefined) bySource.set(source, new Set([guest]))
      else guests.add(guest)
      return victim
    },
    leave,
    guests: () => [...sourceOf.keys()],
    get size() {
      return sourceOf.size
    },
  }
}
