/** The standard for a run under attack: the same cohort with that member silent. */
import type { Run } from './run.ts'
import type { Attack } from './scene.ts'

/** The default factor: how many times the time with a silent member a run may take. */
const TIMES_MAX = 1.5
/** Seconds that do not count: on a busy machine two runs of the same differ by as much. */
const SECONDS_SLACK = 2
/** Above the peak with a silent member: what one link may keep for the attacker (128 MiB), and as much around it. */
const MORE_MEGABYTES_MAX = 270
/** Memory in runs of this many steps must be flat after their first tenth: at most this much above it. */
const LONG_STEPS = 2000
const GROWTH_MEGABYTES_MAX = 100
/** An attacker may be sent at most this many times what an honest peer is sent: restarts and gaps cost much less. */
const RECEIVED_TIMES_MAX = 10
/** Fraction by which an attack may keep the cohort below the one with a silent member. */
const LOSS_MAX = 0.05

export interface Verdict {
  /** How many times the time with a silent member. */
  readonly times: number
  /** What fell short, in words; empty if nothing did. */
  readonly broken: readonly string[]
  /** Only the time fell short, which another turn may show to be chance. */
  readonly isClose: boolean
}

export const timesMaxOf = ({ timesMax = TIMES_MAX }: Attack): number => timesMax

/** How long an attacked cohort is waited for. */
export function deadlineMs(attack: Attack, silent: Run): number {
  return 1000 * Math.max(2 * timesMaxOf(attack) * silent.seconds, timesMaxOf(attack) * silent.seconds + 15)
}

export function judge(attack: Attack, silent: Run, run: Run): Verdict {
  const broken: string[] = [...run.failures]
  const times = run.seconds / silent.seconds
  if (run.finished < run.peers)
    broken.push(
      `${run.peers - run.finished} of ${run.peers} did not finish: step ${run.step} of ${run.steps}`,
    )
  if (run.tally === null || run.tally.connections === 0) broken.push('the attack never came to pass')
  if (more(silent, run) > MORE_MEGABYTES_MAX)
    broken.push(`${more(silent, run).toFixed(0)} MB more than with a silent member`)
  if (growth(run) > GROWTH_MEGABYTES_MAX)
    broken.push(`${growth(run).toFixed(0)} MB more at the end than after a tenth of the steps`)
  const received = run.receivedBytes === 0 ? 0 : (run.tally?.receivedBytes ?? 0) / run.receivedBytes
  if (received > RECEIVED_TIMES_MAX)
    broken.push(`the attacker was sent ${received.toFixed(0)} times as much as an honest peer`)
  if (run.finished === run.peers && run.accuracy < silent.accuracy - LOSS_MAX)
    broken.push(`accuracy ${run.accuracy.toFixed(3)}, with a silent member ${silent.accuracy.toFixed(3)}`)
  const isLate = run.seconds > timesMaxOf(attack) * silent.seconds + SECONDS_SLACK
  const isClose = broken.length === 0 && isLate
  if (isLate && run.finished === run.peers)
    broken.push(`${times.toFixed(2)} times the time with a silent member`)
  return { times, broken, isClose }
}

function more(silent: Run, run: Run): number {
  return (run.peakMegabytes ?? 0) - (silent.peakMegabytes ?? 0)
}

function growth({ steps, peakMegabytes, tenthMegabytes }: Run): number {
  return steps < LONG_STEPS || tenthMegabytes === null ? 0 : (peakMegabytes ?? 0) - tenthMegabytes
}
