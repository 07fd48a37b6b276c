/** Models: their shapes, how they start, and their gradients against finite differences of their own loss. */
import test, { type ExecutionContext } from 'ava'
import type { Vector } from '../../../agreement/vector.ts'
import { type DataShape, exampleSize } from '../../../learning/data/dataset.ts'
import {
  initialParameters,
  joinParameters,
  type Model,
  ModelError,
  modelDimension,
  splitParameters,
  type Tensor,
} from '../../../learning/models/model.ts'
import { modelNamed, modelNames } from '../../../learning/models/registry.ts'
import { loadJax } from '../../../learning/oracles/jax.ts'
import { randomStream } from '../../../learning/random.ts'
import { coordinates, dataOf, small, somewhere } from './support.ts'

const mnist = { shape: [28, 28], classes: 10 }
const cifar = { shape: [32, 32, 3], classes: 10 }

test('models have the sizes that the papers state', t => {
  t.is(modelDimension(modelNamed('mlp', mnist)), 79_510)
  t.is(modelDimension(modelNamed('softmax', mnist)), 7_850)
  t.is(modelDimension(modelNamed('lenet', mnist)), 431_080)
  // comparative-gradient-elimination, §3.4.2: the same on CIFAR-10.
  t.is(modelDimension(modelNamed('lenet', cifar)), 657_080)
})

test('a perceptron has the hidden layers of its name', t => {
  const shapes = (name: string) =>
    modelNamed(name, small).parameters.map(({ name, shape }) => [name, ...shape])
  t.deepEqual(shapes('mlp:5,4'), [
    ['hidden1.weight', 6, 5],
    ['hidden1.bias', 5],
    ['hidden2.weight', 5, 4],
    ['hidden2.bias', 4],
    ['output.weight', 4, 3],
    ['output.bias', 3],
  ])
  t.deepEqual(
    shapes('mlp').map(([name]) => name),
    ['hidden.weight', 'hidden.bias', 'output.weight', 'output.bias'],
    'as checkpoints have it',
  )
  t.is(modelNamed(`mlp:${Array(16).fill(4096)}`, small).parameters.length, 34)
})

test('a perceptron’s sizes are whole numbers within the limits, in one spelling', t => {
  const wrong = [
    'mlp:',
    'mlp:0',
    'mlp:64,',
    'mlp:64,,64',
    'mlp:064',
    'mlp:4097',
    'mlp:1e2',
    'mlp:64, 64',
    'mlp:-1',
  ]
  for (const name of [...wrong, `mlp:${Array(17).fill(2)}`])
    t.like(
      t.throws(() => modelNamed(name, small), { instanceOf: ModelError }, name),
      {
        code: 'MODEL_UNKNOWN',
        message: `model '${name}': expected mlp: and the sizes of 1 to 16 hidden layers, each from 1 to 4096, such as mlp:64,64`,
      },
    )
})

test('an unknown model is refused, and the error lists the known names', t => {
  const error = t.throws(() => modelNamed('lenet-6', mnist), { instanceOf: ModelError })
  t.is(error?.code, 'MODEL_UNKNOWN')
  for (const name of modelNames) t.true(error?.message.includes(name))
})

test('splitting and joining are inverse, and splitting copies nothing', t => {
  const model = modelNamed('mlp', small)
  const vector = Float32Array.from({ length: modelDimension(model) }, (_, i) => i)
  const parts = splitParameters(model, vector)
  t.deepEqual(
    parts.map(part => part.length),
    [600, 100, 300, 3],
  )
  t.true(parts.every(part => part.buffer === vector.buffer))
  t.deepEqual(joinParameters(model, parts), vector)
})

test('a vector of another length is refused with both lengths', t => {
  t.throws(() => splitParameters(modelNamed('softmax', small), new Float32Array(20)), {
    instanceOf: ModelError,
    message: /20 parameters for model softmax, expected 21/,
  })
})

test('initial parameters depend on the seed alone, stay within Kaiming’s bound, and fill it', t => {
  const model = modelNamed('mlp', mnist)
  const start = initialParameters(model, 5)
  t.deepEqual(start, initialParameters(model, 5))
  t.notDeepEqual(start, initialParameters(model, 6))
  splitParameters(model, start).forEach((part, index) => {
    const parameter = model.parameters[index]!
    const bound = 1 / Math.sqrt('fanIn' in parameter ? parameter.fanIn : 0)
    const widest = part.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    t.true(widest <= bound && widest > 0.7 * bound, `${model.parameters[index]!.name}: ${widest} of ${bound}`)
  })
})

/** Labels 1 and 0, or real targets; the third row is padding. */
function targetsOf({ classes }: DataShape): Float32Array<ArrayBuffer> {
  const targets = new Float32Array(3 * (classes || 2))
  if (classes === 0) targets.set([0.7, 1, -1.3, 1])
  else {
    targets[1] = 1
    targets[classes] = 1
  }
  return targets
}

