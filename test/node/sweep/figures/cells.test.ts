/** Cells, worst cases and comparisons, against the rows that they are made of. */
import test from 'ava'
import fc from 'fast-check'
import { type Cell, cellOf, reducedCell } from '../../../../node/sweep/figures/cells.ts'
import { comparisonsOf } from '../../../../node/sweep/figures/comparison.ts'
import { curvePanels } from '../../../../node/sweep/figures/curves.ts'
import { documentOf, type SweepDocument, type SweepRun } from '../../../../node/sweep/figures/document.ts'
import { type HeatChoice, heatPanels, rolesOf } from '../../../../node/sweep/figures/heat-map.ts'
import { toneOf } from '../../../../node/sweep/figures/interval-scene.ts'
import type { RunRow } from '../../../../node/sweep/rows.ts'
import { accuracyOf, attacks, faults, partitions, rules, sampleRows } from './samples.ts'

const about = { title: 'Samples', axes: ['rule', 'attack', 'faults', 'partition', 'seed'] }
const sample = documentOf(sampleRows(), about)
const axis = (document: SweepDocument, name: string) => document.axes.findIndex(one => one.name === name)
const place = (name: string, value: unknown) => sample.axes[axis(sample, name)]!.values.indexOf(String(value))

const map: HeatChoice = {
  metric: 'accuracyMin',
  better: 'higher',
  rows: axis(sample, 'rule'),
  columns: axis(sample, 'attack'),
  number: 'mean',
  reduction: null,
}

function cellAt(
  panels: ReturnType<typeof heatPanels>,
  rule: number,
  attack: number,
  fault: number,
  partition: number,
): Cell {
  const panel = panels.find(({ label }) => label === `faults ${fault} · partition ${partitions[partition]}`)!
  const row = panel.rows.indexOf(place('rule', rules[rule]))
  return panel.cells[row]![panel.columns.indexOf(place('attack', attacks[attack]))]!
}

test('every cell is the mean of its own seeds, and each kind of empty cell says why', t => {
  const panels = heatPanels(sample, sample.runs, map)
  t.is(panels.length, 6)
  for (const rule of rules.keys())
    for (const attack of attacks.keys())
      for (const fault of faults)
        for (const partition of partitions.keys()) {
          const cell = cellAt(panels, rule, attack, fault, partition)
          if (rule === 4 && fault === 3) {
            t.is(cell.standing, attack === 4 && partition === 1 ? 'missing' : 'skipped')
            continue
          }
          if (attack === 4 && partition === 1 && fault === 3) {
            t.is(cell.standing, 'missing')
            continue
          }
          const failed = rule === 2 && attack === 2 && fault === 2 && partition === 0
          const diverged = rule === 0 && attack === 3 && fault > 1
          const values = [1, 2, 3]
            .filter(seed => !(failed && seed === 2))
            .map(seed => (diverged ? 0.1 : accuracyOf({ rule, attack, faults: fault, partition, seed })))
          t.true(Math.abs(cell.summary!.mean - values.reduce((a, b) => a + b, 0) / values.length) < 1e-12)
          t.is(cell.summary!.count, values.length)
          t.is(cell.notes.length > 0, failed || diverged)
        }
  t.deepEqual(cellAt(panels, 2, 2, 2, 0).notes, [
    '1 of 3 runs failed.',
    'failed: the oracle ended with status 1',
  ])
  t.regex(cellAt(panels, 4, 0, 3, 0).notes.join(' '), /3 of 3 runs were skipped.*below its bound/)
})

test('the worst case is the worst attack’s own cell, whichever way is better', t => {
  const places = { rows: axis(sample, 'rule'), columns: axis(sample, 'faults') }
  for (const [metric, better] of [
    ['accuracyMin', 'higher'],
    ['diameterParameters', 'lower'],
  ] as const) {
    const reduction = { axis: axis(sample, 'attack'), by: 'worst' } as const
    const panels = heatPanels(sample, sample.runs, { ...map, ...places, metric, better, reduction })
    for (const panel of panels)
      for (const [row, line] of panel.cells.entries())
        for (const [column, cell] of line.entries()) {
          if (cell.summary === null) continue
          const byAttack = attacks.flatMap((_, attack) => {
            const runs = cell.runs.filter(({ at }) => at[axis(sample, 'attack')] === attack)
            return cellOf(sample, runs, metric).summary?.mean ?? []
          })
          const expected = better === 'higher' ? Math.min(...byAttack) : Math.max(...byAttack)
          t.is(cell.summary.mean, expected, `${panel.label} ${row} ${column}`)
        }
  }
})

