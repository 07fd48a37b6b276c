/**
 * LeNet in the papers' two shapes: C(c₁)-R-M-C(c₂)-R-M-L(500)-R-L(classes)-S, kernels of 5 without padding.
 * On 28 × 28 with 20 and 50 channels 431,080 parameters (approximate-byzantine-fault-tolerance, App. K;
 * comparative-gradient-elimination, §3); with 20 and 20 the CNN of RESAM, App. D.3.
 */
import type { DataShape } from '../data/dataset.ts'
import { classification, requireClasses } from './classifier.ts'
import { asImages, convolve, dense, flatten, maxPool } from './layers.ts'
import { type Jax, type Model, ModelError, type Tensor } from './model.ts'

const KERNEL = 5
const HIDDEN = 500

export function lenet(data: DataShape): Model {
  return convolutional('lenet', data, 20, 50)
}

export function resamMnist(data: DataShape): Model {
  return convolutional('resam-cnn', data, 20, 20)
}

function convolutional(name: string, data: DataShape, first: number, second: number): Model {
  requireClasses(name, data)
  const { shape, classes } = data
  const channels = shape[2] ?? 1
  const [height, width] = shape.slice(0, 2).map(side => Math.floor((shrunk(side) - KERNEL + 1) / 2))
  if (shape.length < 2 || shape.length > 3 || !(height! > 0 && width! > 0))
    throw new ModelError(
      'MODEL_DATA',
      `model ${name} on examples of ${shape.join(' × ')}: expected images, height × width or height × width × channels, of at least 16 × 16 pixels`,
    )
  const flat = second * height! * width!
  const [fanIn1, fanIn2] = [KERNEL * KERNEL * channels, KERNEL * KERNEL * first]
  return {
    name,
    parameters: [
      { name: 'conv1.weight', shape: [KERNEL, KERNEL, channels, first], fanIn: fanIn1 },
      { name: 'conv1.bias', shape: [first], fanIn: fanIn1 },
      { name: 'conv2.weight', shape: [KERNEL, KERNEL, first, second], fanIn: fanIn2 },
      { name: 'conv2.bias', shape: [second], fanIn: fanIn2 },
      { name: 'fc1.weight', shape: [flat, HIDDEN], fanIn: flat },
      { name: 'fc1.bias', shape: [HIDDEN], fanIn: flat },
      { name: 'fc2.weight', shape: [HIDDEN, classes], fanIn: HIDDEN },
      { name: 'fc2.bias', shape: [classes], fanIn: HIDDEN },
    ],
    outputs(jax, [w1, b1, w2, b2, w3, b3, w4, b4], inputs) {
      const seen = stage(jax, stage(jax, asImages(inputs, shape), w1!, b1!), w2!, b2!)
      const hidden = jax.nn.relu(dense(jax, flatten(jax, seen), w3!, b3!))
      return dense(jax, hidden, w4!, b4!)
    },
    ...classification,
  }
}

function shrunk(side: number): number {
  return Math.floor((side - KERNEL + 1) / 2)
}

/**
 * C-R-M. The maximum is taken first: bias and ReLU are monotone, so the values are the same, computed on a quarter of
 * the pixels.
 */
function stage(jax: Jax, images: Tensor, kernel: Tensor, bias: Tensor): Tensor {
  return jax.nn.relu(maxPool(jax, convolve(jax, images, kernel)).add(bias))
}
