/** Sweeps in this process: rows, what is taken over and what is redone, tuning, early ends, and the files of results. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import test from 'ava'
import { readResults } from '../../../node/sweep/folder.ts'
import { mergeSweeps } from '../../../node/sweep/merge.ts'
import { sweepOf } from '../../../node/sweep/read-sweep.ts'
import type { RunRow } from '../../../node/sweep/rows.ts'
import { runSweep, type SweepPlan } from '../../../node/sweep/run-sweep.ts'
import { grouped } from '../../../node/sweep/table.ts'
import { comparable, placeOf, rowsOf, small } from './folders.ts'

const definitionOf = (document: unknown, base = '.') => sweepOf(document, { source: 'test', base })

test.serial('a second call takes finished runs over, and redoes only what changed', async t => {
  const { folder } = await placeOf(t, small)
  const plans: SweepPlan[] = []
  const ran: RunRow[] = []
  const options = { folder, threads: 2, onPlan: (plan: SweepPlan) => plans.push(plan) }
  const first = await runSweep(definitionOf(small), { ...options, onRun: row => ran.push(row) })
  t.deepEqual(
    first.rows.map(({ status }) => status),
    Array(8).fill('done'),
  )
  t.is(ran.length, 8)
  t.deepEqual(comparable(await rowsOf(folder)), comparable(first.rows))
  const more = { ...small, axes: { ...small.axes, faults: [1, 2, 0] } }
  const second = await runSweep(definitionOf(more), options)
  t.deepEqual(
    plans.map(({ runs, earlier }) => [runs, earlier]),
    [
      [8, 0],
      [12, 8],
    ],
  )
  const known = new Map(comparable(first.rows).map(row => [row.run, row]))
  t.is(comparable(second.rows).filter(row => known.has(row.run)).length, 8)
  for (const row of comparable(second.rows)) if (known.has(row.run)) t.deepEqual(row, known.get(row.run))
})

test.serial(
  'a spelt out default is the same run; another program in the same file is another run',
  async t => {
    const { folder } = await placeOf(t, small)
    const rule = (body: string) => `export function rule(vectors) { return ${body} }\n`
    await writeFile(join(folder, 'mine.ts'), rule('vectors[0]'))
    const one = { settings: { ...small.settings, steps: 1, rule: './mine.ts' } }
    const nameOf = async (document: unknown) => (await runSweep(definitionOf(document, folder))).rows[0]!.run
    const name = await nameOf(one)
    t.is(await nameOf({ settings: { ...one.settings, momentum: 0.9, attack: 'sign-flip' } }), name)
    t.not(await nameOf({ settings: { ...one.settings, momentum: 0.8 } }), name)
    await writeFile(join(folder, 'mine.ts'), rule('vectors[1]'))
    t.not(await nameOf(one), name)
    const [{ settings }] = (await runSweep(definitionOf(one, folder))).rows as [RunRow]
    t.regex(String(settings.programs), /^mine\.ts@[0-9a-f]{12}$/)
  },
)

test.serial(
  'below its bound a cell is skipped; a run that fails marks its cell, and the rest go on',
  async t => {
    const { folder } = await placeOf(t, small)
    await writeFile(
      join(folder, 'breaks.ts'),
      "export function rule(vectors) { if (vectors[0].length > 2) throw new Error('too long'); return vectors[0] }\n",
    )
    const settings = { ...small.settings, steps: 1 }
    const axes = { rule: ['cwtm', './breaks.ts'], faults: [1, 3] }
    const { rows } = await runSweep(definitionOf({ settings, axes }, folder), { folder })
    t.deepEqual(
      rows.map(({ axes: { rule, faults }, status }) => `${rule} ${faults} ${status}`),
      ['cwtm 1 done', 'cwtm 3 skipped', './breaks.ts 1 failed', './breaks.ts 3 skipped'],
    )
    t.regex(rows[1]!.why!, /no rule stands more than 2 of 5 workers/)
    t.regex(rows[2]!.why!, /too long/)
  },
)

test.serial(
  'tuning picks the choice that is best on the hold-out, and the same cells are then measured with it',
  async t => {
    const document = {
      settings: { ...small.settings, steps: 10, attack: 'sign-flip', faults: 1 },
      axes: { rule: ['mean', 'cwtm'] },
      seeds: 2,
      tune: { rate: [0.5, 0.0001], holdout: 0.2 },
    }
    const { folder } = await placeOf(t, document)
    const { rows } = await runSweep(definitionOf(document), { folder })
    t.deepEqual(
      rows.map(({ settings }) => settings.rate),
      [0.5, 0.5, 0.5, 0.5],
    )
    t.is((await readdir(join(folder, 'tuning'))).length, 4)
    const fixed = { ...document, settings: { ...document.settings, rate: 0.5 }, tune: undefined }
    const { tune: _, ...plain } = fixed
    t.deepEqual(
      comparable((await runSweep(definitionOf(plain))).rows).map(({ metrics }) => metrics),
      comparable(rows).map(({ metrics }) => metrics),
    )
  },
)

for (const architecture of ['server', 'peers', 'gossip'])
  test.serial(`a run ends at its target, and where it diverges: ${architecture}`, async t => {
    const settings = {
      ...small.settings,
      architecture,
      peers: 7,
      faults: 1,
      attack: 'zero',
      steps: 30,
      evaluateEvery: 2,
    }
    const stop = { accuracyMean: 0.3, divergence: 50 }
    const [fast] = (await runSweep(definitionOf({ settings, stop }))).rows
    t.is(fast!.status, 'stopped')
    t.regex(fast!.why!, /reached accuracyMean 0\.\d+ after \d+ steps/)
    t.true(fast!.metrics.accuracyMean! >= 0.3)
    t.is(fast!.metrics.stepsDone! % 2, 0)
    const { steps, values } = fast!.series.accuracyMean!
    t.is(values[steps.indexOf(fast!.metrics.stepsDone!)], fast!.metrics.accuracyMean)
    const wild = { ...settings, clip: 'none', rate: 1000 }
    const [lost] = (await runSweep(definitionOf({ settings: wild, stop: { divergence: 50 } }))).rows
    t.is(lost!.status, 'diverged')
    t.regex(lost!.why!, /the training loss of step \d+ is/)
  })

test.serial('Parquet read by DuckDB equals the CSV, and both the rows', async t => {
  const document = { ...small, settings: { ...small.settings, evaluateEvery: 2, unsafe: true } }
  const { folder } = await placeOf(t, document)
  const { rows } = await runSweep(definitionOf(document), { folder })
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const all = async (from: string) =>
    (await connection.runAndReadAll(`select * from ${from}`))
      .getRowObjectsJS()
      .map(row =>
        Object.fromEntries(
          Object.entries(row).map(([name, value]) => [
            name,
            typeof value === 'bigint' ? Number(value) : value,
          ]),
        ),
      )
  const types = async (file: string) =>
    Object.fromEntries(
      (await all(`(describe select * from '${join(folder, file)}')`)).map(row => [
        row.column_name,
        row.column_type,
      ]),
    )
  t.like(await types('results.parquet'), { seed: 'BIGINT', why: 'VARCHAR', bytes: 'BIGINT', rate: 'DOUBLE' })
  t.like(await types('series.parquet'), { step: 'BIGINT', value: 'DOUBLE' })
  for (const name of ['results', 'series']) {
    const path = join(folder, name)
    const parquet = await all(`'${path}.parquet'`)
    t.deepEqual(await all(`read_csv('${path}.csv', sample_size = -1)`), parquet)
    if (name === 'series') {
      t.is(
        parquet.length,
        rows.flatMap(({ series }) => Object.values(series)).flatMap(({ steps }) => steps).length,
      )
      continue
    }
    t.is(parquet.length, rows.length)
    for (const [place, { run, axes, metrics, seconds }] of rows.entries())
      t.like(parquet[place], { run, ...axes, ...metrics, seconds })
  }
  const figures = await readdir(join(folder, 'figures'))
  t.true(figures.includes('heat-mean-accuracyMean.svg'))
  // On a server all have one model.
  t.deepEqual(
    figures.filter(name => /accuracyMin|diameter/.test(name)),
    [],
  )
})

test.serial('results are those of the runs that are there, of the grid as it was last run', async t => {
  const { folder } = await placeOf(t, small)
  await runSweep(definitionOf(small), { folder })
  const more = { ...small, axes: { ...small.axes, faults: [2, 0] } }
  const stop = new AbortController()
  await runSweep(definitionOf(more), { folder, threads: 1, signal: stop.signal, onPlan: () => stop.abort() })
  const { rows, open, notes } = await readResults(folder)
  t.deepEqual(
    rows.map(({ axes: { faults } }) => faults),
    [2, 2, 2, 2],
  )
  t.is(open, 4)
  t.deepEqual(notes, [])
})

test.serial('a run whose file is not whole counts as not run, and is run again', async t => {
  const { folder } = await placeOf(t, small)
  const first = await runSweep(definitionOf(small), { folder })
  const path = join(folder, 'runs', `${first.rows[3]!.run}.json`)
  await writeFile(path, (await readFile(path, 'utf8')).slice(0, 100))
  const { rows, open, notes } = await readResults(folder)
  t.deepEqual([rows.length, open], [7, 1])
  t.regex(notes[0]!, new RegExp(`${first.rows[3]!.run}\\.json: not JSON.*counts as not run`))
  const again = await runSweep(definitionOf(small), { folder })
  t.deepEqual(comparable(again.rows), comparable(first.rows))
  t.true(again.notes.includes(notes[0]!))
  t.is((await readResults(folder)).open, 0)
})

test.serial(
  'a folder of another sweep is left alone; a changed grid of the same name is not another',
  async t => {
    const { folder } = await placeOf(t, small)
    const [part, out] = [join(folder, 'part'), join(folder, 'out')]
    const one = { ...small, settings: { ...small.settings, steps: 1 }, axes: { rule: ['mean'] } }
    await runSweep(definitionOf({ ...one, name: 'study' }), { folder: out })
    await runSweep(definitionOf(one), { folder: part })
    const before = await rowsOf(out)
    const refusal = { name: 'SweepError', message: /out holds another sweep, study, and this one is \w+/ }
    await t.throwsAsync(runSweep(definitionOf(one), { folder: out }), refusal)
    await t.throwsAsync(mergeSweeps([part], out), refusal)
    await t.throwsAsync(mergeSweeps([part], part), { message: /part is one of the folders to merge/ })
    t.deepEqual(await rowsOf(out), before)
    const changed = { ...one, name: 'study', axes: { rule: ['cwtm'] } }
    t.is((await runSweep(definitionOf(changed), { folder: out })).rows[0]!.axes.rule, 'cwtm')
  },
)

test.serial('merging refuses two results of one run that differ, and names run and field', async t => {
  const { folder } = await placeOf(t, small)
  const parts = [1, 2].map(index => join(folder, String(index)))
  for (const [place, part] of parts.entries())
    await runSweep(definitionOf(small), { folder: part, shard: { index: place + 1, of: 2 } })
  const third = join(folder, '3')
  await runSweep(definitionOf(small), { folder: third })
  const whole = await mergeSweeps([...parts, third], join(folder, 'whole'))
  t.deepEqual(comparable(whole.rows), comparable(await rowsOf(third)))
  t.is(whole.compared, 8)
  const [row] = await rowsOf(third)
  const path = join(third, 'runs', `${row!.run}.json`)
  const text = await readFile(path, 'utf8')
  await writeFile(path, text.replace(`"lossMean":${row!.metrics.lossMean}`, '"lossMean":0.5'))
  const error = await t.throwsAsync(mergeSweeps([...parts, third], join(folder, 'other')), {
    name: 'SweepError',
  })
  t.regex(error!.message, new RegExp(`^run ${row!.run}: metrics\\.lossMean is .* in .*, and 0\\.5 in `))
})

test.serial('tables: means over seeds, and the worst over an axis', t => {
  const row = (rule: string, attack: string, seed: number, accuracyMean: number | null): RunRow => ({
    run: `${rule} ${attack} ${seed}`,
    version: '1',
    status: accuracyMean === null ? 'failed' : 'done',
    axes: { rule, attack, seed },
    settings: {},
    metrics: { accuracyMean },
    series: {},
    seconds: 1,
  })
  const rows = [
    row('a', 'x', 1, 0.5),
    row('a', 'x', 2, 0.7),
    row('a', 'y', 1, 0.9),
    row('a', 'y', 2, 0.8),
    row('b', 'x', 1, 0.9),
    row('b', 'y', 1, null),
  ]
  const lines = grouped(rows, { group: ['rule'], metric: 'accuracyMean', worst: 'attack' })
  t.deepEqual(
    lines.map(({ worst, count, without }) => [worst, count, without]),
    [
      ['x', 2, 0],
      ['y', 0, 1],
    ],
  )
  // Over the attacks first, 0.7 and 0.75, then over the two seeds.
  const [pooled] = grouped(rows, { group: ['rule'], metric: 'accuracyMean', worst: null })
  t.is(pooled!.mean!.toFixed(12), '0.725000000000')
  t.is(pooled!.count, 2)
  t.is(pooled!.half!.toFixed(4), '0.3177')
  t.is(lines[0]!.mean!.toFixed(12), '0.600000000000')
  // Student's t for one degree of freedom: 12.706 · 0.1414 / √2.
  t.is(lines[0]!.half!.toFixed(3), '1.271')
  const error = t.throws(() => grouped(rows, { group: ['rul'], metric: 'accuracyMean', worst: null }))
  t.regex(error!.message, /rul is not an axis.*did you mean rule\?/)
})
