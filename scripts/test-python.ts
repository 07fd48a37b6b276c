/**
 * What other languages see of Concord, with the real thing: the Python helper and its examples as oracles,
 * checkpoints loaded by NumPy and PyTorch, and `concord aggregate` beside NumPy's own arithmetic. Run by `npm run test:python`, where Python has NumPy; what PyTorch is needed
 * for runs where it is installed, and the first lines say what there is.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Dataset } from '../learning/data/dataset.ts'
import { digits } from '../learning/data/digits.ts'
import { createJaxOracle, type ModelOracle } from '../learning/oracles/jax-oracle.ts'
import { checkpointOf, toLayout, writeCheckpoint } from '../node/files/checkpoint.ts'
import { testLargeModels } from './python/large-model-tests.ts'
import { testPackage } from './python/package-test.ts'
import { descend, interpreterWith, openProgram, root } from './python/programs.ts'
import { testSweeps } from './python/sweep-test.ts'
import { testTorch } from './python/torch-tests.ts'

// Other tests and peers want the cores, and threads that wait for them spin.
process.env.OMP_NUM_THREADS = '1'

const numpy = interpreterWith(['numpy'])
const torch = interpreterWith(['numpy', 'torch'])
console.log(numpy ? `${numpy.python}: ${numpy.versions}` : 'no Python with NumPy: nothing can be tested here')
console.log(torch ? `${torch.python}: ${torch.versions}` : 'no Python with PyTorch: only NumPy is tested')
if (!numpy) process.exit(1)

const folder = await mkdtemp(join(tmpdir(), 'concord-python-'))
after(() => rm(folder, { recursive: true }))
await writeIdx(folder)

const examples: readonly [name: string, python: string | null, program: string, rate: number][] = [
  ['the NumPy example', numpy.python, 'numpy_softmax.py', 0.05],
  ['the PyTorch example', torch?.python ?? null, 'torch_mnist.py', 0.1],
]

for (const [name, python, program, rate] of examples)
  if (python !== null)
    test(`${name} learns, and is a function of what it is asked`, async () => {
      const oracle = await open(`${python} ${join(root, 'python/examples', program)}`)
      const again = await open(`${python} ${join(root, 'python/examples', program)}`)
      assert.deepEqual(oracle.initial, again.initial)
      const request = { step: 5, parameters: oracle.initial, batch: 16 }
      const reply = await oracle.gradient(request)
      await again.gradient({ ...request, step: 6 })
      assert.deepEqual(await again.gradient(request), reply, 'whatever was asked before')
      const before = await oracle.evaluate(oracle.initial)
      const learnt = await oracle.evaluate(await descend(oracle, 80, rate))
      assert.ok(learnt.loss < 0.7 * before.loss, `${before.loss} → ${learnt.loss}`)
      assert.ok(learnt.accuracy! > before.accuracy! + 0.3, `${before.accuracy} → ${learnt.accuracy}`)
      await Promise.all([oracle.close(), again.close()])
    })

testPackage()
testSweeps()
if (torch) {
  testLargeModels(torch.python, folder)
  await testTorch(torch.python)
}

test('a mistake in the program is told with its message', async () => {
  const command = `${numpy.python} ${join(root, 'python/examples/numpy_softmax.py')}`
  await assert.rejects(open(command, '/nowhere'), {
    code: 'ORACLE_REFUSED',
    message: /ValueError: --data is '\/nowhere': expected a directory/,
  })
})

const loaders: readonly [framework: 'numpy' | 'torch', python: string | null, model: string][] = [
  ['numpy', numpy.python, 'mlp'],
  ['numpy', numpy.python, 'mlp:24,20,16'],
  ['torch', torch?.python ?? null, 'lenet'],
  ['torch', torch?.python ?? null, 'mlp:24,20,16'],
]

for (const [framework, python, model] of loaders)
  if (python !== null)
    test(`a checkpoint of ${model} gives the same outputs in ${framework}`, async () => {
      const spec = { model, data: folder, partition: 'iid', peer: 0, peers: 1, seed: 1 }
      const oracle = await createJaxOracle(spec)
      const parameters = await descend(oracle, 15, 0.05)
      const expected = await oracle.evaluate(parameters)
      const path = join(folder, `${model}.safetensors`)
      const checkpoint = checkpointOf(oracle.parameters, parameters, model, 'jax')
      await writeCheckpoint(path, framework === 'torch' ? toLayout(checkpoint, 'pytorch') : checkpoint)
      const loader = join(root, 'test/python/load_checkpoint.py')
      const { stdout, stderr } = spawnSync(python, [loader, framework, path, folder], { encoding: 'utf8' })
      const measured = JSON.parse(stdout || `{"error": ${JSON.stringify(stderr)}}`)
      assert.ok(
        Math.abs(measured.loss - expected.loss) < 1e-5,
        `${JSON.stringify(measured)}, ${expected.loss}`,
      )
      assert.equal(measured.accuracy, expected.accuracy)
    })

test('concord aggregate gives what NumPy does, for every rule and parameter that it lists', () => {
  const program = join(root, 'test/python/aggregate.py')
  const concord = [process.execPath, join(root, 'test/python/command-lines.ts')]
  const { status, stdout, stderr } = spawnSync(numpy.python, [program, folder, ...concord], {
    encoding: 'utf8',
  })
  assert.equal(status, 0, stderr)
  const lines = stdout.trim().split('\n')
  for (const line of lines) assert.ok(JSON.parse(line).error <= 1e-5, line)
  console.log(`  ${lines.length} files compared`)
})

function open(command: string, data = folder): Promise<ModelOracle> {
  return openProgram(command, data, 'iid')
}

/** Some of our drawn digits as the four files of MNIST. */
async function writeIdx(directory: string): Promise<void> {
  const source = digits()
  const train = source.train(Uint32Array.from({ length: 2000 }, (_, i) => i))
  for (const [part, { examples, labels }] of [
    ['train', train],
    ['t10k', source.test()],
  ] as [string, Dataset][]) {
    const header = (...fields: number[]) => {
      const bytes = Buffer.alloc(4 * fields.length)
      for (const [i, field] of fields.entries()) bytes.writeUInt32BE(field, 4 * i)
      return bytes
    }
    const images = Buffer.concat([header(2051, labels.length, 28, 28), examples as Uint8Array])
    await writeFile(join(directory, `${part}-images-idx3-ubyte`), images)
    await writeFile(
      join(directory, `${part}-labels-idx1-ubyte`),
      Buffer.concat([header(2049, labels.length), labels]),
    )
  }
}
