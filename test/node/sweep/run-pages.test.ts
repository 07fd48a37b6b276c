/** Each run's own page beside its row: from a disk, after a move, of resumed and merged sweeps, and with every message. */
import { readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { readAll } from '../../../node/page/read-runs.ts'
import { mergeSweeps } from '../../../node/sweep/merge.ts'
import { pageOfRun } from '../../../node/sweep/page-of-run.ts'
import { readSweep } from '../../../node/sweep/read-sweep.ts'
import { runSweep } from '../../../node/sweep/run-sweep.ts'
import { bench, goTo, titled } from '../page/support.ts'
import { placeOf } from './folders.ts'

const peers = {
  title: 'Two <attacks>',
  settings: { data: 'digits', model: 'softmax', peers: 7, faults: 1, steps: 4, batch: 8, evaluateEvery: 2 },
  axes: { attack: ['sign-flip', './mine.ts'] },
}
const MINE = 'export const attack = { forge: ({ own }) => own.map(x => -2 * x) }\n'

async function readPage(folder: string, run: string) {
  const [document] = await readAll(join(folder, 'runs', `${run}.html`), 2 ** 26)
  return document!
}

test.serial(
  titled('a run’s page is opened from its cell, from a disk, wherever the folder lies'),
  async t => {
    const { folder, file } = await placeOf(t, peers)
    await writeFile(join(folder, 'mine.ts'), MINE)
    const { rows } = await runSweep(await readSweep(file), { folder: join(folder, 'out') })
    await rename(join(folder, 'out'), join(folder, 'moved'))
    const browser = await bench()
    if (browser === null) {
      t.pass()
      return
    }
    t.teardown(() => browser.close())
    const { page, requested, wrong } = await browser.open()
    await page.goto(`file://${join(folder, 'moved', 'index.html')}`)
    await page.locator('[data-target="0 1 0"]').click()
    await page.getByText('concord sweep page . RUN').waitFor()
    await page.locator('.picked tbody').getByRole('link', { name: rows[1]!.run, exact: true }).click()
    await page.getByRole('heading', { level: 1, name: 'Two <attacks>: attack ./mine.ts, seed 1' }).waitFor()
    await page.getByText(`concord sweep page FOLDER ${rows[1]!.run}`).waitFor()
    await goTo(page, 'Learning')
    t.true(requested.every(url => url.startsWith(`file://${folder}/`) || url.startsWith('data:')))
    t.deepEqual(wrong, [])
  },
)

test.serial('a resumed sweep keeps its pages; merged ones have the page that shows more', async t => {
  const { folder, file } = await placeOf(t, peers)
  await writeFile(join(folder, 'mine.ts'), MINE)
  const definition = await readSweep(file)
  const [one, two] = [join(folder, 'one'), join(folder, 'two')]
  const { rows } = await runSweep(definition, { folder: one, shard: { index: 1, of: 2 } })
  const own = rows[0]!.run
  const before = await readFile(join(one, 'runs', `${own}.html`), 'utf8')
  await runSweep(definition, { folder: one, pages: 'full' })
  t.is(await readFile(join(one, 'runs', `${own}.html`), 'utf8'), before)
  t.is((await readPage(one, own)).messages.rows.length, 0)
  await runSweep(definition, { folder: two, pages: 'full' })
  const merged = await mergeSweeps([one, two], join(folder, 'whole'))
  for (const { run } of merged.rows)
    t.true((await readPage(join(folder, 'whole'), run)).messages.rows.length > 100)
})

test.serial('sweep page records a run that comes to the same, and says where it does not', async t => {
  const { folder, file } = await placeOf(t, peers)
  await writeFile(join(folder, 'mine.ts'), MINE)
  const out = join(folder, 'deep', 'out')
  const { rows } = await runSweep(await readSweep(file), { folder: out, pages: 'none' })
  t.deepEqual(
    (await readdir(join(out, 'runs'))).filter(name => !name.endsWith('.json')),
    [],
  )
  const { run } = rows[1]!
  const written = await pageOfRun(out, run.slice(0, 6), { out: null })
  t.true(written!.isCompared)
  const document = await readPage(out, run)
  t.true(document.messages.rows.length > 100)
  t.is(document.about.title, 'Two <attacks>: attack ./mine.ts, seed 1')
  t.regex(await readFile(join(out, 'index.html'), 'utf8'), /id="sweep"/)
  await t.throwsAsync(pageOfRun(out, 'fffff', { out: null }), { message: /has no run fffff; expected/ })
  const path = join(out, 'runs', `${run}.json`)
  const row = JSON.parse(await readFile(path, 'utf8'))
  await writeFile(path, JSON.stringify({ ...row, metrics: { ...row.metrics, messages: 1 } }))
  await t.throwsAsync(pageOfRun(out, run, { out: null }), {
    code: 'sweep-differs',
    message: /metrics\.messages is 1 in .*, and \d+ now/,
  })
  await writeFile(join(folder, 'mine.ts'), MINE.replace('-2', '-3'))
  await t.throwsAsync(pageOfRun(out, run, { out: null }), { message: /another one by now: its data/ })
})

test.serial('a run that was ended early says so on its page', async t => {
  const document = {
    settings: { ...peers.settings, attack: 'zero', steps: 30 },
    axes: { architecture: ['server', 'peers'] },
    stop: { accuracyMean: 0.3 },
  }
  for (const pages of ['short', 'full'] as const) {
    const { folder, file } = await placeOf(t, document)
    const { rows } = await runSweep(await readSweep(file), { folder, pages })
    for (const { run, status } of rows) {
      t.is(status, 'stopped')
      const { end, about } = await readPage(folder, run)
      t.regex(end!.sentences[0]!, /^Stopped: reached accuracyMean 0\.\d+ after \d+ steps\.$/)
      t.is(about.peers.length, 7)
    }
  }
})
