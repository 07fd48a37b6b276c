/** The page and its figures: complete, self-contained, and safe against what is written into it. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { chooseData } from '../../../node/reproduce/data-choice.ts'
import { type Findings, usedData } from '../../../node/reproduce/experiment.ts'
import { drawFigure, heatFigure, linesFigure } from '../../../node/reproduce/figures.ts'
import { pageOf } from '../../../node/reproduce/page.ts'
import { experimentNamed } from '../../../node/reproduce/registry.ts'
import type { Results } from '../../../node/reproduce/results.ts'
import { numberText, overSeeds, percentText, spreadOf } from '../../../node/reproduce/statistics.ts'

const lines = linesFigure({
  title: 'Lines',
  caption: 'a caption',
  x: 'step',
  y: 'error',
  scale: 'log',
  reference: 'none',
  lines: [
    {
      panel: 'left',
      name: 'none',
      series: [
        [
          [0, 1],
          [10, 0.1],
        ],
        [
          [0, 1],
          [10, 0.3],
        ],
      ],
    },
    {
      panel: 'right',
      name: 'cge',
      series: [
        [
          [0, 1],
          [10, null],
        ],
      ],
    },
  ],
})
const heat = heatFigure('Heat', '', [
  { panel: 'β = 0', row: 'CGE', column: 'little', value: 0.4242 },
  { panel: 'β = 0', row: 'GM', column: 'little', value: null },
])

test('figures become SVG without warnings, with their texts in them', async t => {
  const drawn = await drawFigure(lines)
  for (const text of ['left', 'right', 'step', 'error']) t.true(drawn.includes(`>${text}</text>`), text)
  t.true((await drawFigure(heat)).includes('>42.4%</text>'))
})

test('accuracies that end close together have an axis that tells them apart; where one fails it starts at 0', async t => {
  const figure = (late: number) =>
    linesFigure({
      title: '',
      caption: 'Lines.',
      x: 'step',
      y: 'accuracy',
      scale: 'percent',
      lines: [
        {
          panel: 'one',
          name: 'cge',
          series: [
            [
              [0, 0.1],
              [50, late],
              [100, 0.9],
            ],
          ],
        },
      ],
    })
  t.is(figure(0.87).caption, 'Lines. The axis starts at 80 %.')
  const drawn = await drawFigure(figure(0.87))
  t.true(drawn.includes('>80%</text>') && !drawn.includes('>0%</text>'))
  t.is(figure(0.2).caption, 'Lines.')
  t.true((await drawFigure(figure(0.2))).includes('>0%</text>'))
})

test('an experiment on one data set names that one', t => {
  const data = ['mnist', 'fashion-mnist'].map(name => ({ name, path: `/${name}` }))
  const settings = { quick: true, seeds: null, data }
  t.deepEqual(usedData(experimentNamed('cge')!, settings), ['mnist'])
  t.deepEqual(usedData(experimentNamed('lenet')!, settings), ['mnist', 'fashion-mnist'])
})

test('colours are told apart, and the reference is black and broken', t => {
  t.deepEqual(
    lines.legend.map(({ name, broken }) => [name, broken]),
    [
      ['none', true],
      ['cge', false],
    ],
  )
  t.is(new Set(lines.legend.map(({ colour }) => colour)).size, 2)
})

const findings: Findings = {
  verdicts: [
    { claim: 'a < b & "c"', measured: 'it is', holds: true },
    { claim: 'd', measured: 'it is not', holds: false },
    { claim: 'e', measured: 'who knows', holds: null },
  ],
  tables: [{ title: 'Table', head: ['rule', 'value'], rows: [['<script>', '1']] }],
  figures: [lines],
  notes: ['a note'],
}
const results: Results = {
  experiment: 'resam',
  quick: true,
  wallSeconds: 3,
  verdicts: [],
  notes: [],
  machine: { processor: 'P', cores: 2, threads: 2, node: 'v24', load: 9 },
  runs: [1, 2].map(seed => ({ config: { seed }, numbers: {}, series: {}, seconds: 2 })),
}

async function page(name = 'digits') {
  const settings = { quick: true, seeds: null, data: [{ name, path: name }] }
  return pageOf({
    experiment: experimentNamed('resam')!,
    settings,
    findings,
    results,
    used: { runs: 1, workSeconds: 2.2 },
    command: 'concord reproduce',
  })
}

test('the page says claim, measurement, verdict, notes, data, machine and load', async t => {
  const html = await page()
  for (const part of [
    'What the paper claims',
    'it is not',
    'a note',
    'embedded digits',
    'P, 2 cores',
    'under load',
    '1, 2 s of work; this call took 3 s on 2 threads; 1 of other settings in the same results.json',
  ])
    t.true(html.includes(part), part)
  t.is(html.match(/class="word">reproduced</g)?.length, 1)
  t.is(html.match(/class="word">not reproduced</g)?.length, 1)
  t.is(html.match(/class="word">open</g)?.length, 1)
  t.true((await page('mnist')).includes('<dd>mnist</dd>'))
})

test('the page takes nothing from the network, and texts cannot become markup', async t => {
  const html = await page()
  // Links that hold what they give ask nobody.
  t.notRegex(html, /(src|href)="(?!data:)|@import|url\(/)
  t.false(html.includes('<script'))
  t.true(html.includes('a &lt; b &amp; &quot;c&quot;'))
})

test('each figure has its numbers as a table, and both as files inside the page', async t => {
  const html = await page()
  const [svg, csv] = [...html.matchAll(/<a download="lines\.(?:svg|csv)" href="data:[^,]*,([^"]*)"/g)].map(
    found => decodeURIComponent(found[1]!),
  )
  t.regex(svg!, /^<svg [\s\S]*>error<\/text>/)
  const rows = csv!.split('\r\n')
  t.is(rows[0], 'panel,name,x,y,low,high')
  t.true(rows.includes('left,none,10,0.2,0.1,0.3'), csv)
  t.regex(html, /<td>left<\/td><td>none<\/td><td>10<\/td><td>0\.2<\/td>/)
})

test('mean and spread over the seeds', t => {
  const spread = spreadOf([0.9, null, 0.8, undefined, 1])!
  t.is(spread.count, 3)
  t.true(Math.abs(spread.deviation - 0.1) < 1e-9)
  t.is(percentText(spread), '90.0 ± 10.0 %')
  t.is(percentText(spreadOf([0.5])), '50.0 %')
  t.is(numberText(spreadOf([0.012941])), '0.01294')
  t.is(spreadOf([null]), null)
  t.is(percentText(null), '–')
})

test('series over seeds: mean, least and greatest at each step, missing ones left out', t => {
  const over = overSeeds([
    [
      [1, 2],
      [2, 4],
    ],
    [
      [1, 4],
      [2, null],
    ],
  ])
  t.deepEqual(
    over.map(({ x, spread: { mean, min, max } }) => [x, mean, min, max]),
    [
      [1, 3, 2, 4],
      [2, 4, 4, 4],
    ],
  )
})

test('data: the folder itself, the known folders in it, the digits, or an error that says what is expected', async t => {
  const root = await mkdtemp(join(tmpdir(), 'concord-'))
  t.teardown(() => rm(root, { recursive: true }))
  t.deepEqual(await chooseData(null), [{ name: 'digits', path: 'digits' }])
  await t.throwsAsync(chooseData(root), { message: /no train-images-idx3-ubyte .* fashion-mnist/ })
  for (const [folder, file] of [
    ['mnist', 'train-images-idx3-ubyte.gz'],
    ['fashion-mnist', 'train-images-idx3-ubyte'],
  ] as const) {
    await mkdir(join(root, folder))
    await writeFile(join(root, folder, file), '')
  }
  t.deepEqual(
    (await chooseData(root)).map(({ name }) => name),
    ['mnist', 'fashion-mnist'],
  )
  t.deepEqual(await chooseData(join(root, 'mnist')), [{ name: 'mnist', path: join(root, 'mnist') }])
})
