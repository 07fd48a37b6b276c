/** The files of a sweep's figures: their numbers are the rows', any text in them is text, and equal rows give equal bytes. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inflateSync } from 'node:zlib'
import test, { type ExecutionContext } from 'ava'
import { documentOf } from '../../../../node/sweep/figures/document.ts'
import { writeFigures } from '../../../../node/sweep/figures/index.ts'
import { betterOf, textOf } from '../../../../node/sweep/figures/metric.ts'
import { inHelvetica, pdfOf } from '../../../../node/sweep/figures/pdf.ts'
import { plannedFigures } from '../../../../node/sweep/figures/plan.ts'
import { hatching, inkOn, lightTheme, shade } from '../../../../node/sweep/figures/scene.ts'
import { svgOf } from '../../../../node/sweep/figures/svg.ts'
import { accuracyOf, attacks, faults, partitions, rules, sampleRows } from './samples.ts'

const about = {
  title: 'Samples',
  axes: ['rule', 'attack', 'faults', 'partition', 'seed'],
  values: { rule: rules, attack: attacks, partition: partitions },
}

async function folder(t: ExecutionContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'concord-figures-'))
  t.teardown(() => rm(path, { recursive: true, force: true }))
  return path
}

const sceneOf = (name: string) =>
  plannedFigures(documentOf(sampleRows(), about)).figures.find(figure => figure.name === name)!.scene

/** What the cells of a heat map show, in the order of panels, rows and columns. */
const texts = (svg: string) =>
  [...svg.matchAll(/<text[^>]*text-anchor="middle"[^>]*>(?:<title>[^<]*<\/title>)?([^<]*)<\/text>/g)].map(
    ([, text]) => text!,
  )

test('a heat map has the number of every cell, as the rows have it', t => {
  const svg = svgOf(sceneOf('heat-mean-accuracyMin'))
  const expected = faults.flatMap(fault =>
    partitions.flatMap((_, partition) => [
      ...attacks,
      ...rules.flatMap((_, rule) =>
        attacks.flatMap((_, attack) => {
          if (attack === 4 && partition === 1 && fault === 3) return ['–']
          if (rule === 4 && fault === 3) return ['skip']
          if (rule === 0 && attack === 3 && fault > 1) return ['10.0', '± 0.0']
          const failed = rule === 2 && attack === 2 && fault === 2 && partition === 0
          const seeds = failed ? [1, 3] : [1, 2, 3]
          const values = seeds.map(seed => accuracyOf({ rule, attack, faults: fault, partition, seed }))
          const mean = values.reduce((a, b) => a + b, 0) / values.length
          const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
          // Student's t from a printed table, for one and two degrees of freedom.
          const half =
            ((failed ? 12.7062 : 4.30265) * Math.sqrt(squares / (seeds.length - 1))) / Math.sqrt(seeds.length)
          return [(100 * mean).toFixed(1), `± ${(100 * half).toFixed(1)}`]
        }),
      ),
    ]),
  )
  t.deepEqual(texts(svg), expected)
  t.regex(svg, /skipped: krum needs n &gt; 2f \+ 2: 8 peers with f = 3 are below its bound/)
  const [first, third] = [1, 3].map(seed => accuracyOf({ rule: 2, attack: 2, faults: 2, partition: 0, seed }))
  const half = (12.7062 * Math.abs(first! - third!)) / 2
  const value = `${(50 * (first! + third!)).toFixed(1)} ± ${(100 * half).toFixed(1)}`
  t.true(svg.includes(`<title>mda, little: accuracyMin (%) ${value} (95 % interval over 2 seeds)`), value)
})

test('a PDF is one page with the same words, the same bytes each time', async t => {
  const scene = sceneOf('heat-worst-accuracyMin')
  const pdf = Buffer.from(await pdfOf(scene))
  t.deepEqual(pdf, Buffer.from(await pdfOf(scene)))
  const source = pdf.toString('latin1')
  t.is(source.match(/\/Type \/Page\b/g)!.length, 1)
  const start = source.indexOf('stream\n') + 'stream\n'.length
  const drawn = inflateSync(pdf.subarray(start, source.indexOf('\nendstream', start))).toString('latin1')
  // Words are written as pieces of hexadecimal digits, between which letters are moved closer.
  const words = [...drawn.matchAll(/\[([^\]]*)\] TJ/g)].map(([, pieces]) =>
    [...pieces!.matchAll(/<([0-9a-f]*)>/g)]
      .map(([, hex]) => Buffer.from(hex!, 'hex').toString('latin1'))
      .join(''),
  )
  for (const mark of scene.marks) if (mark.kind === 'text') t.true(words.includes(mark.text), mark.text)
})

test('text that Helvetica does not have is written out', t => {
  t.is(inHelvetica('café − 1 ≥ 中\u{1f600}'), 'café – 1 >= \\u4e2d\\u{1f600}')
})

