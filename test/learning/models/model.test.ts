/** Models: their shapes, how they start, and their gradients against finite differences of their own loss. */
import test from 'ava'
import type { Vector } from '../../../agreement/vector.ts'
import { exampleSize } from '../../../learning/data/dataset.ts'
import {
  initialParameters,
  joinParameters,
  type Model,
  ModelError,
  modelDimension,
  splitParameters,
  type Tensor,
  tensorSize,
} from '../../../learning/models/model.ts'
import { modelNamed, modelNames } from '../../../learning/models/registry.ts'
import { loadJax } from '../../../learning/oracles/jax.ts'
import { randomStream } from '../../../learning/random.ts'

const mnist = { shape: [28, 28], classes: 10 }
const small = { shape: [2, 3], classes: 3 }

test('the sizes that the papers state', t => {
  t.is(modelDimension(modelNamed('mlp', mnist)), 79_510)
  t.is(modelDimension(modelNamed('softmax', mnist)), 7_850)
  t.is(modelDimension(modelNamed('lenet', mnist)), 431_080)
})

test('an unknown model is refused with the names there are', t => {
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

test('initial parameters: the same for a seed, within Kaiming’s bound, and filling it', t => {
  const model = modelNamed('mlp', mnist)
  const start = initialParameters(model, 5)
  t.deepEqual(start, initialParameters(model, 5))
  t.notDeepEqual(start, initialParameters(model, 6))
  splitParameters(model, start).forEach((part, index) => {
    const bound = 1 / Math.sqrt(model.parameters[index]!.fanIn)
    const widest = part.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    t.true(widest <= bound && widest > 0.7 * bound, `${model.parameters[index]!.name}: ${widest} of ${bound}`)
  })
})

/** The smallest data that a model takes. */
const dataOf = (name: string) =>
  name === 'lenet' || name === 'resam-cnn' ? { ...small, shape: [16, 16] } : small

/** The third row is padding: no label. */
const targets = Float32Array.of(0, 1, 0, 1, 0, 0, 0, 0, 0)

async function onTwoRows(model: Model, size: number, parameters: Vector) {
  const jax = await loadJax()
  const random = randomStream(1, 'inputs')
  const inputs = Float32Array.from({ length: 3 * size }, (_, i) => (i < 2 * size ? random.normal() : 0))
  const tensor = (values: Vector, shape: readonly number[]) =>
    jax.numpy.array(values as Float32Array<ArrayBuffer>).reshape([...shape])
  const upload = (): Tensor[] =>
    splitParameters(model, parameters).map((part, i) => tensor(part, model.parameters[i]!.shape))
  const loss = (tensors: Tensor[]) =>
    model.lossSum(jax, model.outputs(jax, tensors, tensor(inputs, [3, size])), tensor(targets, [3, 3]))
  const [value, gradients] = jax.valueAndGrad(loss)(upload())
  const logits = model.outputs(jax, upload(), tensor(inputs, [3, size]))
  return {
    loss: value.dataSync()[0]!,
    gradient: joinParameters(
      model,
      gradients.map(gradient => gradient.dataSync()),
    ),
    logits: [...logits.ref.dataSync()],
    hits: model.hits!(jax, logits, tensor(targets, [3, 3])).dataSync()[0]!,
  }
}

/** `Σ −log softmax` in 64 bits, straight from its definition. */
function crossEntropy(logits: readonly number[]): number {
  const row = (from: number, label: number) => {
    const values = logits.slice(from, from + 3)
    return Math.log(values.reduce((sum, value) => sum + Math.exp(value), 0)) - values[label]!
  }
  return row(0, 1) + row(3, 0)
}

for (const name of modelNames) {
  const data = dataOf(name)
  const size = exampleSize(data.shape)

  test(`${name}: the loss is the cross-entropy of its outputs, padding left out`, async t => {
    const model = modelNamed(name, data)
    const { loss, logits, hits } = await onTwoRows(model, size, initialParameters(model, 1))
    t.true(Math.abs(loss - crossEntropy(logits)) < 1e-5)
    const best = (from: number) =>
      logits.slice(from, from + 3).indexOf(Math.max(...logits.slice(from, from + 3)))
    t.is(hits, Number(best(0) === 1) + Number(best(3) === 0))
  })

  test(`${name}: the gradient is that of finite differences`, async t => {
    const model = modelNamed(name, data)
    const start = initialParameters(model, 1)
    const { gradient } = await onTwoRows(model, size, start)
    // Small, or it would step over a kink of ReLU.
    const step = 5e-4
    for (const i of probes(model)) {
      const at = async (shift: number) => {
        const moved = start.slice()
        moved[i]! += shift
        return (await onTwoRows(model, size, moved)).loss
      }
      const difference = ((await at(step)) - (await at(-step))) / (2 * step)
      t.true(
        Math.abs(difference - gradient[i]!) < 1e-3 + 0.02 * Math.abs(difference),
        `coordinate ${i}: ${gradient[i]} against ${difference}`,
      )
    }
  })
}

/** A few coordinates of every parameter. */
function probes(model: Model): number[] {
  let from = 0
  return model.parameters.flatMap(({ shape }) => {
    const length = tensorSize(shape)
    const own = Array.from(
      { length: Math.min(length, 6) },
      (_, i) => from + Math.floor(((i + 0.5) * length) / 6),
    )
    from += length
    return own.filter(index => index < from)
  })
}

test('LeNet takes images, and says what is none', t => {
  for (const shape of [[784], [15, 28], [28, 15], [4, 28, 28, 1]])
    t.like(
      t.throws(() => modelNamed('lenet', { shape, classes: 10 }), { instanceOf: ModelError }),
      {
        code: 'MODEL_DATA',
        message: `model lenet on examples of ${shape.join(' × ')}: expected images, height × width or height × width × channels, of at least 16 × 16 pixels`,
      },
    )
})
