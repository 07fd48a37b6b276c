/** What the page of a real run shows is what its report says. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { bench, goTo, numbersOf, titled } from './support.ts'

interface Report {
  readonly honest: readonly { readonly peer: number; readonly loss: number; readonly accuracy: number }[]
  readonly trace: string
  readonly bytes: number
}

const digits = (value: number) => Number(value.toPrecision(4))

test(
  titled('a simulation writes a page and a report of the same numbers, and the page asks nobody'),
  async t => {
    const browser = await bench()
    if (browser === null) {
      t.pass()
      return
    }
    const folder = await mkdtemp(join(tmpdir(), 'concord-numbers-'))
    const [path, reportPath] = [join(folder, 'run.html'), join(folder, 'run.json')]
    const run = 'simulate --peers 7 --faults 1 --protocol mda --steps 4 --seed 7'.split(' ')
    await promisify(execFile)(process.execPath, [
      'node/cli/main.ts',
      ...run,
      '--page',
      path,
      '--report',
      reportPath,
    ])
    const report = JSON.parse(await readFile(reportPath, 'utf8')) as Report
    const { page, requested, wrong } = await browser.open()
    await page.goto(`file://${path}#cohort`)
    const rows = page.locator('[aria-label="Table: where each peer stands"] tbody tr')
    for (const { peer, accuracy } of report.honest)
      t.is(await rows.nth(peer).locator('td').last().textContent(), `${(100 * accuracy).toFixed(1)}\u00a0%`)
    await goTo(page, 'Learning')
    const [, ...accuracies] = await numbersOf(page, 'Accuracy')
    t.deepEqual(
      accuracies.at(-1)!.slice(1, 7).map(Number),
      report.honest.map(({ accuracy }) => digits(accuracy)),
    )
    const [, ...losses] = await numbersOf(page, 'Loss of the honest peers')
    t.is(losses.length, 4)
    await page.getByText('About this run').click()
    await page.getByText(report.trace).waitFor()
    // The liar is the last peer, and nobody took anything of it.
    await goTo(page, 'Why the lie does not work')
    const [, ...weights] = await numbersOf(page, "How much of each peer's vector entered")
    t.deepEqual(
      weights.map(row => row.at(-1)),
      ['0', '0', '0', '0'],
    )
    await goTo(page, 'Schedule')
    await page.locator('canvas.schedule').focus()
    await page.keyboard.press('n')
    await page.getByText(/^Message \d+: /).waitFor()
    t.deepEqual(
      requested.filter(url => url !== `file://${path}` && !url.startsWith('data:')),
      [],
    )
    t.deepEqual(wrong, [])
    // The report alone can be laid beside it.
    await page.locator('input[type=file]').setInputFiles(reportPath)
    await page.getByRole('heading', { level: 2, name: 'Compare' }).waitFor()
    const summary = await page.locator('section[aria-label="Table: The runs"] tbody tr').allTextContents()
    const worst = Math.min(...report.honest.map(({ accuracy }) => accuracy))
    t.is(
      summary.filter(row => row.includes(`${(100 * worst).toFixed(1)}\u00a0%`)).length,
      2,
      summary.join('\n'),
    )
    await browser.close()
    await rm(folder, { recursive: true, force: true })
  },
)
