/** A page in a file, in a real browser: every view, its numbers, its accessibility, and that it asks nobody. */
import test, { type ExecutionContext } from 'ava'
import { applyEvent, newRun } from '../../../node/page/apply.ts'
import type { RunDocument } from '../../../node/page/run.ts'
import { accuracyOf, lossOf, sampleAbout, sampleAgreement, sampleRun } from '../../../scripts/page/samples.ts'
import { type Bench, bench, goTo, numbersOf, seriousIn, titled } from './support.ts'

const opened = await bench()
test.after.always(() => opened?.close())

/** One after the other, because they share a browser. */
function inBrowser(title: string, body: (t: ExecutionContext, browser: Bench) => Promise<void>): void {
  test.serial(titled(title), async t => {
    if (opened === null) t.pass()
    else await body(t, opened)
  })
}

const always = ['Cohort', 'Why the lie does not work', 'Schedule', 'Faults and evidence']
const ofLearning = [...always, 'Learning']
/** Of several runs, by their numbers: one that learns, and an agreement alone. */
const views = { 0: [...ofLearning, 'Compare'], 1: [...always, 'Iterations', 'Compare'] } as const

const named = (run: RunDocument) => ({ name: run.about.title, run })

for (const [colorScheme, width] of [
  ['light', 1280],
  ['dark', 390],
] as const)
  inBrowser(
    `every view, ${colorScheme}, at ${width} pixels: accessible, no wider than the page, nothing fetched`,
    async (t, browser) => {
      const { page, requested, wrong, context } = await browser.open({ colorScheme, width })
      const address = await browser.file([named(sampleRun()), named(sampleAgreement())])
      await page.goto(address)
      for (const run of [0, 1] as const)
        for (const view of views[run]) {
          await page.getByRole('combobox', { name: 'Run' }).selectOption(String(run))
          await goTo(page, view)
          t.deepEqual(await seriousIn(page), [], `${view} of run ${run}`)
          const beyond = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
          t.true(Number(beyond) <= 0, `${view} of run ${run} is wider than the page`)
        }
      t.deepEqual(
        requested.filter(url => url !== address && !url.startsWith('data:')),
        [],
      )
      t.deepEqual(wrong, [])
      await context.close()
    },
  )

inBrowser('Learning shows the numbers of the run', async (t, browser) => {
  const { page, context } = await browser.open()
  await page.goto(await browser.file([named(sampleRun({ steps: 20 }))]))
  await goTo(page, 'Learning')
  const [head, ...rows] = await numbersOf(page, 'Loss of the honest peers')
  t.is(rows.length, 20)
  const column = head!.indexOf('peer 3 (loss)')
  for (const step of [1, 7, 20])
    t.is(Number(rows[step - 1]![column]), Number((lossOf(step) + 0.03).toPrecision(4)))
  const [accuracyHead, ...accuracies] = await numbersOf(page, 'Accuracy')
  t.deepEqual(
    accuracies.map(([step]) => step),
    ['5', '10', '15', '20'],
  )
  t.is(
    Number(accuracies[3]![accuracyHead!.indexOf('peer 2 (accuracy (%))')]),
    Number(accuracyOf(20, 2).toPrecision(4)),
  )
  const [, first] = await numbersOf(page, 'Honest diameter of the parameters')
  t.deepEqual(first, ['1', '2', '0.5', '1.6', '0.1'])
  await context.close()
})

inBrowser(
  'the row of a liar is dark, and those of others are bright but where they were unlucky',
  async (t, browser) => {
    const { page, context } = await browser.open({ colorScheme: 'dark' })
    await page.goto(`${await browser.file([named(sampleRun())])}#lie`)
    // Chromium gives the mixture as oklab(lightness a b).
    const cells = await page.evaluate<{ peer: number; lightness: number }[]>(`
    [...document.querySelectorAll('.matrix rect[data-peer]')].map(rect => ({
      peer: Number(rect.dataset.peer),
      lightness: Number(/oklab\\(([\\d.]+)/.exec(getComputedStyle(rect).fill)?.[1]),
    }))`)
    const of = (peer: number) => cells.filter(cell => cell.peer === peer).map(({ lightness }) => lightness)
    t.is(of(6).length, 20)
    t.true(Math.max(...of(6)) < 0.2)
    for (const peer of [0, 1, 2, 3, 5]) t.true(Math.min(...of(peer)) > 0.6, `peer ${peer}`)
    t.deepEqual(
      of(4).map(lightness => lightness < 0.6),
      Array.from({ length: 20 }, (_, at) => at === 1),
    )
    t.true(await page.getByText('that of peer 6, which lies, was left out').isVisible())
    await context.close()
  },
)

