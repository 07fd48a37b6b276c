/**
 * RESAM's network for CIFAR-10 (App. D.3):
 * C(64)-R-B-C(64)-R-B-M-D-C(128)-R-B-C(128)-R-B-M-D-L(128)-R-D-L(classes)-S, kernels of 3 with padding 1, dropout ¼.
 * On 32 × 32 × 3 and ten classes 1,310,922 parameters.
 *
 * Batch normalisation uses the statistics of the batch at hand, in evaluation too: running averages would be state
 * beside θ that peers do not agree on.
 */
import type { DataShape } from '../data/dataset.ts'
import { classification, requireClasses } from './classifier.ts'
import { asImages, batchNorm, convolve, dense, flatten, maxPool } from './layers.ts'
import { type Jax, type Model, ModelError, type ParameterShape, type Tensor } from './model.ts'

const KERNEL = 3
const NARROW = 64
const BROAD = 128
const HIDDEN = 128
const RATE = 0.25
/** Half of what other models process at once: a row is a thousand times 64 values in each of the first layers. */
const ROWS = 64

export function resamCifar(data: DataShape): Model {
  requireClasses('resam-cifar', data)
  const { shape, classes } = data
  const [height = 0, width = 0, channels = 1] = shape
  if (shape.length < 2 || shape.length > 3 || height < 4 || width < 4)
    throw new ModelError(
      'MODEL_DATA',
      `model resam-cifar on examples of ${shape.join(' × ')}: expected images, height × width or height × width × channels, of at least 4 × 4 pixels`,
    )
  const pixels = (by: number) => Math.floor(height / by) * Math.floor(width / by)
  const flat = BROAD * pixels(4)
  return {
    name: 'resam-cifar',
    parameters: [
      ...convolution('1', channels, NARROW),
      ...convolution('2', NARROW, NARROW),
      ...convolution('3', NARROW, BROAD),
      ...convolution('4', BROAD, BROAD),
      { name: 'fc1.weight', shape: [flat, HIDDEN], fanIn: flat },
      { name: 'fc1.bias', shape: [HIDDEN], fanIn: flat },
      { name: 'fc2.weight', shape: [HIDDEN, classes], fanIn: HIDDEN },
      { name: 'fc2.bias', shape: [classes], fanIn: HIDDEN },
    ],
    dropout: [
      { size: NARROW * pixels(2), rate: RATE },
      { size: flat, rate: RATE },
      { size: HIDDEN, rate: RATE },
    ],
    rowsTogether: ROWS,
    outputs(jax, parameters, inputs, masks) {
      const layer = (from: number, images: Tensor) => normed(jax, images, parameters.slice(from, from + 4))
      const first = drop(maxPool(jax, layer(4, layer(0, asImages(inputs, shape)))), masks?.[0])
      const second = drop(maxPool(jax, layer(12, layer(8, first))), masks?.[1])
      const [w1, b1, w2, b2] = parameters.slice(16)
      const hidden = jax.nn.relu(dense(jax, flatten(jax, second), w1!, b1!))
      return dense(jax, drop(hidden, masks?.[2]), w2!, b2!)
    },
    ...classification,
  }
}

function convolution(name: string, into: number, out: number): ParameterShape[] {
  const fanIn = KERNEL * KERNEL * into
  return [
    { name: `conv${name}.weight`, shape: [KERNEL, KERNEL, into, out], fanIn },
    { name: `conv${name}.bias`, shape: [out], fanIn },
    { name: `norm${name}.weight`, shape: [out], start: 1 },
    { name: `norm${name}.bias`, shape: [out], start: 0 },
  ]
}

/** C-R-B */
function normed(jax: Jax, images: Tensor, [kernel, bias, scale, shift]: readonly Tensor[]): Tensor {
  return batchNorm(jax, jax.nn.relu(convolve(jax, images, kernel!, 1).add(bias!)), scale!, shift!)
}

function drop(values: Tensor, mask: Tensor | undefined): Tensor {
  return mask ? values.mul(mask.reshape(values.shape)) : values
}
