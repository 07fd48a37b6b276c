/** Our models as operators: from inputs to outputs, as each model's `outputs` computes them. */
import { modelNames } from '../../learning/models/registry.ts'
import { FileError } from '../files/error.ts'
import type { Graph, Value } from './graph.ts'

/** Tensors in PyTorch's order of axes: weights `[out, in]`, kernels `[out, in, k, k]`, as the operators take them. */
type Parameters = ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float32Array }>

type Network = (graph: Graph, inputs: Value, parameters: Parameters) => Value

const NETWORKS: ReadonlyMap<string, Network> = new Map<string, Network>([
  ['softmax', linear],
  ['svm', linear],
  [
    'linear-regression',
    (graph, inputs, parameters) => matrixProduct(graph, flat(graph, inputs), parameters, 'weight', null),
  ],
  [
    'linear-regression:intercept',
    (graph, inputs, parameters) => matrixProduct(graph, flat(graph, inputs), parameters, 'weight', 'bias'),
  ],
  ['lenet', lenet],
  ['resam-cnn', lenet],
  ['resam-cifar', resamCifar],
])

/** @throws FileError for a model that has no such form */
export function networkOf(name: string): Network {
  const network = name === 'mlp' || name.startsWith('mlp:') ? perceptron : NETWORKS.get(name)
  if (network !== undefined) return network
  throw new FileError(
    'unsupported',
    `model ${name} cannot be exported for onnx; expected one of ${modelNames.filter(each => each !== name).join(', ')}`,
  )
}

function linear(graph: Graph, inputs: Value, parameters: Parameters): Value {
  return dense(graph, flat(graph, inputs), parameters, 'linear')
}

function perceptron(graph: Graph, inputs: Value, parameters: Parameters): Value {
  const layers = [...parameters.keys()]
    .filter(name => name.endsWith('.weight'))
    .map(name => name.split('.')[0]!)
  return layers.reduce(
    (values, layer) => {
      const next = dense(graph, values, parameters, layer)
      return layer === 'output' ? next : graph.apply('Relu', [next])
    },
    flat(graph, inputs),
  )
}

/** C-R-M-C-R-M-L-R-L */
function lenet(graph: Graph, inputs: Value, parameters: Parameters): Value {
  const stage = (images: Value, layer: string) =>
    graph.apply('Relu', [maxPool(graph, convolution(graph, images, parameters, layer, 0))])
  const seen = stage(stage(channelsFirst(graph, inputs), 'conv1'), 'conv2')
  const hidden = graph.apply('Relu', [dense(graph, flat(graph, seen), parameters, 'fc1')])
  return dense(graph, hidden, parameters, 'fc2')
}

/** C-R-B-C-R-B-M-C-R-B-C-R-B-M-L-R-L; its normalisation is over the images at hand. */
function resamCifar(graph: Graph, inputs: Value, parameters: Parameters): Value {
  const layer = (images: Value, place: number) =>
    normed(
      graph,
      graph.apply('Relu', [convolution(graph, images, parameters, `conv${place}`, 1)]),
      parameters,
      `norm${place}`,
    )
  const first = maxPool(graph, layer(layer(channelsFirst(graph, inputs), 1), 2))
  const second = maxPool(graph, layer(layer(first, 3), 4))
  const hidden = graph.apply('Relu', [dense(graph, flat(graph, second), parameters, 'fc1')])
  return dense(graph, hidden, parameters, 'fc2')
}

function constantOf(graph: Graph, parameters: Parameters, name: string, dims?: readonly number[]): Value {
  const { shape, values } = parameters.get(name)!
  return graph.constant({ type: 'float', dims: dims ?? shape, values })
}

function flat(graph: Graph, inputs: Value): Value {
  return graph.apply('Flatten', [inputs], { axis: 1 })
}

function channelsFirst(graph: Graph, images: Value): Value {
  return graph.apply('Transpose', [images], { perm: [0, 3, 1, 2] })
}

function dense(graph: Graph, inputs: Value, parameters: Parameters, layer: string): Value {
  return matrixProduct(graph, inputs, parameters, `${layer}.weight`, `${layer}.bias`)
}

function matrixProduct(
  graph: Graph,
  inputs: Value,
  parameters: Parameters,
  weight: string,
  bias: string | null,
): Value {
  const operands = [inputs, constantOf(graph, parameters, weight)]
  return graph.apply('Gemm', bias === null ? operands : [...operands, constantOf(graph, parameters, bias)], {
    transB: 1,
  })
}

function convolution(
  graph: Graph,
  images: Value,
  parameters: Parameters,
  layer: string,
  padding: number,
): Value {
  const operands = [
    images,
    constantOf(graph, parameters, `${layer}.weight`),
    constantOf(graph, parameters, `${layer}.bias`),
  ]
  return graph.apply('Conv', operands, { pads: [padding, padding, padding, padding] })
}

function maxPool(graph: Graph, images: Value): Value {
  return graph.apply('MaxPool', [images], { kernel_shape: [2, 2], strides: [2, 2] })
}

/** As in layers.ts. */
const NORM_EPSILON = 1e-5

function normed(graph: Graph, images: Value, parameters: Parameters, layer: string): Value {
  const mean = (value: Value) => graph.apply('ReduceMean', [value], { axes: [0, 2, 3], keepdims: 1 })
  const centred = graph.apply('Sub', [images, mean(images)])
  const variance = mean(graph.apply('Mul', [centred, centred]))
  const epsilon = graph.constant({ type: 'float', dims: [1], values: Float32Array.of(NORM_EPSILON) })
  const normal = graph.apply('Div', [centred, graph.apply('Sqrt', [graph.apply('Add', [variance, epsilon])])])
  const byChannel = (name: string) =>
    constantOf(graph, parameters, `${layer}.${name}`, [
      1,
      parameters.get(`${layer}.${name}`)!.shape[0]!,
      1,
      1,
    ])
  return graph.apply('Add', [graph.apply('Mul', [normal, byChannel('weight')]), byChannel('bias')])
}
