/** Inputs near the well-formed ones: a few random changes to one, or two of them joined. */
import type { RandomStream } from '../../learning/random.ts'

/** Values that lengths, counts and tags go wrong at. */
const telling = [0, 1, 2, 7, 8, 0x0a, 0x12, 0x7f, 0x80, 0xff]
const LENGTH_MAX = 4096

export function mutate(seeds: readonly Uint8Array[], random: RandomStream): Uint8Array {
  let bytes: Uint8Array = seeds[random.integer(seeds.length)]!
  const changes = 1 + random.integer(6)
  for (let i = 0; i < changes; i++) bytes = change(bytes, seeds, random)
  return bytes.length > LENGTH_MAX ? bytes.subarray(0, LENGTH_MAX) : bytes
}

function change(bytes: Uint8Array, seeds: readonly Uint8Array[], random: RandomStream): Uint8Array {
  const at = bytes.length === 0 ? 0 : random.integer(bytes.length)
  switch (random.integer(8)) {
    case 0: // a bit
      return put(bytes, at, (bytes[at] ?? 0) ^ (1 << random.integer(8)))
    case 1: // a byte
      return put(bytes, at, random.integer(256))
    case 2: // a telling byte
      return put(bytes, at, telling[random.integer(telling.length)]!)
    case 3: // an end cut off
      return bytes.subarray(0, at)
    case 4: // a beginning cut off
      return bytes.subarray(at)
    case 5: {
      // a piece taken out
      const end = Math.min(bytes.length, at + 1 + random.integer(8))
      return joined(bytes.subarray(0, at), bytes.subarray(end))
    }
    case 6: // a piece put in
      return joined(bytes.subarray(0, at), noise(random), bytes.subarray(at))
    default: {
      // a piece of another
      const other = seeds[random.integer(seeds.length)]!
      return joined(
        bytes.subarray(0, at),
        other.subarray(other.length === 0 ? 0 : random.integer(other.length)),
      )
    }
  }
}

function put(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  if (copy.length > 0) copy[at] = value
  return copy
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts))
}

function noise(random: RandomStream): Uint8Array {
  return Uint8Array.from({ length: 1 + random.integer(12) }, () =>
    random.uniform() < 0.5 ? telling[random.integer(telling.length)]! : random.integer(256),
  )
}