inBrowser(
  'a message that is picked in the schedule names its slot, its digest and its cause',
  async (t, browser) => {
    const { page, context } = await browser.open()
    const run = sampleRun({ steps: 2, messages: 8 })
    await page.goto(`${await browser.file([named(run)])}#schedule`)
    const canvas = page.locator('canvas.schedule')
    await canvas.focus()
    for (let press = 0; press < 4; press++) await page.keyboard.press('n')
    const picked = page.getByRole('region', { name: 'The picked message' })
    await picked.getByText('Message 3: echo from peer 3 to peer 4').waitFor()
    t.true(await picked.getByText('step 1, gradient, iteration 0, vector of peer 3').isVisible())
    t.true(await picked.getByText(run.messages.digests[run.messages.rows[3]![6]]!).isVisible())
    await picked.getByRole('button', { name: /^message 2: / }).click()
    await picked.getByText('Message 2: digest from peer 2 to peer 3').waitFor()
    t.true(await picked.getByRole('button', { name: /^message 3: / }).isVisible())
    // Where it is drawn, it is picked by a click as well: in its middle, by the scale of the drawing.
    await page.keyboard.press('Escape')
    const box = (await canvas.boundingBox())!
    const [sent, arrived] = run.messages.rows[0]!
    const middle = ((sent! + arrived!) / 2 - 5) / (run.ms - 5)
    await canvas.click({ position: { x: 104 + middle * (box.width - 114), y: 24 + 60 } })
    await picked.getByText('Message 0: vector from peer 0 to peer 1').waitFor()
    await context.close()
  },
)

inBrowser('hidden kinds are not drawn, and the table has what is in sight', async (t, browser) => {
  const { page, context } = await browser.open()
  await page.goto(`${await browser.file([named(sampleRun({ steps: 2, messages: 40 }))])}#schedule`)
  const title = 'Messages between peers over time'
  const all = await numbersOf(page, title)
  t.is(all.length, 81)
  await page.getByRole('button', { name: /^echo/ }).click()
  await page.getByText('60 messages in sight').waitFor()
  t.is((await numbersOf(page, title)).filter(row => row[1] === 'echo').length, 0)
  await page.getByRole('combobox', { name: 'messages of' }).selectOption('2')
  const some = await numbersOf(page, title)
  t.true(some.slice(1).every(row => row[2] === 'peer 2' || row[3] === 'peer 2'))
  await context.close()
})

inBrowser('a proof says what it proves and where its file is; faults are counted', async (t, browser) => {
  const { page, context } = await browser.open()
  await page.goto(`${await browser.file([named(sampleRun())])}#faults`)
  const proof = page.getByRole('article')
  t.regex(
    (await proof.textContent())!,
    /peer 6 signed two different vectors for one slot \(step 2, gradient, iteration 0\)/,
  )
  t.is(await proof.getByRole('link').getAttribute('href'), 'file:///var/lib/concord/evidence/6.json')
  const counts = await page.locator('section[aria-label="Table: Counts of faults"] tr').allTextContents()
  t.true(counts.includes('peer 6 (lies)equivocation33 peerstwo vectors'), counts.join('\n'))
  t.true(counts.includes('peer 6 (lies)invalid-signature93 peers'), counts.join('\n'))
  const sums = await numbersOf(page, 'Faults seen, by the peer that caused them')
  t.is(sums.at(-1)![1], '12')
  await context.close()
})

inBrowser(
  'text of other peers is text: it makes no element, runs nothing, and hides nothing',
  async (t, browser) => {
    const { page, context, requested, wrong } = await browser.open()
    const text =
      '</script><img src=http://127.0.0.1:9/x onerror="window.taken=1"><script>window.taken=1</script>\u202e\u0007'
    const address = await browser.file([named(sampleRun({ text, steps: 10 }))])
    await page.goto(address)
    for (const view of ofLearning) {
      await goTo(page, view)
      t.is(await page.locator('#app img, #app script, #app iframe').count(), 0, view)
      const shown = (await page.locator('#app').textContent())!
      t.false(shown.includes('\u202e') || shown.includes('\u0007'), view)
    }
    await goTo(page, 'Cohort')
    t.true((await page.locator('#app').textContent())!.includes('\\u202e\\x07'))
    t.is(await page.evaluate('window.taken'), undefined)
    t.deepEqual(
      requested.filter(url => url !== address && !url.startsWith('data:')),
      [],
    )
    t.deepEqual(wrong, [])
    await context.close()
  },
)

inBrowser('only views that can show something of a run are offered', async (t, browser) => {
  const { page, context } = await browser.open()
  const offered = async (run: RunDocument) => {
    await page.goto(await browser.file([named(run)]))
    await page.getByRole('heading', { level: 2, name: 'Cohort' }).waitFor()
    return await page.getByRole('navigation', { name: 'Views' }).getByRole('link').allTextContents()
  }
  t.deepEqual((await offered(sampleRun({ steps: 2 }))).toSorted(), ofLearning.toSorted())
  t.deepEqual((await offered(sampleAgreement())).toSorted(), [...always, 'Iterations'].toSorted())
  const honest = sampleRun({ steps: 2 })
  const peers = honest.about.peers.map(peer => ({ ...peer, honest: true, attack: null }))
  t.true((await offered({ ...honest, about: { ...honest.about, peers } })).includes('Received vectors'))
  await context.close()
})

