/** Layers for images against plain loops over pixels. */
import test from 'ava'
import { asImages, batchNorm, convolve, dense, flatten, maxPool } from '../../../learning/models/layers.ts'
import type { Jax, Tensor } from '../../../learning/models/model.ts'
import { loadJax } from '../../../learning/oracles/jax.ts'
import { randomStream } from '../../../learning/random.ts'

type Shape = readonly number[]

function noise(label: string, shape: Shape): Float32Array<ArrayBuffer> {
  const random = randomStream(1, label)
  return Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal())
}

function tensor(jax: Jax, values: Float32Array<ArrayBuffer>, shape: Shape): Tensor {
  return jax.numpy.array(values).reshape([...shape])
}

/** The row-major value at a place; zero outside, which is what padding means. */
function at(values: ArrayLike<number>, shape: Shape, place: Shape): number {
  if (place.some((index, axis) => index < 0 || index >= shape[axis]!)) return 0
  return values[place.reduce((offset, index, axis) => offset * shape[axis]! + index, 0)]!
}

function naiveConvolution(
  images: ArrayLike<number>,
  shape: Shape,
  kernel: ArrayLike<number>,
  window: Shape,
  padding: number,
): number[] {
  const [height, rows, width, channels] = shape as [number, number, number, number]
  const [k, , , out] = window as [number, number, number, number]
  const result: number[] = []
  for (let y = -padding; y <= height + padding - k; y++)
    for (let row = 0; row < rows; row++)
      for (let x = -padding; x <= width + padding - k; x++)
        for (let o = 0; o < out; o++) {
          let sum = 0
          for (let v = 0; v < k; v++)
            for (let u = 0; u < k; u++)
              for (let c = 0; c < channels; c++)
                sum += at(images, shape, [y + v, row, x + u, c]) * at(kernel, window, [v, u, c, o])
          result.push(sum)
        }
  return result
}

const cases: readonly { images: Shape; kernel: Shape; padding: number }[] = [
  { images: [7, 2, 6, 1], kernel: [5, 5, 1, 3], padding: 0 },
  { images: [6, 3, 7, 4], kernel: [3, 3, 4, 8], padding: 1 },
  { images: [5, 1, 5, 3], kernel: [3, 3, 3, 5], padding: 2 },
  { images: [3, 2, 3, 2], kernel: [3, 3, 2, 2], padding: 0 },
]

for (const { images, kernel, padding } of cases)
  test(`convolution of ${images.join('×')} by ${kernel.join('×')}, padding ${padding}`, async t => {
    const jax = await loadJax()
    const [values, weights] = [noise('images', images), noise('kernel', kernel)]
    const result = convolve(jax, tensor(jax, values, images), tensor(jax, weights, kernel), padding)
    const expected = naiveConvolution(values, images, weights, kernel, padding)
    const [height, rows, width] = images as [number, number, number, number]
    const lost = kernel[0]! - 1 - 2 * padding
    t.deepEqual(result.shape, [height - lost, rows, width - lost, kernel[3]!])
    const measured = await result.data()
    t.is(measured.length, expected.length)
    expected.forEach((value, i) => {
      t.true(Math.abs(value - measured[i]!) < 1e-4, `value ${i}: ${measured[i]} against ${value}`)
    })
  })

test('pooling takes the greatest of four and leaves out an odd edge', async t => {
  const jax = await loadJax()
  const shape = [5, 2, 4, 3]
  const values = noise('pool', shape)
  const pooled = maxPool(jax, tensor(jax, values, shape))
  t.deepEqual(pooled.shape, [2, 2, 2, 3])
  const expected: number[] = []
  for (const y of [0, 2])
    for (const row of [0, 1])
      for (const x of [0, 2])
        for (const c of [0, 1, 2])
          expected.push(
            Math.max(...[0, 1, 2, 3].map(i => at(values, shape, [y + (i >> 1), row, x + (i & 1), c]))),
          )
  t.deepEqual([...(await pooled.data())], expected)
})

test('flattening puts the channels outermost', async t => {
  const jax = await loadJax()
  const images = () => tensor(jax, Float32Array.of(1, 10, 2, 20, 3, 30, 4, 40), [1, 2, 2, 2])
  t.deepEqual([...(await flatten(jax, images()).data())], [1, 2, 10, 20, 3, 4, 30, 40])
})

test('grey examples are images of one channel', async t => {
  const jax = await loadJax()
  const rows = Float32Array.from({ length: 24 }, (_, i) => i)
  const grey = asImages(tensor(jax, rows, [2, 12]), [3, 4])
  t.deepEqual(grey.shape, [3, 2, 4, 1])
  t.deepEqual([...(await grey.data())].slice(0, 8), [0, 1, 2, 3, 12, 13, 14, 15])
})

test('a dense layer is a matrix product and a bias, whatever its width', async t => {
  const jax = await loadJax()
  for (const out of [3, 4]) {
    const [x, w, b] = [noise('x', [2, 5]), noise('w', [5, out]), noise('b', [out])]
    const layer = dense(jax, tensor(jax, x, [2, 5]), tensor(jax, w, [5, out]), tensor(jax, b, [out]))
    const measured = [...(await layer.data())]
    t.is(measured.length, 2 * out)
    measured.forEach((value, i) => {
      const [row, column] = [Math.floor(i / out), i % out]
      let expected = b[column]!
      for (let k = 0; k < 5; k++) expected += x[row * 5 + k]! * w[k * out + column]!
      t.true(Math.abs(value - expected) < 1e-5)
    })
  }
})

test('batch normalisation gives each channel the required mean and variance', async t => {
  const jax = await loadJax()
  const shape = [4, 3, 3, 2]
  const images = tensor(
    jax,
    noise('norm', shape).map(value => 3 * value + 5),
    shape,
  )
  const scale = tensor(jax, Float32Array.of(2, 0.5), [2])
  const shift = tensor(jax, Float32Array.of(-1, 7), [2])
  const values = [...(await batchNorm(jax, images, scale, shift).data())]
  for (const [channel, mean, deviation] of [
    [0, -1, 2],
    [1, 7, 0.5],
  ] as const) {
    const own = values.filter((_, i) => i % 2 === channel)
    const average = own.reduce((a, b) => a + b, 0) / own.length
    const variance = own.reduce((sum, value) => sum + (value - average) ** 2, 0) / own.length
    t.true(Math.abs(average - mean) < 1e-4)
    t.true(Math.abs(Math.sqrt(variance) - deviation) < 1e-3)
  }
})
