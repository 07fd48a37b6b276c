/** Settings of the training: dropout in the models that take it, weights in the losses of classifiers. */
import test from 'ava'
import type { Vector } from '../../../agreement/vector.ts'
import { joinParameters, ModelError, splitParameters, type Tensor } from '../../../learning/models/model.ts'
import { modelNamed } from '../../../learning/models/registry.ts'
import { loadJax } from '../../../learning/oracles/jax.ts'
import { coordinates, dataOf, small, somewhere } from './support.ts'

test('dropout: a perceptron has a mask for each hidden layer, which its outputs and its gradient are taken through', async t => {
  const jax = await loadJax()
  const model = modelNamed('mlp:5,4', small, { dropout: 0.5 })
  t.deepEqual(model.dropout, [
    { size: 5, rate: 0.5 },
    { size: 4, rate: 0.5 },
  ])
  const parameters = somewhere(model)
  const [w1, b1, w2, b2, w3, b3] = splitParameters(model, parameters)
  const inputs = [0.3, -1, 2, 0.5, 1, -0.7]
  const drawn = [
    [2, 0, 2, 2, 0],
    [0, 2, 2, 0],
  ]
  const layer = (values: readonly number[], weight: Vector, bias: Vector) =>
    Array.from(bias, (b, j) =>
      values.reduce((sum, value, i) => sum + value * weight[i * bias.length + j]!, b),
    )
  const hidden = (values: readonly number[], weight: Vector, bias: Vector, mask: readonly number[]) =>
    layer(values, weight, bias).map((value, unit) => Math.max(0, value) * mask[unit]!)
  const expected = layer(hidden(hidden(inputs, w1!, b1!, drawn[0]!), w2!, b2!, drawn[1]!), w3!, b3!)
  const upload = (at: Vector): Tensor[] =>
    splitParameters(model, at).map((part, i) =>
      jax.numpy.array(part as Float32Array<ArrayBuffer>).reshape([...model.parameters[i]!.shape]),
    )
  const outputs = (tensors: Tensor[]) =>
    model.outputs(
      jax,
      tensors,
      jax.numpy.array(inputs).reshape([1, 6]),
      drawn.map(mask => jax.numpy.array(mask).reshape([1, mask.length])),
    )
  for (const [i, value] of outputs(upload(parameters)).dataSync().entries())
    t.true(Math.abs(value - expected[i]!) < 1e-5, `${value}, ${expected[i]}`)
  const loss = (tensors: Tensor[]) =>
    model.lossSum(jax, outputs(tensors), jax.numpy.array([0, 1, 0]).reshape([1, 3]))
  const gradient = joinParameters(
    model,
    jax
      .grad(loss)(upload(parameters))
      .map(part => part.dataSync()),
  )
  for (const i of coordinates(model)) {
    const at = (shift: number) => {
      const shifted = parameters.slice()
      shifted[i]! += shift
      return loss(upload(shifted)).dataSync()[0]!
    }
    const difference = (at(5e-4) - at(-5e-4)) / 1e-3
    t.true(
      Math.abs(difference - gradient[i]!) < 2e-3 + 0.05 * Math.abs(difference),
      `${i}: ${difference}, ${gradient[i]}`,
    )
  }
})

test('a setting that a model does not take is refused, with the models that take it', t => {
  for (const name of ['softmax', 'resam-cifar', 'linear-regression:intercept'])
    t.like(
      t.throws(() => modelNamed(name, dataOf(name), { dropout: 0.5 }), { instanceOf: ModelError }),
      {
        code: 'MODEL_SETTING',
        message: `dropout is 0.5, which model ${name} does not take; expected none, or a model that takes it: mlp, mlp:64,64`,
      },
    )
  t.is(modelNamed('softmax', small, { dropout: 0 }).dropout, undefined)
})

for (const [name, classes] of [
  ['softmax', 3],
  ['mlp:4', 2],
  ['svm', 3],
  ['svm', 2],
] as const)
  test(`${name} with ${classes} classes: a weight in place of the 1 multiplies the loss of its row`, async t => {
    const jax = await loadJax()
    const model = modelNamed(name, { shape: [2], classes })
    const width = name === 'svm' && classes === 2 ? 1 : classes
    const outputs = Float32Array.from({ length: 3 * width }, (_, i) => Math.sin(i + 1))
    const lossOf = (weights: readonly number[]) => {
      const targets = new Float32Array(3 * classes)
      for (const [row, weight] of weights.entries()) targets[row * classes + (row % classes)] = weight
      const of = (values: Float32Array<ArrayBuffer>) =>
        jax.numpy.array(values).reshape([3, values.length / 3])
      return model.lossSum(jax, of(outputs), of(targets)).dataSync()[0]!
    }
    const [first, second, third] = [lossOf([1, 0, 0]), lossOf([0, 1, 0]), lossOf([0, 0, 1])]
    t.true(Math.min(first, second, third) > 0.01)
    const expected = 2.5 * first + 0.25 * second + 7 * third
    t.true(Math.abs(lossOf([2.5, 0.25, 7]) - expected) < 1e-4, `${lossOf([2.5, 0.25, 7])}, ${expected}`)
  })
