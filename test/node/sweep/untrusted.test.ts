/** What others have put into a sweep's folders or file, and what is changed while it runs. */
import { existsSync, writeFileSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { mergeSweeps } from '../../../node/sweep/merge.ts'
import { runPool } from '../../../node/sweep/pool.ts'
import { sweepOf } from '../../../node/sweep/read-sweep.ts'
import { runSweep, type SweepPlan } from '../../../node/sweep/run-sweep.ts'
import { comparable, placeOf, small } from './folders.ts'

const definitionOf = (document: unknown, base = '.') => sweepOf(document, { source: 'test', base })
const one = { settings: { ...small.settings, steps: 1 }, axes: { rule: ['mean', 'cwtm'] } }

for (const place of ['runs', 'tuning'])
  test.serial(
    `a row whose name leads out of the folder does not count, and nothing is written there: ${place}`,
    async t => {
      const document = place === 'runs' ? one : { ...one, tune: { rate: [0.1] } }
      const { folder } = await placeOf(t, document)
      const part = join(folder, 'a', 'part')
      await runSweep(definitionOf(document), { folder: part })
      const name = (await readdir(join(part, place))).find(each => each.endsWith('.json'))
      const path = join(part, place, name!)
      const text = await readFile(path, 'utf8')
      await writeFile(path, text.replace(name!.replace('.json', ''), '../../../ESCAPED'))
      const whole = join(folder, 'b', 'whole')
      const { open, notes } = await mergeSweeps([part], whole)
      t.is(open, place === 'runs' ? 1 : 0)
      if (place === 'runs') t.regex(notes.join(), /run: expected 16 hexadecimal digits.*counts as not run/)
      t.false(existsSync(join(folder, 'ESCAPED.json')))
      t.false(existsSync(join(whole, place, name!)))
    },
  )

test.serial(
  'what a stranger’s row says is one line that no terminal obeys, and a run that is done says nothing',
  async t => {
    const { folder } = await placeOf(t, one)
    const part = join(folder, 'part')
    const { rows } = await runSweep(definitionOf(one), { folder: part })
    const path = join(part, 'runs', `${rows[0]!.run}.json`)
    const row = JSON.parse(await readFile(path, 'utf8'))
    await writeFile(path, JSON.stringify({ ...row, why: 'all is well' }))
    const { open, notes } = await mergeSweeps([part], join(folder, 'first'))
    t.is(open, 1)
    t.regex(notes.join(), /why: a run that is done has none. It counts as not run/)
    await writeFile(path, JSON.stringify({ ...row, status: 'diverged', why: '\u001b[31mred\u2028' }))
    const merged = await mergeSweeps([part], join(folder, 'second'))
    t.is(merged.rows[0]!.why, '\\x1b[31mred\\u2028')
  },
)

test.serial('a page of another run is left out, and said', async t => {
  const { folder } = await placeOf(t, one)
  const part = join(folder, 'part')
  const { rows } = await runSweep(definitionOf(one), { folder: part })
  const [first, second] = rows.map(({ run }) => join(part, 'runs', `${run}.html`))
  await writeFile(second!, await readFile(first!))
  const whole = join(folder, 'whole')
  const { open, notes } = await mergeSweeps([part], whole)
  t.is(open, 0)
  t.deepEqual(notes, [`${second} is the page of another run. It is left out`])
  t.true(existsSync(join(whole, 'runs', `${rows[0]!.run}.html`)))
  t.false(existsSync(join(whole, 'runs', `${rows[1]!.run}.html`)))
})

test.serial('a list of runs with a name that leads out of the folder is refused', async t => {
  const { folder } = await placeOf(t, one)
  const part = join(folder, 'part')
  const { rows } = await runSweep(definitionOf(one), { folder: part })
  const path = join(part, 'plan.json')
  await writeFile(path, (await readFile(path, 'utf8')).replace(rows[0]!.run, '../../../ESCAPED'))
  await t.throwsAsync(mergeSweeps([part], join(folder, 'whole')), { code: 'sweep-results' })
  t.false(existsSync(join(folder, 'ESCAPED.json')))
})

test.serial('a file that holds another run, or one of another version, is noted, and run again', async t => {
  const { folder } = await placeOf(t, one)
  const first = await runSweep(definitionOf(one), { folder })
  const [a, b] = first.rows
  const fileOf = (run: string) => join(folder, 'runs', `${run}.json`)
  await writeFile(fileOf(a!.run), JSON.stringify(b))
  await writeFile(fileOf(b!.run), JSON.stringify({ ...b, version: '0.0.1', metrics: {} }))
  const plans: SweepPlan[] = []
  const again = await runSweep(definitionOf(one), { folder, onPlan: plan => plans.push(plan) })
  t.is(plans[0]!.earlier, 0)
  t.deepEqual(comparable(again.rows), comparable(first.rows))
  t.regex(again.notes.join('\n'), new RegExp(`${a!.run}\\.json holds run ${b!.run} of version .*not taken`))
  t.regex(again.notes.join('\n'), new RegExp(`${b!.run}\\.json holds .* of version 0\\.0\\.1, .*not taken`))
})

test.serial('a folder in place of a run is named', async t => {
  const { folder } = await placeOf(t, one)
  const { rows } = await runSweep(definitionOf(one), { folder })
  const path = join(folder, 'runs', `${rows[0]!.run}.json`)
  await rm(path)
  await mkdir(path)
  const error = await t.throwsAsync(runSweep(definitionOf(one), { folder }), { code: 'sweep-results' })
  t.true(error!.message.startsWith(`${path} cannot be read: it is a folder`), error!.message)
})

const rule = (body: string) => `export function rule(vectors) { return ${body} }\n`

test.serial('a rule that is edited while its sweep runs is not stored under the old text’s name', async t => {
  const document = { settings: { ...small.settings, steps: 1, rule: './mine.ts' } }
  const { folder } = await placeOf(t, document)
  const path = join(folder, 'mine.ts')
  await writeFile(path, rule('vectors[0]'))
  const onPlan = () => writeFileSync(path, rule('vectors[1]'))
  const { rows } = await runSweep(definitionOf(document, folder), { folder, onPlan })
  t.is(rows[0]!.status, 'failed')
  t.regex(rows[0]!.why!, /mine\.ts changed while the sweep ran; run it again$/)
  const again = await runSweep(definitionOf(document, folder), { folder })
  t.is(again.rows[0]!.status, 'done')
  t.not(again.rows[0]!.run, rows[0]!.run)
})

const table = (last: number) =>
  `x,y,label\n${Array.from({ length: 40 }, (_, i) => `${i % 7},${i % 2 === 0 ? i : last},${i % 2}`).join('\n')}\n`

test.serial(
  'data is known by what it holds, wherever it lies, and may not change while the sweep runs',
  async t => {
    const document = { settings: { ...small.settings, steps: 1, data: './d.csv' } }
    const { folder } = await placeOf(t, document)
    const nameOf = async (place: string, last: number) => {
      await mkdir(join(folder, place), { recursive: true })
      await writeFile(join(folder, place, 'd.csv'), table(last))
      const { rows } = await runSweep(definitionOf(document, join(folder, place)))
      t.is(rows[0]!.status, 'done', rows[0]!.why)
      return rows[0]!.run
    }
    const name = await nameOf('a', 1)
    t.is(await nameOf('b', 1), name)
    t.not(await nameOf('c', 2), name)
    const onPlan = () => writeFileSync(join(folder, 'a', 'd.csv'), table(3))
    const { rows } = await runSweep(definitionOf(document, join(folder, 'a')), { onPlan })
    t.regex(rows[0]!.why!, /d\.csv changed while the sweep ran; run it again$/)
  },
)

test.serial('parts that were run with different texts of one rule are not merged', async t => {
  const document = { ...one, settings: { ...one.settings, rule: './mine.ts' }, axes: { rate: [0.1, 0.2] } }
  const { folder } = await placeOf(t, document)
  const parts = [1, 2].map(index => join(folder, String(index)))
  for (const [place, part] of parts.entries()) {
    await mkdir(part)
    await writeFile(join(part, 'mine.ts'), rule(`vectors[${place}]`))
    await runSweep(definitionOf(document, part), { folder: part, shard: { index: place + 1, of: 2 } })
  }
  await t.throwsAsync(mergeSweeps(parts, join(folder, 'whole')), {
    code: 'sweep-results',
    message: /2 has results of another \.\/mine\.ts than .*1; expected results of one/,
  })
})

test.serial('what an attack’s file keeps goes from no run to another', async t => {
  const document = { settings: { ...small.settings, faults: 1, attack: './mine.ts' }, seeds: [1, 2] }
  const { folder } = await placeOf(t, document)
  const text =
    'let calls = 0\nexport const attack = { forge({ own }) { calls++; return own.map(x => x * calls) } }\n'
  await writeFile(join(folder, 'mine.ts'), text)
  const together = await runSweep(definitionOf(document, folder), { threads: 1 })
  const alone = await runSweep(definitionOf({ ...document, seeds: [2] }, folder), { threads: 1 })
  t.deepEqual(comparable(together.rows.slice(1)), comparable(alone.rows))
})

test.serial('a file that does not come back fails its run, and the rest go on', async t => {
  const { folder } = await placeOf(t, one)
  await writeFile(join(folder, 'mine.ts'), 'for (;;);\nexport const attack = {}\n')
  const settings = { ...small.settings, steps: 1, faults: 1 }
  const attack = join(folder, 'mine.ts')
  const jobs = [
    { ...settings, attack },
    { ...settings, attack: 'zero' },
  ].map((each, place) => ({
    settings: each,
    stop: { targets: {}, divergence: null, afterSeconds: place === 0 ? 0.01 : null },
    holdout: null,
    inputs: {},
  }))
  const ends: string[] = []
  await runPool({
    jobs,
    threads: 1,
    patience: { silentMs: 600_000, overdueMs: 1 },
    isOver: () => false,
    onStart() {},
    onProgress() {},
    async onResult(_, { measured: { status, why = '' } }) {
      ends.push(`${status} ${why}`)
    },
  })
  t.is(ends.length, 2)
  t.regex(ends[0]!, /^failed .*no step was done for \d+ s, and its time of 0\.01 s is over$/)
  t.is(ends[1], 'done ')
})
