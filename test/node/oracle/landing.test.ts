/** What comes through the shared file is found finite, or not, wherever the bad value is. */
import test from 'ava'
import { createLanding } from '../../../node/oracle/landing.ts'

const lengths = [1, 2, 3, 4, 15, 16, 17, 31, 1000, 20_000]

test('one value that is none is found at every place, and forgotten once it is overwritten', t => {
  for (const length of lengths.slice(0, -2)) {
    const landing = createLanding(length)
    for (let place = 0; place < length; place++)
      for (const bad of [Number.NaN, Infinity, -Infinity]) {
        landing.values.fill(1)[place] = bad
        t.false(landing.isFinite(), `${bad} at ${place} of ${length}`)
        landing.values[place] = 0
        t.true(landing.isFinite(), `mended at ${place} of ${length}`)
      }
  }
})

test('the largest, the smallest and zeros of either sign are finite', t => {
  for (const length of lengths) {
    const landing = createLanding(length)
    t.is(landing.bytes.length, 4 * length)
    const extremes = [3.4028234663852886e38, -3.4028234663852886e38, 1e-45, -0]
    for (let i = 0; i < length; i++) landing.values[i] = extremes[i % 4]!
    t.true(landing.isFinite(), `${length}`)
    landing.bytes.set(new Uint8Array(Float32Array.of(Number.NaN).buffer), 4 * (length - 1))
    t.false(landing.isFinite(), `${length}, through its bytes`)
  }
})
