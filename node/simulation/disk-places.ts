/**
 * Places for vectors on a simulated disk. What was put survives a crash once a sync that began behind it is over, or if a
 * record does that was appended behind it. A crash tears every other place in two, so a peer that used a place again too
 * early reads something that nobody wrote.
 */
import type { VectorPlaces } from '../ports.ts'

/** What the places hold. Nobody writes to the bytes. */
export type PlacesContent = ReadonlyMap<number, Uint8Array>

/** How far the log was when something was put: which of its files, and how many records it had. */
export interface LogPosition {
  readonly rewrites: number
  readonly count: number
}

interface Put {
  readonly bytes: Uint8Array
  readonly at: LogPosition
}

export interface DiskPlaces {
  /** For a peer that starts or restarts. @param isAlive false once it has been closed or has crashed */
  open(isAlive: () => boolean, position: () => LogPosition): VectorPlaces
  /** A sync begins. Call what it returns when it is over without an error: it says how many bytes became durable. */
  syncing(): () => number
  /** @param survives whether the crash left a record that was appended behind this position */
  crash(survives: (at: LogPosition) => boolean): void
  /** What a crash would leave of the places that were synced. */
  durable(): PlacesContent
  setAll(content: PlacesContent): void
  /** How many bytes are in places. */
  bytes(): number
  /** Flips a bit of the places, taken as one piece. */
  flip(bit: number): void
}

export function createDiskPlaces(initial: PlacesContent): DiskPlaces {
  let durable = new Map(initial)
  let unsynced = new Map<number, Put>()
  let free: number[] = []
  let freed: number[] = []
  let end = 0
  const bytesAt = (place: number) => unsynced.get(place)?.bytes ?? durable.get(place)
  return {
    open(isAlive, position) {
      ;[free, freed, end] = [[], [], 0]
      return {
        put(bytes) {
          const place = free.pop() ?? end++
          // A copy: a real disk does not share memory with the program.
          if (isAlive()) unsynced.set(place, { bytes: bytes.slice(), at: position() })
          return place
        },
        read(place, at, into) {
          const bytes = bytesAt(place)
          if (bytes === undefined || bytes.length < at + into.length)
            throw new Error(`nothing was put into place ${place} of the simulated disk`)
          into.set(bytes.subarray(at, at + into.length))
        },
        take(places) {
          const taken = new Set(places)
          end = Math.max(0, ...[...taken].map(place => place + 1))
          free = Array.from({ length: end }, (_, place) => place).filter(place => !taken.has(place))
        },
        free(place) {
          if (isAlive()) freed.push(place)
        },
      }
    },
    syncing() {
      const batch = [...unsynced]
      const released = freed
      freed = []
      const opening = free
      return () => {
        let bytes = 0
        for (const [place, put] of batch) {
          bytes += put.bytes.length
          durable.set(place, put.bytes)
          if (unsynced.get(place) === put) unsynced.delete(place)
        }
        if (free === opening) free.push(...released)
        return bytes
      }
    },
    crash(survives) {
      for (const [place, { bytes, at }] of unsynced) durable.set(place, survives(at) ? bytes : torn(bytes))
      unsynced = new Map()
    },
    durable: () => new Map(durable),
    setAll(content) {
      durable = new Map(content)
      unsynced = new Map()
    },
    bytes: () => [...durable.values()].reduce((sum, { length }) => sum + length, 0),
    flip: bit => flip(durable, bit),
  }
}

function flip(durable: Map<number, Uint8Array>, bit: number): void {
  let left = bit >> 3
  for (const [place, bytes] of durable) {
    if (left < bytes.length) {
      const changed = bytes.slice()
      changed[left]! ^= 1 << (bit & 7)
      durable.set(place, changed)
      return
    }
    left -= bytes.length
  }
}

function torn(bytes: Uint8Array): Uint8Array {
  const half = new Uint8Array(bytes.length)
  half.set(bytes.subarray(0, bytes.length >> 1))
  return half
}