test('a setting that lost runs is worse than any number', t => {
  const runs = sample.runs.filter(
    ({ at }) =>
      at[axis(sample, 'rule')] === place('rule', 'mean') &&
      at[axis(sample, 'faults')] === place('faults', 2) &&
      at[axis(sample, 'partition')] === place('partition', 'iid'),
  )
  const reduction = { axis: axis(sample, 'attack'), by: 'worst' } as const
  const cell = reducedCell(sample, runs, { metric: 'lossMean', better: 'lower', reduction })
  t.is(cell.standing, 'diverged')
  t.is(cell.worstAt, place('attack', 'empires'))
  t.is(cell.summary, null)
})

/** A row with nothing but its axes and one metric. */
function row(axes: RunRow['axes'], value: number | null): RunRow {
  const run = Object.values(axes).join('-')
  return {
    run,
    version: '1',
    status: 'done',
    axes,
    settings: axes,
    metrics: { accuracy: value },
    series: {},
    seconds: 1,
  }
}

const grid = (value: (rule: string, attack: string, seed: number) => number, seeds = 4): RunRow[] =>
  ['a', 'b', 'c'].flatMap(rule =>
    ['x', 'y'].flatMap(attack =>
      Array.from({ length: seeds }, (_, seed) => row({ rule, attack, seed }, value(rule, attack, seed))),
    ),
  )

test('the best rule for the worst attack is the largest of the smallest means', t => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 24, maxLength: 24 }), numbers => {
      const at = (rule: string, attack: string, seed: number) =>
        numbers['abc'.indexOf(rule) * 8 + 'xy'.indexOf(attack) * 4 + seed]! / 1000
      const document = documentOf(grid(at), { axes: ['rule', 'attack', 'seed'] })
      const [comparison] = comparisonsOf(document, document.runs, rolesOf(document)!, 'accuracy', 'higher')
      const mean = (rule: string, attack: string) =>
        [0, 1, 2, 3].reduce((sum, seed) => sum + at(rule, attack, seed), 0) / 4
      const worst = ['a', 'b', 'c'].map(rule => Math.min(mean(rule, 'x'), mean(rule, 'y')))
      const best = comparison!.worst.find(({ subject }) => subject === comparison!.best)!
      return Math.abs(best.cell.summary!.mean - Math.max(...worst)) < 1e-12
    }),
  )
  t.pass()
})

test('what is common to a seed hides no difference, and noise makes none', t => {
  const of = (value: Parameters<typeof grid>[0]) => {
    const document = documentOf(grid(value), { axes: ['rule', 'attack', 'seed'] })
    return comparisonsOf(document, document.runs, rolesOf(document)!, 'accuracy', 'higher')[0]!
  }
  // Seeds differ by far more than rules do, but alike for all rules.
  const clear = of(
    (rule, attack, seed) =>
      seed / 10 + 'abc'.indexOf(rule) / 100 - 'xy'.indexOf(attack) / 50 + ((seed * 7) % 3) / 1e4,
  )
  t.is(clear.best, 2)
  t.true(clear.verdict!.significant)
  t.true(clear.worst.every(({ verdict, adversary }) => verdict.significant && adversary === 1))
  // Here each seed says something else.
  const noise = of(
    (rule, attack, seed) =>
      (((seed + 1) * ('abc'.indexOf(rule) + 2) * ('xy'.indexOf(attack) + 3) * 37) % 11) / 11,
  )
  t.false(noise.verdict!.significant)
  const few = documentOf(
    grid(rule => 'abc'.indexOf(rule), 1),
    { axes: ['rule', 'attack', 'seed'] },
  )
  const [one] = comparisonsOf(few, few.runs, rolesOf(few)!, 'accuracy', 'higher')
  t.is(one!.verdict!.p, null)
  t.false(one!.verdict!.significant)
})

test('a rule that lost a run is the worst, and the best of the others is tested against the others alone', t => {
  const rows = grid(
    (rule, attack, seed) => 'abc'.indexOf(rule) / 10 - 'xy'.indexOf(attack) / 5 + ((seed * 7) % 3) / 1e4,
  )
  // The rule that would be best loses one of its runs.
  const lost = rows.map(one => (one.run === 'c-x-2' ? { ...one, metrics: { accuracy: null } } : one))
  const document = documentOf(lost, { axes: ['rule', 'attack', 'seed'] })
  const [comparison] = comparisonsOf(document, document.runs, rolesOf(document)!, 'accuracy', 'higher')
  t.is(comparison!.best, 1)
  t.is(comparison!.verdict!.next, 0)
  t.true(comparison!.verdict!.significant)
  const tones = comparison!.worst.map(one => toneOf(one, comparison!))
  t.deepEqual(tones, ['worse', 'best', 'lost'])
  const worst = comparison!.worst.find(({ subject }) => subject === 2)!
  t.is(worst.adversary, 0)
  t.is(worst.verdict.p, null)
})