inBrowser('an agreement alone has iterations, and neither steps nor gradients', async (t, browser) => {
  const { page, context } = await browser.open()
  await page.goto(`${await browser.file([named(sampleAgreement())])}#lie`)
  await page.getByText('In iteration 0, peer 0 received 5 vectors').waitFor()
  const text = (await page.locator('main').textContent())!
  t.notRegex(text, /gradient|\bstep\b/)
  await context.close()
})

inBrowser(
  'hundreds of peers, all linked, are drawn without their lines, and a phone says where to scroll',
  async (t, browser) => {
    const { page, context, wrong } = await browser.open({ width: 390 })
    const run = newRun(sampleAbout({ peers: 400, steps: 1 }))
    const link = { connected: true, sinceMs: 0, reason: null, lag: 0, bytes: 7, bytesPerSecond: 0 }
    for (const [from, row] of run.links.entries())
      for (const to of row.keys()) if (to !== from) row[to] = link
    applyEvent(run, { kind: 'place', ms: 1, peer: 0, step: 1, phase: 'gradient', iteration: 0 })
    applyEvent(run, {
      kind: 'waiting',
      ms: 1,
      peer: 0,
      waiting: { needed: 1, missing: [{ peer: 5, sinceMs: 0 }] },
    })
    await page.goto(await browser.file([named(run)]))
    await page.getByText('The links of 400 peers are too many for lines').waitFor()
    t.is(await page.locator('svg.drawing line').count(), 0)
    t.true(
      await page
        .getByText(/^Scroll for more rows and columns/)
        .first()
        .isVisible(),
    )
    t.deepEqual(wrong, [])
    await context.close()
  },
)

/** What a reader sees of a file that cannot be shown. */
const bad: readonly (readonly [string, (html: string) => string, RegExp])[] = [
  ['cut off in its data', html => html.slice(0, html.indexOf('id="runs">') + 3000), /ends too early/],
  [
    'of another version',
    html => withData(html, [{ name: 'a', run: { ...sampleRun({ steps: 1 }), version: 99 } }]),
    /version 99 of the format of runs, and this program reads version 1/,
  ],
  [
    'not a run',
    html => withData(html, [{ name: 'a', run: { some: 'report' } }]),
    /holds no run of Concord that a page can show/,
  ],
  [
    'of a run without its peers',
    html => withData(html, [{ name: 'a', run: { ...sampleRun({ steps: 1 }), peers: [] } }]),
    /is damaged: "peers" is a list of 0; expected a list of 7 entries/,
  ],
  ['without any run', html => withData(html, []), /holds no run/],
]

function withData(html: string, runs: readonly object[]): string {
  const data = `<script type="application/json" id="runs">${JSON.stringify(runs).replaceAll('<', '\\u003c')}</script>`
  return html.replace(/<script type="application\/gzip"[\s\S]*$/, () => data)
}

for (const [what, change, sentence] of bad)
  inBrowser(`a file ${what} says so in a sentence`, async (t, browser) => {
    const { page, context, wrong } = await browser.open()
    await page.goto(await browser.file([named(sampleRun({ steps: 3 }))], change))
    const trouble = page.locator('.trouble').first()
    await trouble.waitFor()
    t.regex((await trouble.textContent())!, sentence)
    t.true(await page.getByText('There is nothing to show. The reason stands above.').isVisible())
    t.deepEqual(wrong, [])
    await context.close()
  })

inBrowser('files that are opened on the page are compared; one that is none is named', async (t, browser) => {
  const { page, context } = await browser.open()
  const other = sampleRun({ peers: 5, steps: 30 })
  await page.goto(await browser.file([named(sampleRun())]))
  await page.locator('input[type=file]').setInputFiles([
    { name: 'other.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(other)) },
    {
      name: 'cut.json',
      mimeType: 'application/json',
      buffer: Buffer.from(JSON.stringify(other).slice(0, 500)),
    },
  ])
  await page.getByRole('heading', { level: 2, name: 'Compare' }).waitFor()
  await page.getByText('The file cut.json ends too early or is not JSON').waitFor()
  t.is((await numbersOf(page, 'Loss of each run')).length, 31)
  t.is(await page.locator('.matrix').count(), 2)
  await context.close()
})

inBrowser(
  'a figure is downloaded as an SVG that stands alone, and its numbers as CSV',
  async (t, browser) => {
    const { page, context } = await browser.open()
    await page.goto(`${await browser.file([named(sampleRun())])}#learning`)
    const saved = async (name: string) => {
      const waiting = page.waitForEvent('download')
      await page.getByRole('button', { name }).click()
      const chunks: Buffer[] = []
      for await (const chunk of await (await waiting).createReadStream()) chunks.push(chunk as Buffer)
      return Buffer.concat(chunks).toString()
    }
    const svg = await saved('Download as SVG: Loss of the honest peers')
    t.regex(svg, /^<svg[^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/)
    t.notRegex(svg, /var\(|class=/)
    const csv = await saved('Download the numbers as CSV: Loss of the honest peers')
    t.is(csv.split('\r\n').length, 21)
    t.is(csv.split('\r\n')[0]!.split(',')[1], 'peer 0 (loss)')
    await context.close()
  },
)
