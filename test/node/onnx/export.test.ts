/** The ONNX file and `concord predict` say the same of the same raw rows and images, to 1e-5. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { parse } from 'csv-parse/sync'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { PNG } from 'pngjs'
import { exampleSize } from '../../../learning/data/dataset.ts'
import type { TableSchema } from '../../../learning/data/schema.ts'
import { randomStream } from '../../../learning/random.ts'
import { exportCommand } from '../../../node/cli/commands/export.ts'
import { runProgram } from '../../../node/cli/program.ts'
import { readCheckpoint, writeCheckpoint } from '../../../node/files/checkpoint.ts'
import { predict } from '../../../node/models/predict.ts'
import { readModel } from '../../../node/models/usable-model.ts'
import { onnxModel } from '../../../node/onnx/export.ts'
import { recordedTerminal } from '../cli/terminals.ts'
import {
  classSchema,
  colourForm,
  csvOf,
  drawRows,
  folder,
  imageForm,
  numberSchema,
  type Row,
  savedModel,
  twoClassSchema,
} from '../models/support.ts'

const ROWS = 1000

type Records = readonly Readonly<Record<string, string>>[]

async function predicted(directory: string, data: string): Promise<Records> {
  const out = join(directory, 'predictions.csv')
  await predict(join(directory, 'm.safetensors'), data, out)
  return parse(await readFile(out, 'utf8'), { columns: true })
}

/** One thread: the tests share few cores. */
const opened = (bytes: Uint8Array) => InferenceSession.create(bytes, { intraOpNumThreads: 1 })

async function session(directory: string): Promise<InferenceSession> {
  const { bytes } = onnxModel(await readModel(join(directory, 'm.safetensors')))
  return opened(bytes)
}

/** The raw cells as the file has them: NaN is a missing number, an empty text or a word for it any other missing cell. */
function feeds(rows: readonly Row[], { columns }: TableSchema): Record<string, Tensor> {
  const words = ['', 'NA', 'Null', 'NONE', '?']
  return Object.fromEntries(
    columns.map(({ name, type }, column) => {
      const cells = rows.map(row => row[column]!)
      const dims = [rows.length, 1]
      if (type === 'number')
        return [
          name,
          new Tensor(
            'float32',
            Float32Array.from(cells, cell => (cell === null ? Number.NaN : Number(cell))),
            dims,
          ),
        ]
      const texts = cells.map((cell, place) => (cell === null ? words[place % words.length]! : String(cell)))
      return [name, new Tensor('string', texts, dims)]
    }),
  )
}

function agree(
  t: ExecutionContext,
  records: Records,
  prefix: string,
  shares: Tensor,
  names: Tensor | null,
  label: string,
  most = 1e-5,
) {
  const columns = Object.keys(records[0]!).filter(name => name.startsWith(prefix))
  t.deepEqual(shares.dims, [records.length, columns.length], label)
  const values = shares.data as Float32Array
  let worst = 0
  for (const [row, record] of records.entries())
    for (const [place, name] of columns.entries()) {
      const [ours, theirs] = [Number(record[name]), values[row * columns.length + place]!]
      worst = Math.max(worst, Math.abs(ours - theirs) / Math.max(1, Math.abs(ours)))
    }
  t.true(worst <= most, `${label}: ${worst}`)
  if (names !== null)
    t.deepEqual(
      names.data as readonly string[],
      records.map(({ predicted: name }) => name!),
      label,
    )
}

for (const [model, schema, output, prefix] of [
  ['softmax', classSchema, 'probabilities', 'probability_'],
  ['mlp', twoClassSchema, 'probabilities', 'probability_'],
  ['mlp:64,64', classSchema, 'probabilities', 'probability_'],
  ['svm', twoClassSchema, 'scores', 'score_'],
  ['svm', classSchema, 'scores', 'score_'],
  ['linear-regression', numberSchema, 'prediction', 'predicted'],
  ['linear-regression:intercept', numberSchema, 'prediction', 'predicted'],
] as const)
  test(`${model} on 1,000 raw rows of a table, ${schema.target.name} by ${output}${schema === twoClassSchema ? ' of two' : ''}`, async t => {
    const directory = await folder(t)
    await savedModel(join(directory, 'm.safetensors'), model, { schema })
    const rows = drawRows(ROWS)
    await writeFile(join(directory, 'new.csv'), csvOf(rows))
    const records = await predicted(directory, join(directory, 'new.csv'))
    const onnx = await session(directory)
    t.deepEqual(onnx.inputNames, ['age', 'dose', 'ward', 'site', 'smokes', 'insured'])
    t.deepEqual(onnx.outputNames, output === 'prediction' ? [output] : [output, 'class'])
    const outputs = await onnx.run(feeds(rows, schema))
    agree(t, records, prefix, outputs[output]!, outputs.class ?? null, model)
  })

