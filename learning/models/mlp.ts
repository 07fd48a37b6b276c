/**
 * Multi-layer perceptrons: dense layers with ReLU between them. `mlp` is RESAM's (App. D), with one hidden layer of
 * 100: on MNIST 784-100-10, 79,510 parameters. `mlp:64,64` says how many units each hidden layer has. Dropout, where it
 * is set, is of every hidden layer's values, after the ReLU.
 */
import { type DataShape, exampleSize } from '../data/dataset.ts'
import { classification, requireClasses } from './classifier.ts'
import { dense } from './layers.ts'
import type { Model, ModelFactory, ModelSettings, ParameterShape, Tensor } from './model.ts'

const RESAM_UNITS = 100
const LAYERS_MAX = 16
const UNITS_MAX = 4096
const PREFIX = 'mlp:'

/** What may follow the colon, for messages. */
export const perceptronForm = `mlp: and the sizes of 1 to ${LAYERS_MAX} hidden layers, each from 1 to ${UNITS_MAX}, such as mlp:64,64`

export function multiLayerPerceptron(data: DataShape, settings: ModelSettings): Model {
  return perceptron('mlp', [{ name: 'hidden', units: RESAM_UNITS }], data, settings)
}

/** True if the name means to say the sizes of hidden layers, rightly or not. */
export function namesSizes(name: string): boolean {
  return name.startsWith(PREFIX)
}

/** The model `mlp:64,64`; null if the sizes are not what `perceptronForm` says. One model has one name: no zeros in front. */
export function sizedPerceptron(name: string): ModelFactory | null {
  if (!namesSizes(name)) return null
  const sizes = name.slice(PREFIX.length).split(',', LAYERS_MAX + 1)
  const isGood = (size: string) => /^[1-9]\d{0,3}$/.test(size) && Number(size) <= UNITS_MAX
  if (sizes.length > LAYERS_MAX || !sizes.every(isGood)) return null
  const layers = sizes.map((size, place) => ({ name: `hidden${place + 1}`, units: Number(size) }))
  return (data, settings) => perceptron(name, layers, data, settings)
}

interface HiddenLayer {
  readonly name: string
  readonly units: number
}

function perceptron(
  name: string,
  hidden: readonly HiddenLayer[],
  data: DataShape,
  { dropout: rate = 0 }: ModelSettings,
): Model {
  requireClasses(name, data)
  const layers = [...hidden, { name: 'output', units: data.classes }]
  let fanIn = exampleSize(data.shape)
  const parameters = layers.flatMap((layer): ParameterShape[] => {
    const inputs = fanIn
    fanIn = layer.units
    return [
      { name: `${layer.name}.weight`, shape: [inputs, layer.units], fanIn: inputs },
      { name: `${layer.name}.bias`, shape: [layer.units], fanIn: inputs },
    ]
  })
  return {
    name,
    parameters,
    ...(rate > 0 && { dropout: hidden.map(({ units }) => ({ size: units, rate })) }),
    outputs(jax, tensors, inputs, masks) {
      const layer = (values: Tensor, place: number) =>
        dense(jax, values, tensors[2 * place]!, tensors[2 * place + 1]!)
      const last = hidden.reduce((values, _, place) => {
        const units = jax.nn.relu(layer(values, place))
        return masks ? units.mul(masks[place]!) : units
      }, inputs)
      return layer(last, hidden.length)
    },
    ...classification,
  }
}