test('a curve is the mean at steps that all its runs have, and breaks off where one diverges', t => {
  const panels = curvePanels(sample, sample.runs, rolesOf(sample)!, 'lossMean')
  const lines = panels.find(({ label }) => label === 'faults 2 · partition iid · attack empires')!.lines
  const mean = lines.find(({ subject }) => subject === place('rule', 'mean'))!
  t.is(mean.endsEarly, 'diverged')
  t.is(mean.points.filter(point => point.mean !== null).at(-1)!.step, 40)
  const other = lines.find(({ subject }) => subject === place('rule', 'cwtm'))!
  t.is(other.endsEarly, null)
  const runs = sample.runs.filter(
    ({ at }) =>
      at[axis(sample, 'rule')] === other.subject &&
      at[axis(sample, 'attack')] === place('attack', 'empires') &&
      at[axis(sample, 'faults')] === place('faults', 2) &&
      at[axis(sample, 'partition')] === place('partition', 'iid'),
  )
  const at50 = runs.map(({ series }) => series.lossMean![1][5]!)
  t.true(Math.abs(other.points[5]!.mean! - at50.reduce((a, b) => a + b, 0) / 3) < 1e-12)
})

test('a curve ends where the first of its runs was stopped', t => {
  const series = (last: number) => {
    const steps = Array.from({ length: last / 10 + 1 }, (_, at) => at * 10)
    return { accuracy: { steps, values: steps.map(step => step / 100) } }
  }
  const rows = [100, 50, 100].map((last, seed) => ({
    ...row({ rule: 'a', seed }, 0.5),
    status: last < 100 ? ('stopped' as const) : ('done' as const),
    series: series(last),
  }))
  const document = documentOf(rows, { axes: ['rule', 'seed'] })
  const [line] = curvePanels(document, document.runs, rolesOf(document)!, 'accuracy')[0]!.lines
  t.deepEqual(
    line!.points.map(({ step }) => step),
    [0, 10, 20, 30, 40, 50],
  )
  t.is(line!.endsEarly, 'stopped')
})

test('a document has the same content whatever order its rows have', t => {
  const order = { ...about, values: { rule: rules, attack: attacks, partition: partitions } }
  const rows = sampleRows({ steps: 20 })
  fc.assert(
    fc.property(fc.shuffledSubarray(rows, { minLength: rows.length }), shuffled => {
      const { settings: _, ...rest } = documentOf(shuffled, order)
      const { settings: __, ...expected } = documentOf(rows, order)
      return (
        JSON.stringify(rest.runs.map(({ run }) => run)) ===
        JSON.stringify(expected.runs.map(({ run }) => run))
      )
    }),
    { numRuns: 5 },
  )
  t.deepEqual(sample.axes[axis(sample, 'faults')]!.values, ['1', '2', '3'])
})

test('runs of two versions are kept apart by an axis, and of one run with two rows the last counts', t => {
  const rows = [
    row({ rule: 'a', seed: 1 }, 0.5),
    { ...row({ rule: 'a', seed: 1 }, 0.7), run: 'new', version: '2' },
  ]
  const document = documentOf([...rows, { ...rows[0]!, metrics: { accuracy: 0.6 } }], {
    axes: ['rule', 'seed'],
  })
  t.deepEqual(
    document.axes.map(({ name }) => name),
    ['rule', 'seed', 'version'],
  )
  t.is(document.runs.length, 2)
  const values = (runs: readonly SweepRun[]) => runs.map(({ metrics }) => metrics.accuracy).sort()
  t.deepEqual(values(document.runs), [0.6, 0.7])
})

test('long series are thinned to shared steps, and the document says so', t => {
  const long = (count: number): RunRow['series'] => {
    const steps = Array.from({ length: count }, (_, at) => at)
    return { accuracy: { steps, values: steps.map(step => step / count) } }
  }
  const rows = [5000, 2500].map((count, seed) => ({ ...row({ rule: 'a', seed }, 0.5), series: long(count) }))
  const { runs, thinned } = documentOf(rows, { axes: ['rule', 'seed'] })
  const [first, second] = runs.map(({ series }) => series.accuracy![0])
  t.true(first!.length <= 402)
  t.is(first!.at(-1), 4999)
  t.is(second!.at(-1), 2499)
  const shared = new Set(first)
  t.true(second!.slice(0, -1).every(step => shared.has(step)))
  t.deepEqual(thinned, ['Of each series every 13th point is kept; the result files have all.'])
})