for (const [model, form] of [
  ['lenet', imageForm],
  ['resam-cnn', colourForm],
  ['resam-cifar', colourForm],
  ['resam-cifar', imageForm],
  ['mlp:16', colourForm],
  ['softmax', imageForm],
] as const)
  test(`${model} on raw images of ${form.shape.join(' × ')}`, async t => {
    const directory = await folder(t)
    await savedModel(join(directory, 'm.safetensors'), model, { form })
    const [height, width, channels = 1] = form.shape as [number, number, number?]
    const images = drawImages(64, height, width, channels)
    const records = await predicted(directory, await asFiles(images, directory, height, width, channels))
    const onnx = await session(directory)
    const { probabilities, class: names } = await onnx.run({
      image: new Tensor('uint8', images, [64, height, width, channels]),
    })
    // Its normalisation sums some 20,000 numbers of 32 bits, in an order that is each runtime's own.
    const most = model === 'resam-cifar' ? 1e-3 : 1e-5
    agree(t, records, 'probability_', probabilities!, names!, model, most)
  })

function drawImages(count: number, height: number, width: number, channels: number): Uint8Array {
  const random = randomStream(9, 'images')
  return Uint8Array.from({ length: count * height * width * channels }, () => random.integer(256))
}

/** A folder of PNG files, named in their order. */
async function asFiles(
  images: Uint8Array,
  directory: string,
  height: number,
  width: number,
  channels: number,
) {
  const size = exampleSize([height, width, channels])
  for (let i = 0; i < images.length / size; i++) {
    const png = new PNG({ width, height })
    for (let pixel = 0; pixel < width * height; pixel++)
      for (let c = 0; c < 4; c++)
        png.data[4 * pixel + c] =
          c === 3 ? 255 : images[i * size + pixel * channels + (channels === 1 ? 0 : c)]!
    await writeFile(join(directory, `${String(i).padStart(3, '0')}.png`), PNG.sync.write(png))
  }
  return directory
}

test('floats without a schema go in as they are', async t => {
  const directory = await folder(t)
  const form = { shape: [3], classes: 2, classNames: ['low', 'high'], normalisation: null }
  await savedModel(join(directory, 'm.safetensors'), 'softmax', { form })
  const random = randomStream(2, 'floats')
  const values = Float32Array.from({ length: 300 }, () => random.uniform())
  const lines = Array.from(
    { length: 100 },
    (_, i) => `${[...values.subarray(3 * i, 3 * i + 3)].join(',')},${i % 2 ? 'high' : 'low'}`,
  )
  await writeFile(join(directory, 'data.csv'), `a,b,c,label\n${lines.join('\n')}\n`)
  const records = await predicted(directory, join(directory, 'data.csv'))
  const onnx = await session(directory)
  const outputs = await onnx.run({ example: new Tensor('float32', values, [100, 3]) })
  // The table keeps every fifth row for testing, which come last.
  const order = [...records.entries()].toSorted(([a], [b]) => place(a) - place(b)).map(([, record]) => record)
  function place(index: number): number {
    const isTest = records[index]!.set === 'test'
    const within = Number(records[index]!.example)
    return isTest ? 5 * within + 4 : within + Math.floor(within / 4)
  }
  agree(t, order, 'probability_', outputs.probabilities!, null, 'floats')
})

