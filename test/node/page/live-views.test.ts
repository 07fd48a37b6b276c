/** A page that follows a run, in a real browser: late, reloaded, left alone by its run. */
import test, { type ExecutionContext } from 'ava'
import { applyEvent, newRun } from '../../../node/page/apply.ts'
import type { RunEvent } from '../../../node/page/events.ts'
import { type PageServer, servePage } from '../../../node/page/server.ts'
import { buildApp } from '../../../scripts/page/build-app.ts'
import { sampleAbout, sampleEvents } from '../../../scripts/page/samples.ts'
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

/** A run whose events happen when the test says so. */
async function liveRun(): Promise<{ server: PageServer; happen(events: readonly RunEvent[]): void }> {
  const about = sampleAbout({ steps: 20 })
  const run = newRun(about)
  const listeners = new Set<(first: number, events: readonly RunEvent[]) => void>()
  const server = await servePage({
    app: await buildApp(),
    title: about.title,
    port: 0,
    source: {
      document: () => run,
      subscribe(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    },
  })
  return {
    server,
    happen(events) {
      const first = run.events
      for (const event of events) applyEvent(run, event)
      for (const listener of listeners) listener(first, events)
    },
  }
}

const all = [...sampleEvents({ steps: 20 })]
const until = (step: number) => all.findIndex(event => event.kind === 'ghost' && event.row?.step === step) + 1

inBrowser(
  'a page follows a run; opened late or reloaded in the middle, it shows all of it',
  async (t, browser) => {
    const { server, happen } = await liveRun()
    happen(all.slice(0, until(5)))
    const { page, requested, wrong, context } = await browser.open()
    await page.goto(server.url)
    await page.getByText('running: step 5 of 20').waitFor()
    const ring = page.getByRole('img', { name: /^Peers in a ring/ })
    t.regex((await ring.textContent())!, /^5peer 05peer 1/)
    happen(all.slice(until(5), until(6)))
    await page.getByText('running: step 6 of 20').waitFor()
    t.regex((await ring.textContent())!, /^6peer 06peer 1/)
    await goTo(page, 'Learning')
    t.is((await numbersOf(page, 'Loss of the honest peers')).length, 1 + 6)
    happen(all.slice(until(6), until(12)))
    await page.getByText('running: step 12 of 20').waitFor()
    t.is((await numbersOf(page, 'Loss of the honest peers')).length, 1 + 12)
    const before = await numbersOf(page, 'Bytes sent in a step')
    await page.reload()
    await page.getByRole('heading', { level: 2, name: 'Learning' }).waitFor()
    await page.getByText('running: step 12 of 20').waitFor()
    t.deepEqual(await numbersOf(page, 'Bytes sent in a step'), before)
    happen(all.slice(until(12)))
    await page.getByText('ended after 2.05 s').waitFor()
    for (const view of ['Cohort', 'Why the lie does not work', 'Schedule', 'Faults and evidence']) {
      await goTo(page, view)
      t.deepEqual(await seriousIn(page), [], view)
    }
    t.true(
      requested.every(url => url.startsWith(server.url) || url.startsWith('data:')),
      requested.join('\n'),
    )
    t.deepEqual(wrong, [])
    await context.close()
    await server.close()
  },
)

inBrowser(
  'a run that breaks off says why, and a server that goes away is named, with the last that it told',
  async (t, browser) => {
    const { server, happen } = await liveRun()
    happen(all.slice(0, until(3)))
    const { page, context } = await browser.open()
    await page.goto(server.url)
    await page.getByText('running: step 3 of 20').waitFor()
    await server.close()
    await page
      .getByText('The connection to the run is lost: what is shown is the last that it told.')
      .waitFor()
    t.is(await page.locator('table').first().isVisible(), true)
    await context.close()

    const broken = await liveRun()
    broken.happen(all.slice(0, until(3)))
    const second = await browser.open()
    await second.page.goto(broken.server.url)
    broken.happen([{ kind: 'broken', ms: 350, why: 'The process that ran it was ended by SIGKILL.' }])
    await second.page.getByText('broke off at step 3 of 20').waitFor()
    t.true(await second.page.getByText('The process that ran it was ended by SIGKILL.').first().isVisible())
    await second.context.close()
    await broken.server.close()
  },
)
