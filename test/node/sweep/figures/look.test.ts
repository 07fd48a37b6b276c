/** What figures leave out and mark, where their panels stand, and that panels of one figure share their axes. */
import test from 'ava'
import { scaleLinear } from 'd3-scale'
import { measuredTicks } from '../../../../node/page/app/chart/scale.ts'
import { panelsAcross } from '../../../../node/sweep/figures/cells.ts'
import { comparisonsOf } from '../../../../node/sweep/figures/comparison.ts'
import { curveExtent } from '../../../../node/sweep/figures/curve-scene.ts'
import { curvePanels } from '../../../../node/sweep/figures/curves.ts'
import { documentOf } from '../../../../node/sweep/figures/document.ts'
import { rolesOf } from '../../../../node/sweep/figures/heat-map.ts'
import { intervalScene } from '../../../../node/sweep/figures/interval-scene.ts'
import { plannedFigures } from '../../../../node/sweep/figures/plan.ts'
import { type Scene, widthOf } from '../../../../node/sweep/figures/scene.ts'
import { tellingMetrics, tellingSeries } from '../../../../node/sweep/figures/telling.ts'
import type { RunRow } from '../../../../node/sweep/rows.ts'
import { sampleRows } from './samples.ts'

const about = { axes: ['rule', 'attack', 'faults', 'partition', 'seed'] }
const words = ({ marks }: Scene) => marks.flatMap(mark => (mark.kind === 'text' ? [mark.text] : []))
const sceneOf = (rows: readonly RunRow[], name: string) =>
  plannedFigures(documentOf(rows, about)).figures.find(figure => figure.name === name)!.scene

/** As a sweep on a server has them: one peer's figures stand for all, to the last digit or nearly. */
const onServer = sampleRows({ seeds: 2, steps: 20 }).map(row => {
  const { accuracyMean } = row.metrics
  if (accuracyMean === undefined) return row
  const metrics = { ...row.metrics, accuracyMin: accuracyMean! * (1 + 1e-15), violations: 0 }
  return { ...row, metrics, series: { ...row.series, accuracyMean: row.series.accuracyMin! } }
})

test('a metric that is the same in every run, or as another, has no figure, and a note says so', t => {
  const document = documentOf(onServer, about)
  const { names, leftOut } = tellingMetrics(document)
  t.is(names[0], 'accuracyMean')
  t.false(names.includes('accuracyMin') || names.includes('violations'))
  t.true(names.includes('lossMean') && names.includes('bytes'))
  t.deepEqual(leftOut, ['accuracyMin (as accuracyMean)', 'violations (0 in every run)'])
  t.deepEqual(tellingSeries(document).leftOut, ['accuracyMin (as accuracyMean)'])
  const { figures, notes } = plannedFigures(document)
  t.false(figures.some(({ name }) => /accuracyMin|violations/.test(name)))
  t.regex(notes.join(' '), /No figure of accuracyMin \(as accuracyMean\), violations \(0 in every run\)/)
  // Who asks for one gets it.
  const asked = plannedFigures(document, { metrics: ['violations'] }).figures
  t.true(asked.some(({ name }) => name === 'heat-mean-violations'))
})

test('a sweep whose runs are all alike still has a metric', t => {
  const [row] = onServer
  const rows = [1, 2].map(seed => ({ ...row!, run: String(seed), axes: { rule: 'mean', seed } }))
  t.is(tellingMetrics(documentOf(rows, about)).names.length, 1)
})

test('panels of the last axis stay in a line, and lines are about equally long', t => {
  const across = (shape: readonly number[], most: number) => {
    const at = shape.reduce<number[][]>(
      (all, size) => all.flatMap(one => Array.from({ length: size }, (_, value) => [...one, value])),
      [[]],
    )
    const panels = at.map(values => ({
      at: values.map((value, axis) => [axis, value] as const),
      label: '',
      runs: [],
    }))
    return panelsAcross(panels, most)
  }
  t.is(across([2, 2], 3), 2)
  t.is(across([4], 3), 2)
  t.is(across([3, 2], 3), 2)
  t.is(across([3, 2], 4), 2)
  t.is(across([5], 3), 3)
  t.is(across([7], 1), 1)
  t.is(across([], 3), 1)
})

test('rows and columns of a heat map are named', t => {
  const all = words(sceneOf(sampleRows({ seeds: 1, steps: 20 }), 'heat-mean-accuracyMin'))
  t.is(all.filter(text => text === 'rule').length, 6)
  t.is(all.filter(text => text === 'attack').length, 6)
  t.false(all.some(text => text.startsWith('±')))
})

test('runs that stopped early, and a done run of which something is noted, are marked and said', t => {
  const rows = sampleRows({ seeds: 2, steps: 20 }).map((row): RunRow => {
    const { rule, attack, faults, partition, seed } = row.axes
    if (rule !== 'cwtm' || faults !== 1 || partition !== 'iid' || seed !== 1) return row
    if (attack === 'noise') return { ...row, status: 'stopped', why: 'accuracyMean reached 0.9' }
    return attack === 'little' ? { ...row, why: 'the attack changes nothing here' } : row
  })
  const scene = sceneOf(rows, 'heat-mean-accuracyMin')
  const said = words(scene).join(' ')
  t.regex(said, /stopped: accuracyMean reached 0\.9/)
  t.regex(said, /note: the attack changes nothing here/)
  t.is(scene.marks.filter(mark => mark.kind === 'path' && mark.fill === '--accent').length, 2)
  const cell = scene.marks.find(mark => mark.title?.startsWith('cwtm, noise'))!
  t.regex(cell.title!, /1 of 2 runs stopped early/)
})

