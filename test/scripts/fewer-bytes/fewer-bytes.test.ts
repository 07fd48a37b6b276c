/** docs/fewer-bytes.md shows what docs/fewer-bytes.json holds, and that is computed and drawn as it says. */
import { readFile } from 'node:fs/promises'
import test from 'ava'
import {
  argumentsOf,
  type Choice,
  choices,
  countedArgumentsOf,
  countedCases,
  countedKeyOf,
} from '../../../scripts/fewer-bytes/cases.ts'
import {
  bytesOf,
  bytesUpTo,
  type Figures,
  figuresSchema,
  pointsOver,
  runOf,
  runsOf,
} from '../../../scripts/fewer-bytes/figures.ts'
import { drawPlots } from '../../../scripts/fewer-bytes/plots.ts'
import { accuracyTable, bytesTable } from '../../../scripts/fewer-bytes/tables.ts'

const DOCS = new URL('../../../docs/', import.meta.url)
const readDocs = (name: string) => readFile(new URL(name, DOCS), 'utf8')

const [f32, bf16, , inLocalSteps] = choices as [Choice, Choice, Choice, Choice]

const figures: Figures = {
  bytes: {
    'whole, f32': 200e6,
    'digest-first, f32': 100e6,
    'digest-first, bf16': 50e6,
    'digest-first, 4 local steps': 25e6,
  },
  learning: {
    'f32, little, seed 1': { accuracy: 0.95, series: [{ step: 300, accuracy: 0.95 }] },
    'bf16, little, seed 1': { accuracy: 0.94, series: [{ step: 300, accuracy: 0.94 }] },
    'f32, little, seed 2': { accuracy: 0.93, series: [{ step: 300, accuracy: 0.93 }] },
    'bf16, little, seed 2': { accuracy: 0.955, series: [{ step: 300, accuracy: 0.955 }] },
    'bf16, little, seed 3': { accuracy: 0.9, series: [{ step: 300, accuracy: 0.9 }] },
  },
}

test('the page has the tables and the plots of its figures', async t => {
  const shown = figuresSchema.parse(JSON.parse(await readDocs('fewer-bytes.json')))
  const page = await readDocs('fewer-bytes.md')
  t.true(page.includes(`\n${bytesTable(shown)}\n`), 'npm run fewer-bytes prints the table of bytes')
  t.true(page.includes(`\n${accuracyTable(shown)}\n`), 'npm run fewer-bytes prints the table of accuracies')
  for (const [name, svg] of await drawPlots(shown)) {
    t.true(page.includes(`](${name})`), name)
    t.is(await readDocs(name), svg, `npm run fewer-bytes draws ${name}`)
  }
})

test('a run differs in points from f32 with the same seed', t => {
  const difference = (choice: Choice, seed: number) => {
    const points = pointsOver(figures, { choice, attack: 'little', seed })
    return points === null ? null : Number(points.toFixed(6))
  }
  t.deepEqual(
    [1, 2].map(seed => difference(bf16, seed)),
    [-1, 2.5],
  )
  t.is(difference(bf16, 3), null)
  t.is(difference(inLocalSteps, 1), null)
  t.is(runsOf(figures, bf16, 'little').length, 3)
})

test('the table of accuracies compares seed by seed, and computes bytes from those of a gradient', t => {
  const table = accuracyTable(figures)
  t.true(table.includes('| little | f32 | 300 | 94.00 % |  |  | 1.50 GB |'))
  t.true(table.includes('| little | bf16 | 300 | 93.17 % | +0.75 | −1.00, +2.50 | 0.75 GB |'))
})

test('a local step sends what a gradient costs in that choice', t => {
  t.is(bytesUpTo(figures, f32), 1500e6)
  t.is(bytesUpTo(figures, f32, 60), 300e6)
  t.is(bytesUpTo(figures, inLocalSteps), 375e6)
  t.is(bytesUpTo(figures, inLocalSteps, 15), 75e6)
})

test('the table of bytes compares all with f32 whole', t => {
  t.true(bytesTable(figures).includes('| f32 | 200 MB | 100.0 % | 100 MB | 50.0 % |'))
})

test('all compute as many gradients, however many there are in a step', t => {
  const after = (words: readonly string[], option: string) => words[words.indexOf(option) + 1]
  t.is(after(argumentsOf({ choice: f32, attack: 'little', seed: 1 }, 'DIR'), '--steps'), '300')
  t.is(after(argumentsOf({ choice: inLocalSteps, attack: 'little', seed: 1 }, 'DIR'), '--steps'), '75')
  const steps = countedCases.map(each => [countedKeyOf(each), after(countedArgumentsOf(each), '--steps')])
  t.deepEqual(
    steps.filter(([, count]) => count === '5').map(([key]) => key),
    ['whole', 'digest-first'].flatMap(exchange =>
      ['4 local steps', 'bf16, 4 local steps', 'int8, 4 local steps'].map(name => `${exchange}, ${name}`),
    ),
  )
  t.is(steps.filter(([, count]) => count === '20').length, 6)
})

test('a report gives the mean over the honest peers, and one with violations gives nothing', t => {
  const report = {
    accuracy: { mean: 0.75 },
    bytes: 7,
    violations: [],
    honest: [0.7, 0.8].map(accuracy => ({ series: [{ step: 60, accuracy }] })),
  }
  t.deepEqual(runOf(report), { accuracy: 0.75, series: [{ step: 60, accuracy: 0.75 }] })
  t.is(bytesOf(report), 7)
  for (const read of [runOf, bytesOf]) t.throws(() => read({ ...report, violations: ['validity'] }))
})
