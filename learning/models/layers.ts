/**
 * Layers for images, written so that the array library runs them as wide matrix products: its own convolution is ten
 * to twenty times slower.
 *
 * Images are `[height, rows, width, channels]`: with the lines of all images of a batch side by side, shifting by a
 * line is an offset and not a gathering of pieces.
 *
 * A product is fast where its sides are multiples of four, the width of a SIMD register: channels and windows are
 * padded with zeros up to that.
 */
import type { Jax, Tensor } from './model.ts'

const LANES = 4

function padded(length: number): number {
  return Math.ceil(length / LANES) * LANES
}

/** Images of a batch `[rows, size]`; grey ones, `[height, width]`, have one channel. */
export function asImages(inputs: Tensor, shape: readonly number[]): Tensor {
  const [height, width, channels = 1] = shape
  return inputs.reshape([inputs.shape[0]!, height!, width!, channels]).transpose([1, 0, 2, 3])
}

/**
 * Convolution of stride 1 with a square kernel `[k, k, in, out]`, without bias.
 *
 * `k` shifted copies of the images side by side hold one line of each window; a line of the kernel is then one
 * matrix product, and the `k` products are summed. (All `k²` shifts at once need only one product, but building and
 * unbuilding so wide a matrix costs more than it saves.)
 * @param padding zeros around the images, on every side
 * @returns images of `height + 2·padding − k + 1` by `width + 2·padding − k + 1` pixels and `out` channels
 */
export function convolve(jax: Jax, images: Tensor, kernel: Tensor, padding = 0): Tensor {
  const { numpy } = jax
  const framed = padding === 0 ? images : frame(jax, images, padding)
  const [height, rows, width, channels] = framed.shape as [number, number, number, number]
  const [k, , , out] = kernel.shape as [number, number, number, number]
  const line = k * channels
  const windows = windowLines(jax, framed, k)
  const weights = numpy.pad(kernel.reshape([k, line, out]), [
    [0, 0],
    [0, padded(line) - line],
    [0, padded(out) - out],
  ])
  const [high, wide] = [height - k + 1, width - k + 1]
  let sum: Tensor | undefined
  for (let y = 0; y < k; y++) {
    const lines = windows.ref.slice([y, y + high]).reshape([high * rows * wide, padded(line)])
    const product = numpy.matmul(lines, weights.ref.slice(y, [], []))
    sum = sum === undefined ? product : sum.add(product)
  }
  windows.dispose()
  weights.dispose()
  return sum!.slice([], [0, out]).reshape([high, rows, wide, out])
}

/** `[height, rows, width − k + 1, padded(k · channels)]`: at each place the `k` pixels that start there. */
function windowLines(jax: Jax, images: Tensor, k: number): Tensor {
  const [height, rows, width, channels] = images.shape as [number, number, number, number]
  const wide = width - k + 1
  const shifts = Array.from({ length: k }, (_, x) => images.ref.slice([], [], [x, x + wide], []))
  images.dispose()
  const spare = padded(k * channels) - k * channels
  if (spare > 0) shifts.push(jax.numpy.zeros([height, rows, wide, spare]))
  return jax.numpy.concatenate(shifts, -1)
}

function frame(jax: Jax, images: Tensor, by: number): Tensor {
  return jax.numpy.pad(images, [
    [by, by],
    [0, 0],
    [by, by],
    [0, 0],
  ])
}

/** The greatest of every 2 × 2 pixels; an odd last line or column is left out. */
export function maxPool(jax: Jax, images: Tensor): Tensor {
  const [height, rows, width, channels] = images.shape as [number, number, number, number]
  const [high, wide] = [Math.floor(height / 2), Math.floor(width / 2)]
  const even = height % 2 === 0 && width % 2 === 0
  const cropped = even ? images : images.slice([0, 2 * high], [], [0, 2 * wide])
  const squares = cropped.reshape([high, 2, rows, wide, 2, channels])
  const corner = (y: number, x: number) => squares.ref.slice([], y, [], [], x)
  const { maximum } = jax.numpy
  const greatest = maximum(maximum(corner(0, 0), corner(0, 1)), maximum(corner(1, 0), corner(1, 1)))
  squares.dispose()
  return greatest
}

/** `[rows, channels · height · width]`, the channels outermost: the order in which PyTorch flattens. */
export function flatten(jax: Jax, images: Tensor): Tensor {
  const [height, rows, width, channels] = images.shape as [number, number, number, number]
  return settle(jax, images.transpose([1, 3, 0, 2]).reshape([rows, channels * height * width]))
}

/**
 * Changes only the layout: the values are written out in their present order. Otherwise the next product would fetch
 * each of them from its old place, many times over.
 */
function settle(jax: Jax, values: Tensor): Tensor {
  return jax.numpy.maximum(values, -Infinity)
}

/** Inputs `[rows, in]` times weights `[in, out]` plus bias. */
export function dense(jax: Jax, inputs: Tensor, weight: Tensor, bias: Tensor): Tensor {
  const { numpy } = jax
  const out = weight.shape[1]!
  const spare = padded(out) - out
  if (spare === 0) return numpy.matmul(inputs, weight).add(bias)
  const wide = numpy.pad(weight, [
    [0, 0],
    [0, spare],
  ])
  return numpy.matmul(inputs, settle(jax, wide)).slice([], [0, out]).add(bias)
}

/** The number that PyTorch adds to a variance before it divides by its root. */
const NORM_EPSILON = 1e-5

/** Every channel to mean 0 and variance 1 over the batch and the pixels, then scaled and shifted. */
export function batchNorm(jax: Jax, images: Tensor, scale: Tensor, shift: Tensor): Tensor {
  const channels = images.shape.at(-1)!
  const pixels = images.reshape([-1, channels])
  const centred = pixels.ref.sub(jax.numpy.mean(pixels, 0))
  const variance = jax.numpy.mean(centred.ref.mul(centred.ref), 0)
  const normal = centred.div(jax.numpy.sqrt(variance.add(NORM_EPSILON)))
  return normal.mul(scale).add(shift).reshape(images.shape)
}
