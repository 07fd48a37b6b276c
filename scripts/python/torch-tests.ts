/** TorchOracle, its examples and its package, with the real PyTorch; and a cohort of members that each bring their own data. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Dataset } from '../../learning/data/dataset.ts'
import type { Metrics } from '../../learning/evaluation/metrics.ts'
import { measure } from '../../learning/evaluation/predictions.ts'
import { randomStream } from '../../learning/random.ts'
import { drawShapes, shapes, writeTable, writeText } from './member-files.ts'
import { testOwnDataCohort } from './own-data-cohort.ts'
import { descend, openProgram, root } from './programs.ts'

/** Registers the tests. */
export async function testTorch(python: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'concord-torch-'))
  after(() => rm(folder, { recursive: true }))
  testInPython(python)
  testExamples(python, folder)
  testMetrics(python, folder)
  testReadme(python, folder)
  testOwnDataCohort(python)
}

function testInPython(python: string): void {
  test('TorchOracle beside plain PyTorch', () => {
    const { status, stderr } = spawnSync(python, [join(root, 'test/python/torch_oracle_test.py')], {
      encoding: 'utf8',
    })
    assert.equal(status, 0, stderr)
    console.log(`  ${/Ran \d+ tests/.exec(stderr)}`)
  })
}

interface Example {
  readonly program: string
  readonly arguments: string
  readonly write: (folder: string) => Promise<string>
  readonly steps: number
  readonly rate: number
  readonly learns: (metrics: Metrics) => boolean
}

const examples: readonly Example[] = [
  {
    program: 'torch_images.py',
    arguments: shapes.join(' '),
    write: folder => drawShapes(join(folder, 'shapes'), 1, 40),
    steps: 60,
    rate: 0.1,
    learns: metrics => metrics.kind === 'classes' && metrics.balancedAccuracy > 0.7,
  },
  {
    program: 'torch_table.py',
    arguments: 'outcome well ill',
    write: folder => writeTable(join(folder, 'classes.csv'), 1, 600),
    steps: 200,
    rate: 0.2,
    learns: metrics => metrics.kind === 'classes' && metrics.balancedAccuracy > 0.75 && metrics.auroc! > 0.85,
  },
  {
    program: 'torch_table.py',
    arguments: 'age',
    write: async folder => {
      const path = await writeTable(join(folder, 'numbers.csv'), 1, 600)
      const text = await readFile(path, 'utf8')
      await writeFile(path, text.replaceAll('ill', '1').replaceAll('well', '0'))
      return path
    },
    steps: 200,
    rate: 0.1,
    learns: metrics => metrics.kind === 'numbers' && metrics.r2! > 0.5,
  },
  {
    program: 'torch_text.py',
    arguments: '',
    write: folder => writeText(join(folder, 'text.txt'), 1, 600),
    steps: 40,
    rate: 0.5,
    learns: metrics => metrics.kind === 'classes' && metrics.accuracy > 2 * metrics.baseline.accuracy,
  },
]

function testExamples(python: string, folder: string): void {
  for (const { program, arguments: words, write, steps, rate, learns } of examples)
    test(`${program} ${words} learns from a file of one's own, and is a function of what it is asked`, async () => {
      const data = await write(folder)
      const command = `${python} ${join(root, 'python/examples', program)} ${words}`
      const [oracle, again] = await Promise.all([1, 2].map(() => openProgram(command, data, 'own')))
      assert.deepEqual(oracle!.initial, again!.initial)
      const request = { step: 5, parameters: oracle!.initial, batch: 16 }
      const reply = await oracle!.gradient(request)
      await again!.evaluate(oracle!.initial)
      await again!.gradient({ ...request, step: 6 })
      assert.deepEqual(await again!.gradient(request), reply, 'whatever was asked before')
      const before = await oracle!.evaluate(oracle!.initial)
      const learnt = await oracle!.evaluate(await descend(oracle!, steps, rate, 16))
      console.log(
        `  ${words}: loss ${before.loss} → ${learnt.loss}; ${JSON.stringify(learnt.metrics).slice(0, 160)}`,
      )
      assert.ok(learnt.loss < before.loss)
      assert.ok(!learns(before.metrics!), 'there is something to learn')
      assert.ok(learns(learnt.metrics!))
      await Promise.all([oracle!.close(), again!.close()])
    })
  test('what an example finds wrong with a file has line and column, and no value', async () => {
    const command = `${python} ${join(root, 'python/examples/torch_table.py')} outcome well ill`
    const path = join(folder, 'wrong.csv')
    for (const [line, says] of [
      ['well,1,x17,3', /line 3, column 'dose' is no number/],
      ['better17,1,2,3', /line 3, column 'outcome': expected one of well, ill/],
    ] as const) {
      await writeFile(path, `outcome,pressure,dose,age\nill,1,2,3\n${line}\n`)
      await assert.rejects(openProgram(command, path, 'own'), (error: Error) => {
        assert.match(error.message, says)
        assert.doesNotMatch(error.message, /17/)
        return true
      })
    }
  })
}