test('ticks stand where something was measured, and not upon each other', t => {
  const scale = scaleLinear().domain([0, 30]).range([0, 400])
  t.deepEqual(measuredTicks(scale, [0, 10, 20, 30], 40), [0, 10, 20, 30])
  const every = Array.from({ length: 101 }, (_, at) => at)
  const ticks = measuredTicks(scaleLinear().domain([0, 100]).range([0, 300]), every, 50)
  t.deepEqual(ticks, [0, 20, 40, 60, 80, 100])
  t.deepEqual(
    measuredTicks(scaleLinear().domain([1, 41]).range([0, 90]), [1, 11, 21, 31, 41], 40),
    [1, 21, 41],
  )
})

test('the curves of one figure share their axes, whatever one band does', t => {
  const wide = sampleRows({ seeds: 2, steps: 50 }).map(row => {
    if (row.axes.rule !== 'krum' || row.axes.attack !== 'noise' || row.axes.seed !== 1) return row
    const { lossMean } = row.series
    if (lossMean === undefined) return row
    const [head, ...rest] = lossMean.values
    return { ...row, series: { ...row.series, lossMean: { ...lossMean, values: [head! + 5, ...rest] } } }
  })
  const document = documentOf(wide, about)
  const panels = curvePanels(document, document.runs, rolesOf(document)!, 'lossMean')
  const { steps, values, log } = curveExtent(panels, 'lossMean')
  t.deepEqual(steps, [0, 10, 20, 30, 40, 50])
  t.false(log)
  const means = panels.flatMap(({ lines }) =>
    lines.flatMap(({ points }) => points.map(({ mean }) => mean ?? 0)),
  )
  // The wide band, over 30 to each side, does not press the lines together.
  t.true(values[1]! >= Math.max(...means))
  t.true(values[1]! < Math.max(...means) + 5)
})

for (const width of [340, 800])
  test(`texts of a comparison that is ${width} wide do not lie upon its intervals`, t => {
    const document = documentOf(sampleRows({ seeds: 3, steps: 20 }), about)
    const roles = rolesOf(document)!
    const comparisons = comparisonsOf(document, document.runs, roles, 'accuracyMean', 'higher')
    const scene = intervalScene({ document, comparisons, roles, metric: 'accuracyMean', title: '', width })
    const dots = scene.marks.flatMap(mark => (mark.kind === 'path' && mark.title ? [mark.at!] : []))
    t.is(
      dots.length,
      comparisons.reduce((sum, { worst }) => sum + worst.length, 0),
    )
    for (const mark of scene.marks) {
      if (mark.kind !== 'text') continue
      const x = mark.x + (mark.at?.[0] ?? 0)
      const y = mark.y + (mark.at?.[1] ?? 0)
      const wide = widthOf(mark.text, mark.size)
      const from = mark.anchor === 'start' ? x : mark.anchor === 'end' ? x - wide : x - wide / 2
      for (const [dotX, dotY] of dots)
        t.false(
          dotX > from && dotX < from + wide && dotY + 4 > y - 9 && dotY - 4 < y + 2,
          `${mark.text} at ${dotX} ${dotY}`,
        )
    }
    // No name is cut.
    t.false(words(scene).some(text => text.endsWith('…')))
  })

test('the names above a heat map’s columns end within the figure, a long one above the last as well', t => {
  const [row] = onServer
  for (const count of [2, 5, 14]) {
    const attacks = Array.from({ length: count }, (_, at) =>
      at < count - 1 ? `a-${at}` : 'parameters-only+little',
    )
    const rows = attacks.flatMap((attack, at) =>
      ['mean', 'cwtm'].map(rule => {
        const metrics = { accuracyMean: 0.5 + at / 100 + (rule === 'mean' ? 0 : 0.2) }
        return { ...row!, run: `${rule}-${attack}`, axes: { rule, attack, seed: 1 }, metrics }
      }),
    )
    const scene = sceneOf(rows, 'heat-mean-accuracyMean')
    const turned = scene.marks.flatMap(mark => (mark.kind === 'text' && mark.turned !== 0 ? [mark] : []))
    t.is(turned.length, count)
    for (const { x, y, at = [0, 0], text, size, turned: degrees } of turned) {
      const angle = (-degrees * Math.PI) / 180
      const length = widthOf(text, size)
      const right = at[0] + x + length * Math.cos(angle)
      t.true(
        right <= scene.width,
        `${text} ends at ${right}, the figure of ${count} columns at ${scene.width}`,
      )
      t.true(at[1] + y - length * Math.sin(angle) - size * Math.cos(angle) >= 0, text)
    }
  }
})