interface Probe {
  loss(parameters: Vector): number
  gradient(parameters: Vector): Vector
  outputs(parameters: Vector): number[]
  readonly inputs: Float32Array
}

/** The model over two rows and one of padding, compiled once. */
async function probeOf(model: Model, data: DataShape): Promise<Probe> {
  const jax = await loadJax()
  const size = exampleSize(data.shape)
  const random = randomStream(1, 'inputs')
  // Where rows are taken together there is no padding.
  const rows = model.rowsTogether ? 2 : 3
  const inputs = Float32Array.from({ length: rows * size }, (_, i) => (i < 2 * size ? random.normal() : 0))
  const tensor = (values: Vector, shape: readonly number[]) =>
    jax.numpy.array(values as Float32Array<ArrayBuffer>).reshape([...shape])
  const upload = (parameters: Vector): Tensor[] =>
    splitParameters(model, parameters).map((part, i) => tensor(part, model.parameters[i]!.shape))
  const x = () => tensor(inputs, [rows, size])
  const width = data.classes || 2
  const y = () => tensor(targetsOf(data).subarray(0, rows * width), [rows, width])
  const outputs = jax.jit((tensors: Tensor[], batch: Tensor) => model.outputs(jax, tensors, batch, null))
  const loss = (tensors: Tensor[], batch: Tensor, targets: Tensor) =>
    model.lossSum(jax, model.outputs(jax, tensors, batch, null), targets)
  const measured = jax.jit(loss)
  const gradient = jax.jit((tensors: Tensor[], batch: Tensor, targets: Tensor) =>
    jax.grad(loss)(tensors, batch, targets),
  )
  return {
    inputs,
    loss: parameters => measured(upload(parameters), x(), y()).dataSync()[0]!,
    gradient: parameters =>
      joinParameters(
        model,
        gradient(upload(parameters), x(), y()).map(part => part.dataSync()),
      ),
    outputs: parameters => [...outputs(upload(parameters), x()).dataSync()],
  }
}

/** `Σ −log softmax` over the two rows in 64 bits, straight from its definition. */
function crossEntropy(logits: readonly number[]): number {
  const row = (from: number, label: number) => {
    const values = logits.slice(from, from + 3)
    return Math.log(values.reduce((sum, value) => sum + Math.exp(value), 0)) - values[label]!
  }
  return row(0, 1) + row(3, 0)
}

/** One-vs-rest hinge of labels 1 and 0 among three. */
function hinge(scores: readonly number[]): number {
  const sides = [-1, 1, -1, 1, -1, -1]
  return sides.reduce((sum, y, i) => sum + Math.max(0, 1 - y * scores[i]!), 0)
}

const squares = (values: readonly number[]) => values.reduce((sum, value) => sum + value * value, 0) / 2

/** Of the targets 0.7 and −1.3. */
const halfSquares = ([a, b]: readonly number[]) => squares([a! - Math.fround(0.7), b! + Math.fround(1.3)])

const losses: Record<string, (outputs: readonly number[]) => number> = {
  svm: hinge,
  'linear-regression': halfSquares,
  'linear-regression:intercept': halfSquares,
  mean: outputs => squares(outputs.slice(0, 12)),
}

for (const name of [...modelNames, 'mlp:1', 'mlp:9', 'mlp:6,5,4', `mlp:${Array(16).fill(6)}`]) {
  const data = dataOf(name)

  test(`${name}: the loss is what its outputs say, padding left out`, async t => {
    const model = modelNamed(name, data)
    const probe = await probeOf(model, data)
    const parameters = somewhere(model)
    const outputs = probe.outputs(parameters)
    const expected = (losses[name] ?? crossEntropy)(outputs)
    t.true(Math.abs(probe.loss(parameters) - expected) < 1e-4, `${probe.loss(parameters)}, ${expected}`)
  })

  test(`${name}: the gradient is that of finite differences`, gradientMacro, name, data)
}

for (const [size, classes] of [
  [1, 2],
  [7, 2],
  [30, 5],
  [2, 11],
] as const)
  for (const name of ['softmax', 'mlp:8,6'])
    test(
      `${name} with ${size} inputs and ${classes} classes: the gradient is that of finite differences`,
      gradientMacro,
      name,
      { shape: [size], classes },
    )

test(
  'lenet on CIFAR-10, d = 657,080: the gradient is that of finite differences',
  gradientMacro,
  'lenet',
  cifar,
)