/** Outputs at the scale of real ones, in steps, so that some are tied. */
function drawOutputs(rows: number, width: number): number[][] {
  const random = randomStream(width, 'outputs')
  return Array.from({ length: rows }, () =>
    Array.from({ length: width }, () => Math.round(random.normal() * 8) / 8),
  )
}

function testMetrics(python: string, folder: string): void {
  const rows = 300
  const cases = [
    { name: 'three classes', kind: 'classes', width: 3, classes: 3, names: ['a', 'b', 'c'] },
    { name: 'two classes', kind: 'classes', width: 2, classes: 2 },
    { name: 'a single output for two classes', kind: 'side', width: 1, classes: 2 },
    { name: 'numbers', kind: 'numbers', width: 1, classes: 0 },
  ] as const
  for (const { name, kind, width, classes, ...more } of cases)
    test(`metrics of ${name} are those of our own models`, async () => {
      const random = randomStream(1, name)
      const outputs = drawOutputs(rows, width)
      // Class 0 is the most frequent one, and the last does not occur among three.
      const labels = outputs.map(() => random.integer(2) * random.integer(2))
      const values = outputs.map(([output]) => output! + random.normal())
      const path = join(folder, `scores-${width}-${classes}.json`)
      const targets = classes === 0 ? values.map(value => [value]) : labels
      await writeFile(path, JSON.stringify({ kind, outputs, targets, ...more }))
      const oracle = await openProgram(`${python} ${join(root, 'test/python/torch_scores.py')}`, path, 'own')
      const { accuracy, metrics } = await oracle.evaluate(oracle.initial)
      await oracle.close()
      const dataset: Dataset = {
        name,
        shape: [width],
        classes,
        ...('names' in more && { classNames: more.names }),
        examples: new Float32Array(rows * width),
        labels: Uint8Array.from(labels),
        ...(classes === 0 && { values: Float32Array.from(values) }),
      }
      const expected = measure(
        classes === 0 ? 'numbers' : 'classes',
        Float32Array.from(outputs.flat()),
        dataset,
        Uint32Array.from(outputs, (_, row) => row),
      )
      assert.equal(accuracy, expected.kind === 'classes' ? expected.accuracy : null)
      assertNear(metrics, expected)
    })
}

/** Equal but for the last bits of numbers, as sums are taken in another order. */
function assertNear(found: unknown, expected: unknown): void {
  const rounded = (value: unknown) =>
    JSON.stringify(value, (_, part) => (typeof part === 'number' ? Number(part.toPrecision(9)) : part))
  assert.deepEqual(JSON.parse(rounded(found)), JSON.parse(rounded(expected)))
}

function testReadme(python: string, folder: string): void {
  test('the dozen lines of python/README.md run', async () => {
    const text = await readFile(join(root, 'python/README.md'), 'utf8')
    const [, program] = /```python\n([\s\S]*?)```/.exec(text)!
    const docs = await readFile(join(root, 'docs/oracles.md'), 'utf8')
    assert.ok(docs.includes(program!), 'docs/oracles.md has the same')
    const place = join(folder, 'dozen')
    await mkdir(place)
    await writeFile(join(place, 'train.py'), program!)
    const make =
      'import sys, torch; x = torch.randn(200, 20); torch.save((x, x[:, :3].argmax(1)), sys.argv[1])'
    spawnSync(python, ['-c', make, join(place, 'ours.pt')])
    const command = `PYTHONPATH=${join(root, 'python')} ${python} ${join(place, 'train.py')}`
    const oracle = await openProgram(command, join(place, 'ours.pt'), 'own')
    const before = await oracle.evaluate(oracle.initial)
    const learnt = await oracle.evaluate(await descend(oracle, 40, 0.2))
    assert.ok(learnt.loss < before.loss)
    await oracle.close()
  })
}
