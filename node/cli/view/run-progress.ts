/** Progress of an experiment's runs: one moving bar on a terminal, a plain line every few seconds elsewhere. */
import type { RunProgress } from '../../reproduce/reproduce.ts'
import type { Terminal } from '../terminal.ts'
import { duration } from './format.ts'

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
  const width = 28
  const bar = new cliProgress.SingleBar({
    stream: terminal.live,
    format: () => {
      if (latest === null) return ''
      const filled = Math.round(width * latest.done)
      const [full, empty] = ['█'.repeat(filled), '░'.repeat(width - filled)]
      const bar = `${terminal.paint('cyan', full)}${terminal.paint('gray', empty)}`
      return terminal.shown(`${bar} ${runLine(latest)}`)
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