test('what has no value, or an unknown one, gives NaN and no class, and harms no other row', async t => {
  const directory = await folder(t)
  await savedModel(join(directory, 'm.safetensors'), 'mlp:8', { schema: twoClassSchema })
  const good: Row = [40, 0.5, 'none', 'a', 'ja', '1']
  const bad: readonly Row[] = [
    [40, null, 'none', 'a', 'ja', '1'],
    [40, 0.5, 'east', 'a', 'ja', '1'],
    [40, 0.5, 'none', null, 'ja', '1'],
    [40, 0.5, 'none', 'a', 'yes', '1'],
    [40, 0.5, 'none', 'a', 'ja', null],
    [Number.POSITIVE_INFINITY, 0.5, 'none', 'a', 'ja', '1'],
  ]
  const onnx = await session(directory)
  const alone = await onnx.run(feeds([good], twoClassSchema))
  const { probabilities, class: names } = await onnx.run(feeds([...bad, good], twoClassSchema))
  const values = probabilities!.data as Float32Array
  t.true(values.subarray(0, 12).every(Number.isNaN))
  t.deepEqual([...values.subarray(12)], [...(alone.probabilities!.data as Float32Array)])
  t.deepEqual(names!.data as readonly string[], [
    '',
    '',
    '',
    '',
    '',
    '',
    (alone.class!.data as readonly string[])[0]!,
  ])
})

test('columns may be called as outputs are; the file says what its model is', async t => {
  const directory = await folder(t)
  const schema: TableSchema = {
    ...twoClassSchema,
    columns: [
      { name: 'class', type: 'number', indicator: false },
      { name: 'probabilities', type: 'number', indicator: false },
      { name: 'constant_0', type: 'number', indicator: false },
      { name: 'gemm_3', type: 'number', indicator: false },
    ],
  }
  await savedModel(join(directory, 'm.safetensors'), 'softmax', { schema })
  const { bytes } = onnxModel(await readModel(join(directory, 'm.safetensors')))
  const onnx = await opened(bytes)
  t.deepEqual(onnx.outputNames, ['probabilities_', 'class_'])
  const text = Buffer.from(bytes).toString('latin1')
  for (const note of ['cohortName', 'clinics', 'c0ffee', '"name":"gemm_3"', '120'])
    t.true(text.includes(note), note)
})

async function command(...args: readonly string[]) {
  const terminal = recordedTerminal()
  const program = {
    name: 'concord',
    version: '0',
    summary: '',
    commands: [exportCommand],
    terminal,
    debug: true,
  }
  const code = await runProgram(program, ['export', ...args])
  return { code, text: [...terminal.printed, ...terminal.warned].join('\n') }
}

test('the command writes the file, and refuses what has no such form', async t => {
  const directory = await folder(t)
  const at = (name: string) => join(directory, name)
  await savedModel(at('m.safetensors'), 'softmax', { schema: classSchema })
  const done = await command(at('m.safetensors'), at('m.onnx'), '--for', 'onnx')
  t.is(done.code, 0)
  t.regex(
    done.text,
    /^wrote .*m\.onnx: softmax with its preprocessing; inputs: age, dose, ward, site, smokes, insured; outputs: probabilities, class$/m,
  )
  t.deepEqual((await opened(await readFile(at('m.onnx')))).outputNames, ['probabilities', 'class'])
  const refused = async (...args: readonly string[]) => {
    const { code, text } = await command(...args)
    t.is(code, 2)
    return text
  }
  t.regex(
    await refused(at('m.safetensors'), at('x.safetensors'), '--for', 'onnx'),
    /expected a name that ends in \.onnx/,
  )
  t.regex(await refused(at('m.safetensors'), at('x.onnx')), /ends in \.safetensors, or --for onnx/)
  const good = await readCheckpoint(at('m.safetensors'))
  await writeCheckpoint(at('own.safetensors'), { ...good, layout: 'own' })
  t.regex(await refused(at('own.safetensors'), at('x.onnx'), '--for', 'onnx'), /only the --oracle program/)
  await writeCheckpoint(at('old.safetensors'), { ...good, notes: {} })
  t.regex(
    await refused(at('old.safetensors'), at('x.onnx'), '--for', 'onnx'),
    /does not say what its model was learnt from/,
  )
  t.is((await command(at('old.safetensors'), at('torch.safetensors'))).code, 0)
  await savedModel(at('mean.safetensors'), 'mean', { schema: classSchema })
  t.regex(await refused(at('mean.safetensors'), at('x.onnx'), '--for', 'onnx'), /mean predicts nothing/)
})
