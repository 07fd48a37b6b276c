/** A list of numbers that grows: an array of numbers would take twice the room, and more while it grows. */
import { DataError } from './dataset.ts'
import { DATA_BYTES_MAX } from './read-file.ts'

const ROOM_MIN = 1024

/** How each number is kept. */
type Numbers = Float32Array | Float64Array | Uint32Array | Uint8Array

/** @param file for the message where there are too many */
export function createNumberList<T extends Numbers>(file: string, kind: new (length: number) => T) {
  let values = new kind(ROOM_MIN)
  let length = 0
  return {
    push(value: number): void {
      if (length === values.length) {
        if (values.byteLength * 2 > DATA_BYTES_MAX)
          throw new DataError(
            'DATA_UNREADABLE',
            `${file}: its numbers take more than ${values.byteLength} bytes; expected at most ${DATA_BYTES_MAX} for all, and as much while they are read`,
          )
        const room = new kind(length * 2)
        room.set(values)
        values = room
      }
      values[length++] = value
    },
    /** The values so far, in an array of their length. */
    end: (): T => values.slice(0, length) as T,
  }
}
