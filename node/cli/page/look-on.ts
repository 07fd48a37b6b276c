/** Lets a page look on at a simulated run. */
import { cohortId } from '../../cohort/cohort.ts'
import { aboutCohort } from '../../page/about.ts'
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
  { liars, attack, data, partition }: Scenario,
  { cohort, dimension }: SimulatedStart,
  values: PageValues,
  terminal: Terminal,
): Promise<PageLook | null> {
  const id = cohortId(cohort)
  const about = aboutCohort({
    command,
    cohort,
    cohortId: id,
    clock: 'virtual',
    liars,
    attack,
    dimension,
    data,
    partition,
  })
  const page = await showRun(about, values, terminal)
  if (page === null) return null
  const { recorder } = page
  const onlooker = createWorldRecorder(recorder, cohort.quorum)
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
