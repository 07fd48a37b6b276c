/** Progress of an experiment's runs: one moving bar on a terminal, a plain line every few seconds elsewhere. */
import type { RunProgress as Runs } from '../../reproduce/reproduce.ts'
import type { Terminal } from '../terminal.ts'
import { duration } from './format.ts'

interface RunProgress extends Runs {
  /** What is under way, in words. */
  readonly current?: readonly string[]
}

interface RunMeter {
  update(progress: RunProgress): void
  stop(): void
}

const plainIntervalMs = 5000

/** `run 12/64 · 19 % · 2 min 5 s left` */
function runLine({ finished, runs, done, secondsLeft }: RunProgress): string {
  const left = secondsLeft === null ? '' : ` · ${duration(secondsLeft)} left`
  return `${finished} of ${runs} runs · ${Math.floor(100 * done)} %${left}`
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
  if (terminal.live === null) {
    let printedMs = nowMs()
    return {
      update(progress) {
        if (nowMs() - printedMs < plainIntervalMs) return
        printedMs = nowMs()
        terminal.print(runLine(progress))
      },
      stop() {},
    }
  }
  const { default: cliProgress } = await import('cli-progress')
  let latest: RunProgress | null = null
  const width = 20
  const bar = new cliProgress.SingleBar({
    stream: terminal.live,
    format: () => {
      if (latest === null) return ''
      const filled = Math.round(width * latest.done)
      const [full, empty] = ['█'.repeat(filled), '░'.repeat(width - filled)]
      const bar = `${terminal.paint('cyan', full)}${terminal.paint('gray', empty)}`
      const line = runLine(latest)
      return terminal.shown(
        `${bar} ${line}${currentText(latest, terminal.columns - width - line.length - 1)}`,
      )
    },
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
