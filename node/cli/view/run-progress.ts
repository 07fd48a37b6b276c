/** Progress of an experiment's runs: one moving bar on a terminal, a plain line every few seconds elsewhere. */
import type { RunProgress as Runs } from '../../reproduce/reproduce.ts'
import type { Terminal } from '../terminal.ts'
import { duration } from './format.ts'

interface RunProgress extends Runs {
  /** How many of those that are done an earlier command has left. */
  readonly earlier?: number
  /** How many of those that are done have failed. */
  readonly failed?: number
  /** What is under way, in words. */
  readonly current?: readonly string[]
}

interface RunMeter {
  update(progress: RunProgress): void
  stop(): void
}

const plainIntervalMs = 5000
const BAR_COLUMNS = 20
/** A shorter bar shows nothing. */
const BAR_COLUMNS_MIN = 5

/** `12 of 64 done (8 before), 1 failed, after 1 min 2 s; 2 min 5 s left`: no longer than 80 columns. */
function runLine(
  { finished, runs, earlier = 0, failed = 0, secondsLeft }: RunProgress,
  seconds: number,
): string {
  const before = earlier === 0 ? '' : ` (${earlier} before)`
  const bad = failed === 0 ? '' : `, ${failed} failed`
  const left = secondsLeft === null ? '' : `; ${duration(secondsLeft)} left`
  return `${finished} of ${runs} done${before}${bad}, after ${duration(seconds)}${left}`
}

/** As many of those under way as there is room for. */
function currentText({ current = [] }: RunProgress, room: number): string {
  const text = ` · ${current.join(' | ')}`
  if (current.length === 0 || room < 12) return ''
  return text.length <= room ? text : `${text.slice(0, room - 1)}…`
}

export async function createRunMeter(
  terminal: Terminal,
  nowMs: () => number = () => performance.now(),
): Promise<RunMeter> {
  const startedMs = nowMs()
  const lineOf = (progress: RunProgress) => runLine(progress, (nowMs() - startedMs) / 1000)
  if (terminal.live === null) {
    let printedMs = startedMs
    return {
      update(progress) {
        if (nowMs() - printedMs < plainIntervalMs) return
        printedMs = nowMs()
        terminal.print(lineOf(progress))
      },
      stop() {},
    }
  }
  const { default: cliProgress } = await import('cli-progress')
  let latest: RunProgress | null = null
  const bar = new cliProgress.SingleBar({
    stream: terminal.live,
    format: () => (latest === null ? '' : barLine(terminal, latest, lineOf(latest))),
    clearOnComplete: true,
    fps: 8,
  })
  return {
    update(progress) {
      const first = latest === null
      latest = progress
      if (first) bar.start(1, progress.done)
      else bar.update(progress.done)
    },
    stop() {
      if (latest !== null) bar.stop()
    },
  }
}

/** The line comes before the bar, which takes what is left beside it. */
function barLine(terminal: Terminal, progress: RunProgress, line: string): string {
  const room = terminal.columns - line.length - 2
  const width = room < BAR_COLUMNS_MIN ? 0 : Math.min(BAR_COLUMNS, room)
  const filled = Math.round(width * progress.done)
  const bar = `${terminal.paint('cyan', '█'.repeat(filled))}${terminal.paint('gray', '░'.repeat(width - filled))}`
  return terminal.shown(`${width === 0 ? '' : `${bar} `}${line}${currentText(progress, room - width)}`)
}
