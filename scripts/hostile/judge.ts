/** The standard for a run under attack: the same cohort with that member silent. */
import type { Run } from './run.ts'
import type { Attack } from './scene.ts'

/** The default factor: how many times the time with a silent member a run may take. */
const TIMES_MAX = 1.5
/** So near to the factor, or beyond it, one turn proves nothing. */
const CLOSE = 0.85
/** What most of them say counts. */
const TURNS_MAX = 5
/** Above the peak with a silent member: what one link may keep for the attacker (128 MiB), and as much around it. */
const MORE_MEGABYTES_MAX = 270
/** Memory in runs of this many steps must be flat after their first tenth: at most this much above it. */
const LONG_STEPS = 2000
const GROWTH_MEGABYTES_MAX = 100
/** An attacker may be sent at most this many times what an honest peer is sent: restarts and gaps cost much less. */
const RECEIVED_TIMES_MAX = 10
/** Fraction by which an attack may keep the cohort below the one with a silent member. */
const LOSS_MAX = 0.05

/** A run with a silent member, and one under attack right after it. */
export interface Turn {
  readonly silent: Run
  readonly run: Run
}

export interface Verdict {
  /** How many times the time with a silent member, in the median of the turns. */
  readonly times: number
  /** What fell short, in words; empty if nothing did. */
  readonly broken: readonly string[]
}

export const timesMaxOf = ({ timesMax = TIMES_MAX }: Attack): number => timesMax

export const timesOf = ({ silent, run }: Turn): number => run.seconds / silent.seconds

/** How long an attacked cohort is waited for. */
export function deadlineMs(attack: Attack, silent: Run): number {
  return 1000 * Math.max(2 * timesMaxOf(attack) * silent.seconds, timesMaxOf(attack) * silent.seconds + 15)
}

const isLate = (attack: Attack, turn: Turn): boolean => timesOf(turn) > timesMaxOf(attack)

/** Whether more turns could show that most are late, or are not; never if a turn fell short otherwise. */
export function isOpen(attack: Attack, turns: readonly Turn[]): boolean {
  if (turns.some(turn => shortfalls(turn).length > 0)) return false
  const [first] = turns.map(timesOf)
  if (turns.length === 1) return first! > CLOSE * timesMaxOf(attack)
  const late = turns.filter(turn => isLate(attack, turn)).length
  return Math.max(late, turns.length - late) <= TURNS_MAX / 2
}

export function judge(attack: Attack, turns: readonly Turn[]): Verdict {
  const times = median(turns.map(timesOf))
  const broken = [...new Set(turns.flatMap(shortfalls))]
  const isFinished = turns.every(({ run }) => run.finished === run.peers)
  const late = turns.filter(turn => isLate(attack, turn)).length
  if (late > turns.length / 2 && isFinished)
    broken.push(`${times.toFixed(2)} times the time with a silent member`)
  return { times, broken }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2
}

/** Everything but the time. */
function shortfalls({ silent, run }: Turn): string[] {
  const broken = [...run.failures]
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
  return broken
}

function more(silent: Run, run: Run): number {
  return (run.peakMegabytes ?? 0) - (silent.peakMegabytes ?? 0)
}

function growth({ steps, peakMegabytes, tenthMegabytes }: Run): number {
  return steps < LONG_STEPS || tenthMegabytes === null ? 0 : (peakMegabytes ?? 0) - tenthMegabytes
}
