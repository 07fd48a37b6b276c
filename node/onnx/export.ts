/**
 * A finished model as an ONNX model whose inputs are raw rows or images. What is said of a row in which something is
 * unknown or missing that the model has no value for is NaN, and its class is empty: there is no error in a graph.
 */
import { versionOf } from '../daemon/version.ts'
import { checkpointOf, toLayout } from '../files/checkpoint.ts'
import { FileError } from '../files/error.ts'
import type { UsableModel } from '../models/usable-model.ts'
import { createGraph, type Graph, type Value } from './graph.ts'
import { networkOf } from './networks.ts'
import { exampleInputs, inputNames, tableInputs } from './raw-inputs.ts'

/** Protobuf's messages have at most 2 GiB; the rest of the model needs its share. */
const PARAMETER_BYTES_MAX = 2 ** 31 - 2 ** 24

interface OnnxModel {
  /** The file. */
  readonly bytes: Uint8Array
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
}

/** @throws FileError for a model that has no such form */
export function onnxModel({ description, notes, model, vector, says }: UsableModel): OnnxModel {
  if (vector.length * 4 > PARAMETER_BYTES_MAX)
    throw new FileError(
      'unsupported',
      `the model's parameters take ${vector.length * 4} bytes; expected at most ${PARAMETER_BYTES_MAX} in an ONNX file`,
    )
  const network = networkOf(model.name)
  const { inputs } = description
  const graph = createGraph(
    inputs.kind === 'table' ? inputNames(inputs.schema.columns) : ['image', 'example'],
  )
  const given =
    inputs.kind === 'table' ? tableInputs(graph, inputs.schema) : exampleInputs(graph, inputs.form)
  const { tensors } = toLayout(checkpointOf(model.parameters, vector, model.name, 'jax'), 'pytorch')
  const outputs = network(graph, given, new Map(tensors.map(tensor => [tensor.name, tensor])))
  const isBad = badRows(graph, given)
  if (says.kind === 'number') {
    const { mean, deviation } = says
    graph.output('prediction', unlessBad(graph, isBad, unscaled(graph, outputs, mean, deviation)), 'float', [
      null,
      1,
    ])
  } else {
    const { classes } = says
    const isSingle = says.kind === 'scores' && classes.length === 2
    const shares = says.kind === 'scores' ? outputs : graph.apply('Softmax', [outputs], { axis: 1 })
    const name = says.kind === 'scores' ? 'scores' : 'probabilities'
    graph.output(name, unlessBad(graph, isBad, shares), 'float', [null, isSingle ? 1 : classes.length])
    graph.output('class', classNames(graph, isBad, outputs, classes, isSingle), 'string', [null])
  }
  const bytes = graph.bytes(model.name, { version: versionOf() }, { ...notes, model: model.name })
  return { bytes, ...graph.names() }
}

/** `[N, 1]`: where some input is not finite. */
function badRows(graph: Graph, inputs: Value): Value {
  const zero = zeroOf(graph)
  const nothing = graph.apply('Mul', [graph.apply('Flatten', [inputs], { axis: 1 }), zero])
  const isBad = graph.cast(graph.apply('IsNaN', [nothing]), 'float')
  return graph.apply('Greater', [graph.apply('ReduceMax', [isBad], { axes: [1], keepdims: 1 }), zero])
}

function zeroOf(graph: Graph): Value {
  return graph.constant({ type: 'float', dims: [1], values: Float32Array.of(0) })
}

function unlessBad(graph: Graph, isBad: Value, values: Value): Value {
  const nan = graph.constant({ type: 'float', dims: [1, 1], values: Float32Array.of(Number.NaN) })
  return graph.apply('Where', [isBad, nan, values])
}

function unscaled(graph: Graph, outputs: Value, mean: number, deviation: number): Value {
  const constant = (value: number) => graph.constant({ type: 'double', dims: [1], values: [value] })
  const wide = graph.apply('Mul', [graph.cast(outputs, 'double'), constant(deviation)])
  return graph.cast(graph.apply('Add', [wide, constant(mean)]), 'float')
}

/** The greatest output's class, the first of equals; of a single score its side. */
function classNames(
  graph: Graph,
  isBad: Value,
  outputs: Value,
  classes: readonly string[],
  isSingle: boolean,
): Value {
  const place = isSingle
    ? graph.cast(graph.apply('Greater', [outputs, zeroOf(graph)]), 'int64')
    : graph.apply('ArgMax', [outputs], { axis: 1, keepdims: 1 })
  const none = graph.constant({ type: 'int64', dims: [1, 1], values: [classes.length] })
  const known = graph.apply('Where', [isBad, none, place])
  const flat = graph.apply('Reshape', [known, graph.constant({ type: 'int64', dims: [1], values: [-1] })])
  const names = graph.constant({ type: 'string', dims: [classes.length + 1], values: [...classes, ''] })
  return graph.apply('Gather', [names, flat], { axis: 0 })
}
