/** What a link may use follows from the dimension: at every size there is room for the vectors that it needs. */
import test from 'ava'
import { frameBytesMax, PIECE_BYTES, WHOLE_BYTES_MAX } from '../../../node/codec/index.ts'
import { defaultLinkLimits, linkLimitsFor } from '../../../node/link/limits.ts'

const dimensions = [10, 1000, 79_510, 262_144, 431_080, 1_000_000, 11_700_000, 50_000_000]

test('two vectors may be in flight, eight are kept, and four may be sent again, whatever their length', t => {
  for (const dimension of dimensions) {
    const { inFlightBytesMax, keptBytesMax, keptOverheadBytes, resentBytesMin } = linkLimitsFor(dimension)
    const messageBytes = 4 * dimension + 200
    t.true(inFlightBytesMax >= 2 * messageBytes)
    t.true(keptBytesMax >= 8 * (4 * dimension + keptOverheadBytes))
    t.true(resentBytesMin >= 4 * messageBytes)
    t.true(keptBytesMax > inFlightBytesMax, 'what is in flight is kept')
  }
})

test('where vectors are short, the limits are the default ones', t => {
  for (const dimension of [10, 1000, 79_510]) t.deepEqual(linkLimitsFor(dimension), defaultLinkLimits)
})

test('the longest frame does not grow with the dimension, and holds a whole message, and a piece', t => {
  for (const dimension of dimensions) {
    t.true(
      frameBytesMax(dimension) >= Math.min(4 * dimension, WHOLE_BYTES_MAX) + defaultLinkLimits.bundleBytes,
    )
    t.true(frameBytesMax(dimension) <= 1.25 * 2 ** 20)
  }
  t.true(frameBytesMax(300_000) > PIECE_BYTES + 64 * 2 ** 10)
})
