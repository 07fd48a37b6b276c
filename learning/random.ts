/**
 * Seeded randomness: named, independent streams, so that what one part of a run draws never shifts what
 * another part draws. `randomStream(seed, 'batch', peer, step)` is the same stream on every machine and after
 * every restart.
 *
 * The generator is xoroshiro128+ of pure-rand; its state is the SHA-256 of the seed and the labels, so streams
 * with different labels share nothing. Not for secrets.
 */
import { hash } from 'node:crypto'
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus'

/** Random numbers that are the same on every machine. */
export interface RandomStream {
  /** Uniform in [0, 1). */
  uniform(): number
  /** Uniform over the integers `0 … below − 1`. */
  integer(below: number): number
  /** Standard normal. */
  normal(): number
  /** The logarithm of a Gamma variable with the given shape and scale 1: below a shape of 0.01 the variable itself is often 0 in 64 bits. */
  logGamma(shape: number): number
  /** Shuffles in place and returns its argument. */
  shuffle<T extends Shuffled>(items: T): T
}

type Shuffled = unknown[] | Uint8Array | Uint32Array | Float32Array

/** The stream of a seed and labels that say what it is for. Other labels give another, independent stream. */
export function randomStream(seed: number, ...labels: readonly (string | number)[]): RandomStream {
  const digest = hash('sha256', JSON.stringify([seed, ...labels]), 'buffer')
  const state = [0, 4, 8, 12].map(offset => digest.readInt32LE(offset))
  const generator = xoroshiro128plusFromState(state)
  const uniform = () => uniformFloat64(generator)
  const normal = () => drawNormal(uniform)
  return {
    uniform,
    integer: below => uniformInt(generator, 0, below - 1),
    normal,
    logGamma: shape => drawLogGamma(shape, uniform, normal),
    shuffle(items) {
      for (let i = items.length - 1; i > 0; i--) {
        const j = uniformInt(generator, 0, i)
        const held = items[i]
        items[i] = items[j]
        items[j] = held
      }
      return items
    },
  }
}

/** One standard normal from two uniforms (Box and Muller, 1958); the second is discarded to keep no state. */
export function drawNormal(uniform: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
}

/** Marsaglia and Tsang, "A simple method for generating gamma variables", 2000. */
function drawLogGamma(shape: number, uniform: () => number, normal: () => number): number {
  // Below 1: Gamma(a) is Gamma(a + 1) · U^(1/a), their §6.
  if (shape < 1) return drawLogGamma(shape + 1, uniform, normal) + Math.log(1 - uniform()) / shape
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const x = normal()
    const v = (1 + c * x) ** 3
    if (v > 0 && Math.log(1 - uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v))
      return Math.log(d) + Math.log(v)
  }
}