async function gradientMacro(t: ExecutionContext, name: string, data: DataShape): Promise<void> {
  const model = modelNamed(name, data)
  const probe = await probeOf(model, data)
  const start = somewhere(model)
  const gradient = probe.gradient(start)
  const step = 5e-4
  const errors = coordinates(model).map(i => {
    const at = (shift: number) => {
      const moved = start.slice()
      moved[i]! += shift
      return probe.loss(moved)
    }
    const difference = (at(step) - at(-step)) / (2 * step)
    return Math.abs(difference - gradient[i]!) / (1e-3 + 0.02 * Math.abs(difference))
  })
  // A step over a kink of ReLU or of a maximum shifts a few coordinates a little; a mistake would shift most of them.
  const worst = Math.max(...errors)
  t.true(worst < 5, `${worst} times the tolerance`)
  t.true(errors.filter(error => error > 1).length <= errors.length / 10, errors.join(' '))
}

test('two classes: one score, and padding counts for nothing', async t => {
  const jax = await loadJax()
  const model = modelNamed('svm', { shape: [1], classes: 2 })
  t.deepEqual(
    model.parameters.map(({ shape }) => shape),
    [[1, 1], [1]],
  )
  const scores = () => jax.numpy.array([0.4, -2, 3, 0]).reshape([4, 1])
  const targets = () => jax.numpy.array([0, 1, 0, 1, 1, 0, 0, 0]).reshape([4, 2])
  t.true(Math.abs(model.lossSum(jax, scores(), targets()).dataSync()[0]! - (0.6 + 3 + 4)) < 1e-6)
})

test('linear regression with an intercept: the bias is the last number of θ, and shifts every output', async t => {
  const jax = await loadJax()
  const model = modelNamed('linear-regression:intercept', { shape: [2], classes: 0 })
  t.is(modelDimension(model), 3)
  t.deepEqual([...initialParameters(model, 1)], [0, 0, 0])
  const tensors = [jax.numpy.array([2, 3]).reshape([2, 1]), jax.numpy.array([0.5])]
  const outputs = model.outputs(jax, tensors, jax.numpy.array([1, 1, 10, 0]).reshape([2, 2]), null)
  t.deepEqual([...outputs.dataSync()], [5.5, 20.5])
})

test('mean estimation does not look at the kind of target', async t => {
  const jax = await loadJax()
  const model = modelNamed('mean', { shape: [2], classes: 0 })
  const differences = jax.numpy.array([3, 4, 7, 7]).reshape([2, 2])
  const targets = jax.numpy.array([9, 1, 0, 0]).reshape([2, 2])
  t.is(model.lossSum(jax, differences, targets).dataSync()[0], 12.5)
})

test('RESAM’s CIFAR-10 network: its size, and its dropout masks', async t => {
  const jax = await loadJax()
  const model = modelNamed('resam-cifar', { shape: [32, 32, 3], classes: 10 })
  t.is(modelDimension(model), 1_310_922)
  t.deepEqual(
    model.dropout?.map(({ size }) => size),
    [64 * 16 * 16, 128 * 8 * 8, 128],
  )
  const tiny = modelNamed('resam-cifar', dataOf('resam-cifar'))
  const parameters = splitParameters(tiny, somewhere(tiny)).map((part, i) =>
    jax.numpy.array(part as Float32Array<ArrayBuffer>).reshape([...tiny.parameters[i]!.shape]),
  )
  const zeros = tiny.dropout!.map(({ size }) => jax.numpy.zeros([2, size]))
  const outputs = tiny.outputs(
    jax,
    parameters.map(tensor => tensor.ref),
    jax.numpy.ones([2, 192]),
    zeros,
  )
  // With everything dropped, only the last layer's bias is left.
  const values = outputs.dataSync()
  const bias = parameters.at(-1)!.dataSync()
  t.deepEqual([...values], [...bias, ...bias])
})

test('a model refuses data of the other kind', t => {
  const real = { shape: [28, 28], classes: 0 }
  for (const name of ['softmax', 'mlp', 'mlp:64,64', 'lenet', 'resam-cifar', 'svm'])
    t.like(
      t.throws(() => modelNamed(name, real), { instanceOf: ModelError }),
      {
        code: 'MODEL_DATA',
        message: `model ${name} on data with real targets: expected classes, that is integer labels from 0 on; linear-regression:intercept learns real targets`,
      },
    )
  for (const name of ['linear-regression', 'linear-regression:intercept'])
    t.throws(() => modelNamed(name, mnist), {
      message: /10 classes: expected real targets; softmax and mlp:64,64 learn classes/,
    })
})

test('LeNet takes images, and refuses other data with a reason', t => {
  for (const shape of [[784], [15, 28], [28, 15], [4, 28, 28, 1]])
    t.like(
      t.throws(() => modelNamed('lenet', { shape, classes: 10 }), { instanceOf: ModelError }),
      {
        code: 'MODEL_DATA',
        message: `model lenet on examples of ${shape.join(' × ')}: expected images, height × width or height × width × channels, of at least 16 × 16 pixels`,
      },
    )
})
