/** Lets a page look on at a simulated run. */
import { aboutSimulated } from '../../page/about.ts'
import { createWorldRecorder } from '../../page/world.ts'
import type { Scenario } from '../options.ts'
import type { SimulatedLook, SimulatedStart } from '../simulated.ts'
import type { Terminal } from '../terminal.ts'
import type { PageValues } from './page-options.ts'
import { type ShownRun, showRun } from './show-run.ts'

interface PageLook extends SimulatedLook {
  readonly page: ShownRun
}

/** Null where nobody wants to look. */
export async function lookOn(
  command: string,
  scenario: Scenario,
  start: SimulatedStart,
  values: PageValues,
  terminal: Terminal,
): Promise<PageLook | null> {
  const page = await showRun(aboutSimulated(command, scenario, start), values, terminal)
  if (page === null) return null
  const { recorder } = page
  const onlooker = createWorldRecorder(recorder, start.cohort.quorum)
  return {
    page: {
      recorder,
      broken: page.broken,
      ended(end) {
        onlooker.ended()
        return page.ended(end)
      },
    },
    onlooker,
    accuracy: (peer, step, accuracy) =>
      recorder.tell({ kind: 'accuracy', ms: recorder.document().ms, peer, step, accuracy }),
  }
}
