/** Any view of one run, by its name. */
import type { ViewName } from '../state.ts'
import { Cohort } from './cohort.tsx'
import { Faults } from './faults.tsx'
import { Iterations } from './iterations.tsx'
import { Learning } from './learning.tsx'
import { Lie } from './lie.tsx'
import type { ViewProps } from './props.ts'
import { ScheduleView } from './schedule.tsx'

export function RunView({ name, run, now }: ViewProps & { name: Exclude<ViewName, 'compare'> }) {
  switch (name) {
    case 'cohort':
      return <Cohort run={run} now={now} />
    case 'learning':
      return <Learning run={run} now={now} />
    case 'lie':
      return <Lie run={run} now={now} />
    case 'schedule':
      return <ScheduleView run={run} now={now} />
    case 'iterations':
      return <Iterations run={run} now={now} />
    case 'faults':
      return <Faults run={run} now={now} />
  }
}
