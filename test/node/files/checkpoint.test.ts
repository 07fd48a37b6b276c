/** Checkpoints: what was written is read, in either order of axes, and what does not fit is named. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { initialParameters } from '../../../learning/models/model.ts'
import { modelNamed } from '../../../learning/models/registry.ts'
import {
  checkpointOf,
  readCheckpoint,
  toLayout,
  vectorOf,
  writeCheckpoint,
} from '../../../node/files/checkpoint.ts'
import { FileError } from '../../../node/files/error.ts'

const model = modelNamed('lenet', { shape: [16, 16], classes: 3 })
const { parameters } = model
const vector = initialParameters(model, 1)
const checkpoint = checkpointOf(parameters, vector, 'lenet', 'jax')

async function folder(t: ExecutionContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'concord-checkpoint-'))
  t.teardown(() => rm(directory, { recursive: true }))
  return directory
}

test('written, read, and the same vector again, by way of PyTorch’s order too', async t => {
  const directory = await folder(t)
  for (const layout of ['jax', 'pytorch'] as const) {
    const path = join(directory, `${layout}.safetensors`)
    await writeCheckpoint(path, toLayout(checkpoint, layout))
    const read = await readCheckpoint(path)
    t.is(read.layout, layout)
    t.is(read.model, 'lenet')
    t.deepEqual(vectorOf(read, parameters, path), vector)
  }
  t.is((await readdir(directory)).length, 2, 'nothing else is left')
})

test('PyTorch’s order: weights [out, in], kernels [out, in, k, k], biases as they are', t => {
  const { tensors } = toLayout(checkpoint, 'pytorch')
  t.deepEqual(
    tensors.map(({ shape }) => shape.join('×')),
    ['20×1×5×5', '20', '50×20×5×5', '50', '500×50', '500', '3×500', '3'],
  )
  const [ours, theirs] = [checkpoint.tensors[2]!, tensors[2]!]
  // Kernel y = 3, x = 1, in = 7, out = 11.
  t.is(theirs.values[((11 * 20 + 7) * 5 + 3) * 5 + 1], ours.values[((3 * 5 + 1) * 20 + 7) * 50 + 11])
  t.deepEqual(toLayout(toLayout(checkpoint, 'pytorch'), 'jax'), checkpoint)
})

test('an oracle’s own checkpoint stays as it is', t => {
  const own = checkpointOf(
    [{ name: 'w', shape: [2, 3] }],
    Float32Array.of(1, 2, 3, 4, 5, 6),
    'external',
    'own',
  )
  t.deepEqual(toLayout(own, 'pytorch').tensors, own.tensors)
  t.deepEqual([...vectorOf(own, [{ name: 'w', shape: [2, 3] }], 'f')], [1, 2, 3, 4, 5, 6])
})

test('what does not fit: the tensor and both shapes are named', t => {
  const refused = (wanted: typeof parameters, says: RegExp) =>
    t.is(
      t.throws(() => vectorOf(checkpoint, wanted, 'f'), { instanceOf: FileError, message: says })?.code,
      'mismatch',
    )
  refused(
    modelNamed('lenet', { shape: [16, 16], classes: 4 }).parameters,
    /f: fc2\.weight has shape \(500, 3\), the model's has \(500, 4\)/,
  )
  refused(parameters.slice(1), /f holds conv1\.weight, which the model does not have/)
  refused([...parameters, { name: 'extra', shape: [1], start: 0 }], /f lacks extra; it holds conv1\.weight/)
})

test('files that are none', async t => {
  const directory = await folder(t)
  const path = join(directory, 'x.safetensors')
  t.is((await t.throwsAsync(readCheckpoint(path), { instanceOf: FileError }))?.code, 'unreadable')
  await writeFile(path, 'no checkpoint')
  t.is((await t.throwsAsync(readCheckpoint(path), { instanceOf: FileError }))?.code, 'malformed')
  const nowhere = join(directory, 'no', 'such', 'folder')
  t.is(
    (await t.throwsAsync(writeCheckpoint(nowhere, checkpoint), { instanceOf: FileError }))?.code,
    'unreadable',
  )
})