test('markup in names is text, in every figure', t => {
  const evil = '"><script>alert(1)</script>&\u202e'
  const { figures } = plannedFigures(documentOf(sampleRows({ text: evil, seeds: 2 }), about))
  t.true(figures.length > 10)
  for (const { scene } of figures) {
    const svg = svgOf(scene)
    t.false(svg.includes('<script'))
    t.false(svg.includes('\u202e'))
    t.regex(svg, /&lt;script&gt;alert/)
    // Every element is one that we draw.
    const elements = new Set([...svg.matchAll(/<\/?([a-z]+)/g)].map(([, name]) => name))
    t.deepEqual([...elements].sort(), ['path', 'rect', 'svg', 'text', 'title'])
  }
})

test('writes page and figures, the same bytes for any order of the rows, and takes old figures away', async t => {
  const path = await folder(t)
  const rows = sampleRows({ seeds: 2, steps: 20 })
  const first = await writeFigures(rows, about, path, { metrics: ['accuracyMin'] })
  t.deepEqual([...first.files].sort(), [
    ...[
      'curves-accuracyMin-1',
      'curves-accuracyMin-2',
      'heat-mean-accuracyMin',
      'heat-spread-accuracyMin',
    ].flatMap(name => [`figures/${name}.pdf`, `figures/${name}.svg`]),
    ...['heat-worst-accuracyMin', 'worst-case-accuracyMin'].flatMap(name => [
      `figures/${name}.pdf`,
      `figures/${name}.svg`,
    ]),
    'index.html',
  ])
  const read = () => Promise.all(first.files.map(file => readFile(join(path, file))))
  const before = await read()
  await writeFile(join(path, 'figures', 'mine.svg'), 'mine')
  await writeFile(join(path, 'figures', 'curves-gone-3.svg'), 'of an earlier grid')
  await writeFigures([...rows].reverse(), about, path, { metrics: ['accuracyMin'] })
  t.deepEqual(await read(), before)
  const names = await readdir(join(path, 'figures'))
  t.true(names.includes('mine.svg'))
  t.false(names.includes('curves-gone-3.svg'))
})

test('a sweep without rows, or with nothing but seeds, has a page and no figures', async t => {
  const path = await folder(t)
  t.deepEqual(await writeFigures([], { axes: ['rule', 'seed'] }, path), { files: ['index.html'], notes: [] })
  const seeds = sampleRows({ steps: 20 })
    .slice(0, 1)
    .map(row => ({ ...row, axes: { seed: 1 } }))
  t.deepEqual((await writeFigures(seeds, { axes: ['seed'] }, path, {})).files, ['index.html'])
})

test('many panels go on in further files, and beyond these a sentence says so', t => {
  const rows = sampleRows({ seeds: 1, steps: 20 }).slice(0, 10)
  const many = Array.from({ length: 200 }, (_, at) =>
    rows.map(row => ({ ...row, run: `${row.run}${at}`, axes: { ...row.axes, peers: at } })),
  ).flat()
  const { figures, notes } = plannedFigures(documentOf(many, about), { metrics: ['accuracyMin'] })
  t.is(figures.filter(({ name }) => name.startsWith('heat-mean')).length, 8)
  t.true(notes.includes('heat-mean-accuracyMin has 200 panels: files have the first 192, the page has all.'))
})

test('files have the light theme of the page', async t => {
  const style = await readFile(new URL('../../../../node/page/app/style.css', import.meta.url), 'utf8')
  const light = style.slice(style.indexOf(':root'), style.indexOf('@media'))
  for (const [name, colour] of Object.entries(lightTheme)) t.true(light.includes(`${name}: ${colour};`), name)
})

test('a metric’s name says its unit, and whether more of it is better', t => {
  const better = (names: string) => names.split(' ').map(name => betterOf(name))
  t.true(
    better('accuracyMin balancedAccuracyMin f1Mean aurocMin r2Min stepsDone').every(one => one === 'higher'),
  )
  t.true(better('lossMean lossMax rmseMax diameterParameters bytes error2').every(one => one === 'lower'))
  t.is(textOf('aurocMin', 0.98765), '98.8')
  t.is(textOf('r2Min', -1.23456), '−1.23')
  t.is(textOf('bytes', 38_200_000), '38.2\u00a0MB')
  t.is(textOf('lossMean', null), '–')
  t.is(textOf('accuracyMean', -0.0004), '0.0')
  t.is(textOf('accuracyMean', -0.004), '−0.4')
})

test('shades grow lighter, and the ink on each is read', t => {
  const luminance = (colour: string) => {
    const [red, green, blue] = [1, 3, 5]
      .map(at => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
      .map(value => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!
  }
  let before = -1
  for (let at = 0; at <= 20; at++) {
    const fill = shade(at / 20)
    const [low, high] = [luminance(fill), luminance(inkOn(fill))].sort((a, b) => a - b)
    t.true((high! + 0.05) / (low! + 0.05) >= 4.5, fill)
    t.true(luminance(fill) > before)
    before = luminance(fill)
  }
})

test('hatching stays inside its cell', t => {
  for (const rising of [true, false]) {
    const ends = [...hatching([10, 20, 40, 25], 7, rising).matchAll(/[ML](\S+?) (\S+?)(?=[ML]|$)/g)]
    t.true(ends.length >= 16)
    for (const [, x, y] of ends)
      t.true(Number(x) >= 10 && Number(x) <= 50 && Number(y) >= 20 && Number(y) <= 45)
  }
})
