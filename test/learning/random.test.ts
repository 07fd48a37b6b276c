/** The seeded streams: the same everywhere, different for different labels, and distributed as they say. */
import test from 'ava'
import fc from 'fast-check'
import { randomStream } from '../../learning/random.ts'

const draw = (stream: { uniform(): number }, count = 5) =>
  Array.from({ length: count }, () => stream.uniform())

function moments(values: readonly number[]): { mean: number; variance: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length }
}

test('a stream is the same whenever it is made again', t => {
  t.deepEqual(draw(randomStream(7, 'batch', 3, 12)), draw(randomStream(7, 'batch', 3, 12)))
})

test('the bits are pinned: a change here changes every recorded trace', t => {
  t.deepEqual(
    draw(randomStream(7, 'batch', 3, 12), 3),
    [0.7979411834176827, 0.19030516108921636, 0.16991268468039433],
  )
})

test('another seed or label gives another stream, however the two are spelt', t => {
  const streams = [
    randomStream(1, 'a', 1),
    randomStream(2, 'a', 1),
    randomStream(1, 'b', 1),
    randomStream(1, 'a', '1'),
    randomStream(1, 'a1'),
    randomStream(1, 'a', 1, 0),
    randomStream(11, 'a'),
  ]
  t.is(new Set(streams.map(stream => draw(stream).join())).size, streams.length)
})

test('integers stay below their bound and reach all of it', t => {
  const random = randomStream(1, 'integers')
  const counts = [0, 0, 0]
  for (let i = 0; i < 3000; i++) counts[random.integer(3)]! += 1
  for (const count of counts) t.true(count > 850 && count < 1150, `${counts}`)
})

test('normals have mean 0 and variance 1', t => {
  const random = randomStream(1, 'normals')
  const { mean, variance } = moments(Array.from({ length: 20_000 }, random.normal))
  t.true(Math.abs(mean) < 0.03)
  t.true(Math.abs(variance - 1) < 0.05)
})

for (const shape of [0.3, 1, 4.5])
  test(`Gamma(${shape}) has mean and variance ${shape}`, t => {
    const random = randomStream(1, 'gamma', shape)
    const { mean, variance } = moments(Array.from({ length: 20_000 }, () => Math.exp(random.logGamma(shape))))
    t.true(Math.abs(mean / shape - 1) < 0.05, `mean ${mean}`)
    t.true(Math.abs(variance / shape - 1) < 0.12, `variance ${variance}`)
  })

test('a shuffle keeps every item, in place', t => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.integer(), (items, seed) => {
      const shuffled = items.slice()
      t.is(randomStream(seed, 'shuffle').shuffle(shuffled), shuffled)
      t.deepEqual(
        shuffled.sort((a, b) => a - b),
        items.slice().sort((a, b) => a - b),
      )
    }),
  )
})

test('every item is equally likely in every place', t => {
  const random = randomStream(1, 'places')
  const counts = new Uint32Array(4)
  for (let i = 0; i < 4000; i++) counts[random.shuffle([0, 1, 2, 3]).indexOf(0)]! += 1
  for (const count of counts) t.true(count > 850 && count < 1150, `${counts}`)
})
