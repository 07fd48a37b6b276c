/** The page of a sweep in a real browser: its numbers, filters, the runs behind a cell, its accessibility, and that it asks nobody. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { Page } from 'playwright-core'
import { writeFigures } from '../../../../node/sweep/figures/index.ts'
import type { RunRow } from '../../../../node/sweep/rows.ts'
import { type Bench, bench, goTo, numbersOf, seriousIn, titled } from '../../page/support.ts'
import { accuracyOf, attacks, MEAN_ABOVE_MIN, partitions, rules, sampleRows } from './samples.ts'

const opened = await bench()
const folder = await mkdtemp(join(tmpdir(), 'concord-sweep-page-'))
test.after.always(async () => {
  await opened?.close()
  await rm(folder, { recursive: true, force: true })
})

/** One after the other, because they share a browser. */
function inBrowser(title: string, body: (t: ExecutionContext, browser: Bench) => Promise<void>): void {
  test.serial(titled(title), async t => {
    if (opened === null) t.pass()
    else await body(t, opened)
  })
}

const about = {
  title: 'Five rules, five attacks',
  axes: ['rule', 'attack', 'faults', 'partition', 'seed'],
  values: { rule: rules, attack: attacks, partition: partitions },
}

let pages = 0

/** Writes the page of these rows, with a page of its own for each of these runs. */
async function pageOf(
  rows: readonly RunRow[],
  withPages: readonly string[] = [],
  title = about.title,
): Promise<string> {
  const path = join(folder, String(pages++))
  await mkdir(join(path, 'runs'), { recursive: true })
  for (const run of withPages) await writeFile(join(path, 'runs', `${run}.html`), `<title>${run}</title>`)
  await writeFigures(rows, { ...about, title }, path, { metrics: [] })
  return `file://${join(path, 'index.html')}`
}

const views = ['Heat map', 'Curves', 'Comparison', 'Runs']

for (const [colorScheme, width] of [
  ['light', 1280],
  ['dark', 390],
] as const)
  inBrowser(
    `every view of a sweep, ${colorScheme}, at ${width} pixels: accessible, no wider than the page, nothing fetched`,
    async (t, browser) => {
      const { page, requested, wrong, context } = await browser.open({ colorScheme, width })
      const address = await pageOf(sampleRows())
      await page.goto(address)
      await page.locator('details.filters summary').click()
      for (const view of views) {
        await goTo(page, view)
        if (view === 'Heat map') await page.locator('[data-target="0 1 2"]').click()
        t.deepEqual(await seriousIn(page), [], view)
        const beyond = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
        t.true(Number(beyond) <= 0, `${view} is wider than the page`)
      }
      t.deepEqual(
        requested.filter(url => url !== address && !url.startsWith('data:')),
        [],
      )
      t.deepEqual(wrong, [])
      await context.close()
    },
  )

const cellTexts = (page: Page) =>
  page
    .locator('svg.scene text[text-anchor="middle"]')
    .evaluateAll(all => all.map(one => one.lastChild?.textContent))

inBrowser('cells, table and rows have the same numbers', async (t, browser) => {
  const { page, context } = await browser.open()
  await page.goto(await pageOf(sampleRows()))
  const [head, ...rows] = await numbersOf(page, 'Mean accuracyMean')
  t.deepEqual(head!.slice(0, 5), ['faults', 'partition', 'rule', 'attack', 'mean accuracyMean, as a share'])
  t.is(rows.length, 5 * 5 * 3 * 2)
  const found = rows.find(row => row.slice(0, 4).join() === '1,iid,cwtm,little')!
  const values = [1, 2, 3].map(seed => accuracyOf({ rule: 1, attack: 2, faults: 1, partition: 0, seed }))
  const mean = values.reduce((a, b) => a + b, 0) / 3 + MEAN_ABOVE_MIN
  t.is(found[4], String(Number(mean.toPrecision(4))))
  t.is(found[7], '3')
  t.true((await cellTexts(page)).includes((100 * mean).toFixed(1)))
  await context.close()
})

