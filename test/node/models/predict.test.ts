/** Predictions: a table's columns stay as they are, and what the model says stands beside them. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { parse } from 'csv-parse/sync'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { PNG } from 'pngjs'
import { DataError } from '../../../learning/data/dataset.ts'
import { predictCommand } from '../../../node/cli/commands/predict.ts'
import { runProgram } from '../../../node/cli/program.ts'
import { readCheckpoint, writeCheckpoint } from '../../../node/files/checkpoint.ts'
import { FileError } from '../../../node/files/error.ts'
import { predict } from '../../../node/models/predict.ts'
import { saveCheckpoint } from '../../../node/oracle/open.ts'
import { recordedTerminal } from '../cli/terminals.ts'
import {
  classSchema,
  colourForm,
  csvOf,
  drawRows,
  folder,
  imageForm,
  learntIn,
  numberSchema,
  savedModel,
  twoClassSchema,
} from './support.ts'

type Records = readonly Readonly<Record<string, string>>[]
const recordsOf = async (path: string): Promise<Records> =>
  parse(await readFile(path, 'utf8'), { columns: true })

async function command(...args: readonly string[]) {
  const terminal = recordedTerminal()
  const program = {
    name: 'concord',
    version: '0',
    summary: '',
    commands: [predictCommand],
    terminal,
    debug: true,
  }
  const code = await runProgram(program, ['predict', ...args])
  return { code, terminal, text: [...terminal.printed, ...terminal.warned].join('\n') }
}

test('the columns of a table stay, in their order; class and probabilities by name stand behind them', async t => {
  const directory = await folder(t)
  const [model, data, out] = ['m.safetensors', 'new.csv', 'out.csv'].map(name => join(directory, name))
  await savedModel(model!, 'mlp:8', { schema: classSchema })
  const line = '"Müller; Ann",1,a,NA,nein,"north, upper",1.50'
  await writeFile(data!, `name,insured,site,age,smokes,ward,dose\n${line}\n${line.replace('NA', '47.5')}\n`)
  await predict(model!, data!, out!)
  const [first, second] = await recordsOf(out!)
  t.deepEqual(Object.keys(first!), [
    ...['name', 'insured', 'site', 'age', 'smokes', 'ward', 'dose'],
    ...['predicted', 'probability_well', 'probability_ill', 'probability_unknown'],
  ])
  t.like(first!, { name: 'Müller; Ann', age: 'NA', ward: 'north, upper', dose: '1.50' })
  const shares = ['well', 'ill', 'unknown'].map(name => Number(first![`probability_${name}`]))
  t.true(Math.abs(shares[0]! + shares[1]! + shares[2]! - 1) < 1e-6)
  t.is(first!.predicted, ['well', 'ill', 'unknown'][shares.indexOf(Math.max(...shares))])
  // What a missing cell becomes is the same number, but the indicator differs.
  t.not(first!.probability_well, second!.probability_well)
  t.deepEqual((await readdir(directory)).toSorted(), ['m.safetensors', 'new.csv', 'out.csv'])
})

test('Parquet and CSV of the same rows give the same predictions, however many pieces they are computed in', async t => {
  const directory = await folder(t)
  const at = (name: string) => join(directory, name)
  await savedModel(at('m.safetensors'), 'softmax', { schema: twoClassSchema })
  const rows = drawRows(600)
  await writeFile(at('all.csv'), csvOf(rows))
  await predict(at('m.safetensors'), at('all.csv'), at('all.out.csv'))
  const all = await recordsOf(at('all.out.csv'))
  t.is(all.length, 600)
  await writeFile(at('few.csv'), csvOf(rows.slice(500, 510)))
  await predict(at('m.safetensors'), at('few.csv'), at('few.out.csv'))
  const few = await recordsOf(at('few.out.csv'))
  t.deepEqual(
    few.map(row => row.probability_yes),
    all.slice(500, 510).map(row => row.probability_yes),
  )
  // Without a place to write to, it ends, though more lines come than a stream holds.
  const nowhere = at('no such folder/out.csv')
  await t.throwsAsync(predict(at('m.safetensors'), at('all.csv'), nowhere), { code: 'ENOENT' })
  const names = ['age', 'dose', 'ward', 'site', 'smokes', 'insured']
  const columnData = names.map((name, column) => ({
    name,
    data: rows.map(row => row[column]!),
    type: column < 2 ? ('DOUBLE' as const) : ('STRING' as const),
  }))
  await writeFile(at('all.parquet'), new Uint8Array(parquetWriteBuffer({ columnData })))
  await predict(at('m.safetensors'), at('all.parquet'), at('parquet.csv'))
  t.deepEqual(
    (await recordsOf(at('parquet.csv'))).map(row => row.probability_yes),
    all.map(row => row.probability_yes),
  )
})

test('a number is in the units of the target, and RMSE too', async t => {
  const directory = await folder(t)
  const at = (name: string) => join(directory, name)
  await savedModel(at('m.safetensors'), 'linear-regression:intercept', { schema: numberSchema })
  await writeFile(
    at('new.csv'),
    'age,dose,ward,site,smokes,insured\n50,0,none,a,nein,0\n62,0,none,a,nein,0\n',
  )
  await predict(at('m.safetensors'), at('new.csv'), at('out.csv'))
  const [low, high] = (await recordsOf(at('out.csv'))).map(row => Number(row.predicted))
  const { tensors } = await readCheckpoint(at('m.safetensors'))
  const weight = tensors.find(({ name }) => name === 'weight')!.values
  // 62 is one deviation above 50, and one deviation of the target is 250.
  t.true(Math.abs(high! - low! - 250 * weight[0]!) < 1e-3)
  await writeFile(
    at('known.csv'),
    `age,dose,ward,site,smokes,insured,cost\n50,0,none,a,nein,0,${low! + 30}\n62,0,none,a,nein,0,${high! - 30}\n`,
  )
  const { tally } = await predict(at('m.safetensors'), at('known.csv'), at('out.csv'))
  t.true(tally.metrics?.kind === 'numbers' && Math.abs(tally.metrics.rmse - 30) < 1e-3)
})

test('where the target is known it is compared, and a row without it is predicted all the same', async t => {
  const directory = await folder(t)
  const at = (name: string) => join(directory, name)
  await savedModel(at('m.safetensors'), 'softmax', { schema: twoClassSchema })
  const rows = csvOf(drawRows(40)).trimEnd().split('\n')
  await writeFile(at('new.csv'), rows.join('\n'))
  await predict(at('m.safetensors'), at('new.csv'), at('out.csv'))
  const said = (await recordsOf(at('out.csv'))).map(({ predicted }) => predicted!)
  // Ten rows are right, ten wrong, and of twenty nobody knows.
  const other = (name: string) => (name === 'yes' ? 'no' : 'yes')
  const outcomes = said.map((name, i) => (i < 10 ? name : i < 20 ? other(name) : ''))
  await writeFile(
    at('known.csv'),
    [`${rows[0]},outcome`, ...outcomes.map((text, i) => `${rows[i + 1]},${text}`)].join('\n'),
  )
  const { code, text, terminal } = await command(
    at('m.safetensors'),
    at('known.csv'),
    '-o',
    at('out.csv'),
    '--json',
  )
  t.is(code, 0)
  t.regex(text, /^wrote .*out\.csv: 40 rows; predicted: no \d+, yes \d+$/m)
  t.regex(text, /^10 rows of the 20 whose target is known are right: 50\.0 %$/m)
  t.regex(text, /^balanced accuracy /m)
  t.like(JSON.parse(terminal.written.join('')), {
    model: 'softmax',
    cohort: learntIn.cohort,
    step: 120,
    count: 40,
    known: 20,
    metrics: { kind: 'classes', accuracy: 0.5 },
  })
})

test('a support vector machine has scores, and says so', async t => {
  const directory = await folder(t)
  const at = (name: string) => join(directory, name)
  await writeFile(at('new.csv'), csvOf(drawRows(30)))
  for (const [schema, scores] of [
    [twoClassSchema, ['score_yes']],
    [classSchema, ['score_well', 'score_ill', 'score_unknown']],
  ] as const) {
    await savedModel(at('m.safetensors'), 'svm', { schema })
    await predict(at('m.safetensors'), at('new.csv'), at('out.csv'))
    const records = await recordsOf(at('out.csv'))
    t.deepEqual(Object.keys(records[0]!).slice(6), ['predicted', ...scores])
    if (schema === twoClassSchema)
      for (const { predicted, score_yes: score } of records) t.is(predicted, Number(score) > 0 ? 'yes' : 'no')
  }
})

test('a cell that does not fit is named with its line, column, value and what is right; nothing is written', async t => {
  const directory = await folder(t)
  const at = (name: string) => join(directory, name)
  await savedModel(at('m.safetensors'), 'softmax', { schema: twoClassSchema })
  const header = 'age,dose,ward,site,smokes,insured'
  const refused = async (text: string) => {
    await writeFile(at('new.csv'), text)
    const error = await t.throwsAsync(predict(at('m.safetensors'), at('new.csv'), at('out.csv')), {
      instanceOf: DataError,
    })
    t.false((await readdir(directory)).some(name => name.includes('out.csv')))
    return error!.message.replaceAll(directory, '')
  }
  t.is(
    await refused(`${header}\n40,1,none,a,ja,1\n40,1,none,c,ja,1\n`),
    '/new.csv: line 3, column 4 (site) is "c"; expected one of a, b, or a schema for all members that has this value too',
  )
  t.regex(
    await refused(`${header}\n40,x,none,a,ja,1\n`),
    /line 2, column 2 \(dose\) is "x"; expected a number/,
  )
  t.regex(
    await refused(`${header}\n40,,none,a,ja,1\n`),
    /column 2 \(dose\) is empty; expected a value in every row/,
  )
  t.regex(await refused('age,dose,ward,site,smokes\n40,1,none,a,ja\n'), /line 1 has no column "insured"/)
  t.regex(
    await refused(`${header},outcome\n40,1,none,a,ja,1,perhaps\n`),
    /\(outcome\) is "perhaps"; expected one of the classes/,
  )
  t.regex(await refused(`${header},predicted\n40,1,none,a,ja,1,no\n`), /has a column "predicted" already/)
  t.regex(await refused(`${header}\n`), /a header and no rows/)
  const { code, text } = await command(at('m.safetensors'), at('photo.png'))
  t.is(code, 2)
  t.regex(text, /photo\.png: expected a \.csv, \.tsv or \.parquet file/)
  const many = `${header}\n${'40,1,none,c,ja,1\n'.repeat(100_000)}`
  t.regex(await refused(many), /and \d+ more/)
})

test('images: one, a folder of them, and a data set; each brought to the size that the model knows', async t => {
  const directory = await folder(t)
  const at = (name: string) => join(directory, name)
  await savedModel(at('m.safetensors'), 'lenet', { form: colourForm })
  const png = (width: number, height: number, shade: number) => {
    const image = new PNG({ width, height })
    image.data.fill(255)
    for (let i = 0; i < image.data.length; i += 4) image.data[i] = shade
    return PNG.sync.write(image)
  }
  await writeFile(at('a.png'), png(18, 16, 10))
  await writeFile(at('b.png'), png(36, 40, 200))
  await writeFile(at('notes.txt'), 'not an image')
  await predict(at('m.safetensors'), at('a.png'), at('one.csv'))
  await predict(at('m.safetensors'), directory, at('all.csv'))
  const [one] = await recordsOf(at('one.csv'))
  const all = await recordsOf(at('all.csv'))
  t.deepEqual(Object.keys(one!), [
    'image',
    'predicted',
    'probability_cat',
    'probability_dog',
    'probability_owl',
  ])
  t.deepEqual(
    all.map(({ image }) => image),
    [at('a.png'), at('b.png')],
  )
  t.deepEqual(all[0], one)
  t.not(all[1]!.probability_cat, one!.probability_cat)
  // A folder for each class: compared by the folders' names, of which one may be missing, and one be nobody's.
  for (const [label, name] of [
    ['dog', 'x.png'],
    ['owl', 'y.png'],
    ['yak', 'z.png'],
  ] as const) {
    await mkdir(at(`labelled/${label}`), { recursive: true })
    await writeFile(at(`labelled/${label}/${name}`), png(9, 8, 10))
  }
  const labelled = await predict(at('m.safetensors'), at('labelled'), at('labelled.csv'))
  t.is(labelled.tally.count, 3)
  t.is(labelled.tally.known, 2)
  const { metrics } = labelled.tally
  t.deepEqual(metrics?.kind === 'classes' && metrics.recall.map(({ name, examples }) => [name, examples]), [
    ['cat', 0],
    ['dog', 1],
    ['owl', 1],
  ])
  t.is((await recordsOf(at('labelled.csv')))[2]!.image, at('labelled/yak/z.png'))
  await savedModel(at('digits.safetensors'), 'softmax', {
    form: { ...imageForm, shape: [28, 28], classes: 10 },
  })
  const { tally } = await predict(at('digits.safetensors'), 'digits', at('digits.csv'))
  t.is(tally.known, 12_000)
  t.like((await recordsOf(at('digits.csv'))).at(-1)!, { set: 'test', example: '1999' })
  await t.throwsAsync(predict(at('m.safetensors'), 'digits', at('x.csv')), {
    message: /are 28 × 28, and the model has learnt from 16 × 18 × 3/,
  })
})

test('a checkpoint that is not enough to predict with is refused, saying what to do', async t => {
  const directory = await folder(t)
  const at = (name: string) => join(directory, name)
  await savedModel(at('m.safetensors'), 'softmax', { schema: twoClassSchema })
  const good = await readCheckpoint(at('m.safetensors'))
  const refused = async (change: Partial<typeof good>) => {
    await writeCheckpoint(at('bad.safetensors'), { ...good, ...change })
    const error = await t.throwsAsync(predict(at('bad.safetensors'), at('new.csv'), at('out.csv')), {
      instanceOf: FileError,
    })
    return error!.message
  }
  t.regex(await refused({ layout: 'own' }), /only the --oracle program that learnt it.*using-a-model\.md/)
  t.regex(
    await refused({ notes: {} }),
    /does not say what its model was learnt from.*--init .* and --save makes it/,
  )
  t.regex(await refused({ model: 'resnet' }), /model 'resnet': expected one of softmax/)
  t.regex(await refused({ model: 'lenet' }), /expected images/)
  t.regex(await refused({ model: 'mlp:4' }), /holds 24 parameters; expected 58, as model mlp:4/)
  t.regex(await refused({ model: 'mean' }), /predicts nothing/)
  t.regex(
    await refused({
      tensors: good.tensors.map(tensor => ({ ...tensor, values: tensor.values.map(() => Number.NaN) })),
    }),
    /not finite/,
  )
  t.regex(await refused({ notes: { ...good.notes, schema: '{' } }), /schema: it is not JSON/)
  t.regex(
    await refused({
      notes: { ...good.notes, schema: good.notes.schema!.replace('"mean":50', '"mean":"50"') },
    }),
    /schema: columns\[0\]\.scale\.mean is "50"; expected a number/,
  )
  t.regex(await refused({ notes: { ...good.notes, step: '1e9' } }), /step is "1e9"; expected a whole number/)
  const { schema: _, ...rest } = good.notes
  t.regex(
    await refused({
      notes: { ...rest, data: '{"shape":[1000000,1000000],"classes":2,"normalisation":null}' },
    }),
    /data: shape is \[1000000,1000000\]; expected at most 16777216 values/,
  )
  t.regex(
    await refused({
      notes: { ...rest, data: '{"shape":[4],"classes":2,"classNames":["a"],"normalisation":null}' },
    }),
    /classNames is \["a"\]; expected 2 names/,
  )
  const { text, code } = await command(at('m.safetensors'), at('new.csv'), '--json')
  t.is(code, 2)
  t.regex(text, /--json is given without --out/)
})

test('coordinates behind the model’s own parameters are not saved', async t => {
  const path = join(await folder(t), 'm.safetensors')
  const spec = { model: 'softmax', data: 'digits', partition: 'iid', peer: 0, peers: 1, seed: 1 }
  const parameters = [
    { name: 'linear.weight', shape: [2, 2] },
    { name: 'linear.bias', shape: [2] },
  ]
  await saveCheckpoint(
    path,
    { parameters },
    Float32Array.of(1, 2, 3, 4, 5, 6, 77, 88),
    { spec, command: null },
    learntIn,
  )
  const { tensors } = await readCheckpoint(path)
  t.deepEqual(tensors.flatMap(({ values }) => [...values]).toSorted(), [1, 2, 3, 4, 5, 6])
})
