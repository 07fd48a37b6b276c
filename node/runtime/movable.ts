/**
 * A sealed vector whose numbers may leave the memory for the disk while others go on holding it: agreements, the links,
 * the journal. They need not know where it is: the vector of one that is on the disk is read when it is asked for.
 */
import type { Sealed } from '../../agreement/message.ts'
import type { Vector } from '../../agreement/vector.ts'

interface Place {
  vector: Vector | null
  readonly length: number
  load: () => Vector
}

const places = new WeakMap<Sealed, Place>()

/** The same in a form that `moveOut` can take out of the memory. */
export function movable({ vector, ...rest }: Sealed): Sealed {
  return placed({ vector, length: vector.length, load: () => vector }, rest)
}

/** A sealed vector that is on the disk. */
export function onDisk(rest: Omit<Sealed, 'vector'>, length: number, load: () => Vector): Sealed {
  return placed({ vector: null, length, load }, rest)
}

function placed(place: Place, rest: Omit<Sealed, 'vector'>): Sealed {
  const sealed: Sealed = {
    get vector() {
      return place.vector ?? place.load()
    },
    ...rest,
  }
  places.set(sealed, place)
  return sealed
}

/** From now on `load` brings the vector. One that is not movable stays where it is. */
export function moveOut(sealed: Sealed, load: () => Vector): void {
  const place = places.get(sealed)
  if (place !== undefined) Object.assign(place, { vector: null, load })
}

/** How many coordinates the vector has; does not read it. */
export function lengthOf(sealed: Sealed): number {
  return places.get(sealed)?.length ?? sealed.vector.length
}

/** Whether the vector may leave the memory. */
export function isMovable(sealed: Sealed): boolean {
  return places.has(sealed)
}