inBrowser(
  'the worst case over the attacks is the least of its column, with the attack’s name',
  async (t, browser) => {
    const { page, context } = await browser.open()
    await page.goto(await pageOf(sampleRows()))
    await page.getByRole('combobox', { name: 'Columns' }).selectOption({ label: 'faults' })
    await page.getByRole('combobox', { name: 'Other axes' }).selectOption({ label: 'worst case over attack' })
    const [head, ...rows] = await numbersOf(page, 'accuracyMean under the worst attack')
    t.deepEqual(head!.slice(0, 5), [
      'partition',
      'rule',
      'faults',
      'worst attack',
      'mean accuracyMean, as a share',
    ])
    const means = attacks.map(
      (_, attack) =>
        [1, 2, 3].reduce(
          (sum, seed) => sum + accuracyOf({ rule: 1, attack, faults: 2, partition: 1, seed }),
          0,
        ) /
          3 +
        MEAN_ABOVE_MIN,
    )
    const found = rows.find(row => row.slice(0, 3).join() === 'dirichlet:0.1,cwtm,2')!
    t.is(found[3], attacks[means.indexOf(Math.min(...means))])
    t.is(found[4], String(Number(Math.min(...means).toPrecision(4))))
    await context.close()
  },
)

inBrowser('filters take runs out of every view', async (t, browser) => {
  const { page, context } = await browser.open()
  await page.goto(await pageOf(sampleRows()))
  await page.locator('details.filters summary').click()
  await page.getByRole('button', { name: 'None of attack' }).click()
  await page.getByText('No run is left by the filter.').waitFor()
  await page.getByRole('checkbox', { name: 'little', exact: true }).check()
  await page.getByRole('checkbox', { name: 'empires', exact: true }).check()
  await page.getByRole('checkbox', { name: 'iid', exact: true }).uncheck()
  await page.getByText('Filter: 90 of 435 runs').waitFor()
  const rows = await numbersOf(page, 'Mean accuracyMean')
  t.deepEqual([...new Set(rows.slice(1).map(row => row[2]))], ['little', 'empires'])
  t.is(rows.length, 1 + 5 * 2 * 3)
  await goTo(page, 'Comparison')
  const best = page
    .getByRole('region', { name: 'Table: The best rule for the worst attack' })
    .locator('tbody tr')
  t.is(await best.count(), 3)
  await goTo(page, 'Curves')
  t.is(await page.locator('figure').count(), 6)
  const bands = page.locator('svg.drawing path[opacity]')
  // Five rules in each figure, but for the one that is skipped in the two of three faults.
  t.is(await bands.count(), 6 * 5 - 2)
  await page.getByRole('combobox', { name: 'Band' }).selectOption({ label: 'none' })
  await page.getByText('Mean over 3 seeds.', { exact: true }).waitFor()
  t.is(await bands.count(), 0)
  await context.close()
})

inBrowser(
  'a cell opens its runs, by click and by keyboard, each with a link to a page that is there',
  async (t, browser) => {
    const { page, context } = await browser.open()
    const rows = sampleRows()
    const own = rows.filter(
      ({ axes }) =>
        axes.rule === 'mda' && axes.attack === 'little' && axes.faults === 2 && axes.partition === 'iid',
    )
    const address = await pageOf(rows, [own[0]!.run])
    await page.goto(address)
    // The third panel is that of two faults and the first partition.
    await page.locator('[data-target="2 2 2"]').click()
    const region = page.getByRole('region', { name: 'The runs of the picked cell' })
    await region.getByText('rule mda, attack little, faults 2 · partition iid').waitFor()
    const listed = await region
      .locator('tbody tr')
      .evaluateAll(all => all.map(row => row.children[0]!.textContent))
    t.deepEqual(
      listed,
      own.map(({ run }) => run),
    )
    t.true(await region.getByText('the oracle ended with status 1').isVisible())
    const links = await region
      .locator('tbody a')
      .evaluateAll(all => all.map(a => (a as unknown as { href: string }).href))
    t.deepEqual(links, [address.replace('index.html', `runs/${own[0]!.run}.html`)])
    // The two runs that ended have a line each, with the values of their rows.
    const [head, ...points] = await numbersOf(page, 'accuracyMin of each run')
    t.deepEqual(head!.slice(1), ['seed 1 (accuracyMin (%))', 'seed 3 (accuracyMin (%))'])
    t.is(points[5]![1], String(Number(own[0]!.series.accuracyMin!.values[5]!.toPrecision(4))))
    await region.getByRole('button', { name: 'Close' }).click()
    t.is(await region.count(), 0)
    await page.getByRole('group', { name: 'Mean accuracyMean: arrow keys read the cells' }).focus()
    for (const key of ['ArrowRight', 'ArrowRight', 'ArrowDown', 'Enter']) await page.keyboard.press(key)
    await region.getByText('rule cwtm, attack sign-flip, faults 1 · partition iid').waitFor()
    // The focus follows once the region is drawn.
    await page.waitForFunction(
      "document.activeElement.getAttribute('aria-label') === 'The runs of the picked cell'",
    )
    await context.close()
  },
)

