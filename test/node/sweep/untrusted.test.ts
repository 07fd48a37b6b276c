/** What others have put into a sweep's folders or file, and what is changed while it runs. */
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { mergeSweeps } from '../../../node/sweep/merge.ts'
import { sweepOf } from '../../../node/sweep/read-sweep.ts'
import { runSweep, type SweepPlan } from '../../../node/sweep/run-sweep.ts'
import { comparable, placeOf, small } from './folders.ts'

const definitionOf = (document: unknown, base = '.') => sweepOf(document, { source: 'test', base })
const one = { settings: { ...small.settings, steps: 1 }, axes: { rule: ['mean', 'cwtm'] } }

for (const place of ['runs', 'tuning'])
  test.serial(
    `a row whose name leads out of the folder is refused, and nothing is written there: ${place}`,
    async t => {
      const document = place === 'runs' ? one : { ...one, tune: { rate: [0.1] } }
      const { folder } = await placeOf(t, document)
      const part = join(folder, 'a', 'part')
      await runSweep(definitionOf(document), { folder: part })
      const [name] = await readdir(join(part, place))
      const escaping = (text: string) => text.replace(name!.replace('.json', ''), '../../../ESCAPED')
      const path = place === 'runs' ? join(part, 'results.jsonl') : join(part, place, name!)
      await writeFile(path, escaping(await readFile(path, 'utf8')))
      await t.throwsAsync(mergeSweeps([part], join(folder, 'b', 'whole')), {
        code: 'sweep-results',
        message: /run: expected 16 hexadecimal digits/,
      })
      t.false(existsSync(join(folder, 'ESCAPED.json')))
    },
  )

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
