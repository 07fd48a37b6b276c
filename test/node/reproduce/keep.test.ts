/** What stays of a reproduction: SVG files that explain their colours, and verdicts with the version. */
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { heatFigure, linesFigure } from '../../../node/reproduce/figures.ts'
import { keep } from '../../../node/reproduce/keep.ts'
import { codeVersion } from '../../../node/sweep/version.ts'

const names = ['fault-free', 'CGE & sum', 'a', 'b', 'c', 'd', 'e']

test('figures and verdicts become files, each with what it needs to be read', async t => {
  const lines = linesFigure({
    title: 'Lines, f = 1',
    caption: '',
    x: 'step',
    y: 'error',
    reference: 'fault-free',
    lines: names.map((name, i) => ({
      panel: 'one',
      name,
      series: [
        [
          [0, 1],
          [10, i / 3],
        ],
      ],
    })),
  })
  const heat = heatFigure('Heat', '', [{ panel: 'p', row: 'GM', column: 'little', value: 0.5 }])
  const folder = await mkdtemp(join(tmpdir(), 'keep-'))
  const verdict = { claim: 'it holds', measured: '0.5', holds: true }
  const files = await keep(folder, {
    name: 'cge',
    command: 'concord reproduce cge --quick',
    findings: { verdicts: [verdict], tables: [], figures: [lines, heat], notes: [] },
    seconds: 1.4,
  })
  t.deepEqual(files, ['cge.json', 'cge-lines-f-1.svg', 'cge-heat.svg'])
  t.deepEqual(JSON.parse(await readFile(join(folder, files[0]!), 'utf8')), {
    version: await codeVersion(),
    command: 'concord reproduce cge --quick',
    seconds: 1,
    verdicts: [verdict],
    tables: [],
  })
  const svg = await readFile(join(folder, files[1]!), 'utf8')
  t.true(svg.endsWith('</svg>\n') && svg.split('</svg>').length === 2)
  for (const name of names) t.true(svg.includes(`>${name.replace('&', '&amp;')}</text>`), name)
  t.is(svg.split('stroke-dasharray="5 3"').length, 2, 'the reference is broken in the legend')
  const [, width, height, shown] = /width="([\d.]+)" height="([\d.]+)" viewBox="0 0 ([\d. ]+)"/.exec(svg)!
  t.is(shown, `${width} ${height}`)
  t.notRegex(svg, /\d\.\d\d/)
})