inBrowser('what the seeds do not bear out is grey, and says so', async (t, browser) => {
  const { page, context } = await browser.open()
  await page.goto(`${await pageOf(sampleRows())}#comparison`)
  const rows = await page
    .locator('section.figure tbody tr')
    .evaluateAll(all => all.map(row => ({ grey: row.className === 'grey', text: row.textContent ?? '' })))
  t.true(rows.some(({ grey }) => grey) && rows.some(({ grey }) => !grey))
  for (const { grey, text } of rows) t.is(grey, /not significant|not tested/.test(text), text)
  await context.close()
})

inBrowser('a download is the figure as files have it, and its numbers', async (t, browser) => {
  const { page, context } = await browser.open({ colorScheme: 'dark' })
  await page.goto(await pageOf(sampleRows()))
  const save = async (name: string) => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name }).click(),
    ])
    return readFile(await download.path(), 'utf8')
  }
  const svg = await save('Download as SVG: Mean accuracyMean')
  t.true(svg.startsWith('<svg xmlns="http://www.w3.org/2000/svg"'))
  t.regex(svg, /<rect [^>]*fill="#ffffff"/)
  const csv = await save('Download the numbers as CSV: Mean accuracyMean')
  t.is(csv.split('\r\n').length, 1 + 150)
  await context.close()
})

inBrowser('markup and marks of direction in names stay text', async (t, browser) => {
  const { page, wrong, context } = await browser.open()
  const evil = '"><img src=x onerror="document.title=1"></script><script>document.title=2</script>\u202e'
  const hostile = sampleRows({ text: evil, seeds: 2 }).map(row => ({ ...row, run: `../${row.run}${evil}` }))
  await page.goto(await pageOf(hostile, [], `Title ${evil}`))
  for (const view of views) {
    await goTo(page, view)
    t.is(await page.locator('img, #app script').count(), 0)
    t.is(await page.locator('#app').evaluate(app => app.textContent!.includes('\u202e')), false)
  }
  t.is(await page.locator('tbody a').count(), 0)
  t.true((await page.title()).startsWith('Title ">'))
  t.deepEqual(wrong, [])
  await context.close()
})

inBrowser('a page that is cut off, and a sweep without rows, say so', async (t, browser) => {
  const { page, context } = await browser.open()
  const address = await pageOf(sampleRows())
  const path = new URL(address).pathname
  const html = await readFile(path, 'utf8')
  await writeFile(path, html.slice(0, -2000))
  await page.goto(address)
  await page.getByText('This page cannot be shown').waitFor()
  await page.goto(await pageOf([]))
  await page.getByText('This sweep has no run so far.').waitFor()
  t.pass()
  await context.close()
})

inBrowser('a sweep of one axis and seeds is a map of one column', async (t, browser) => {
  const { page, context } = await browser.open()
  const rows = sampleRows()
    .filter(({ axes }) => axes.attack === 'none' && axes.faults === 1 && axes.partition === 'iid')
    .map(row => ({ ...row, axes: { rule: row.axes.rule!, seed: row.axes.seed! } }))
  await page.goto(await pageOf(rows))
  t.is((await numbersOf(page, 'Mean accuracyMean')).length, 1 + 5)
  await goTo(page, 'Comparison')
  await page.getByRole('region', { name: 'Table: The best rule', exact: true }).waitFor()
  await goTo(page, 'Curves')
  t.is(await page.locator('figure').count(), 1)
  await context.close()
})
