/**
 * Progress of a run: one moving bar on a terminal, a plain line every few seconds elsewhere, and lines of their own
 * for what happens meanwhile.
 */
import { clearLine, cursorTo } from 'node:readline'
import type { SingleBar } from 'cli-progress'
import type { Paint, Terminal } from '../terminal.ts'
import { duration, megabytes, significant } from './format.ts'
import { cut } from './wrap.ts'

/** How far the run is; what is not known is null or left out. */
interface StepReached {
  readonly step: number
  readonly loss: number | null
  /** Honest diameter of the parameters. */
  readonly diameter?: number | null
  /** Sent by all. */
  readonly bytes?: number | null
}

interface Snapshot extends Required<StepReached> {
  readonly steps: number
  /** Null before anything can be said. */
  readonly secondsLeft: number | null
}

export interface Progress {
  /**
   * A line that stands until the next one, or until null: rewritten in place on a terminal. Elsewhere a new one is
   * printed at most at an interval, so the caller passes it again now and then.
   */
  stand(line: string | null): void
  update(reached: StepReached): void
  /** A line above the bar. */
  note(line: string): void
  /** Takes the bar away; the last state stays as a line. */
  stop(): void
}

interface View extends Omit<Progress, 'update'> {
  update(snapshot: Snapshot): void
}

/** `loss 0.43 · apart 0.012 · 120 MB · 12 s left` */
function details({ loss, diameter, bytes, secondsLeft }: Omit<Snapshot, 'step' | 'steps'>): string {
  return [
    loss === null ? '' : `loss ${significant(loss)}`,
    diameter === null ? '' : `honest diameter ${significant(diameter)}`,
    bytes === null ? '' : megabytes(bytes),
    secondsLeft === null ? '' : `${duration(secondsLeft)} left`,
  ]
    .filter(part => part !== '')
    .join(' · ')
}

export function plainLine(snapshot: Snapshot): string {
  return [`step ${snapshot.step}/${snapshot.steps}`, details(snapshot)]
    .filter(part => part !== '')
    .join(' · ')
}

export function barLine(snapshot: Snapshot, paint: Paint, width = 24): string {
  const filled = Math.round((width * snapshot.step) / Math.max(1, snapshot.steps))
  const bar = paint('cyan', '█'.repeat(filled)) + paint('gray', '░'.repeat(width - filled))
  return `step ${String(snapshot.step).padStart(String(snapshot.steps).length)}/${snapshot.steps} ${bar} ${details(snapshot)}`
}

/** Seconds until the last step at the pace since the first one; null while there is no pace. */
export function createEstimate(steps: number): (step: number, nowSeconds: number) => number | null {
  let first: { readonly step: number; readonly seconds: number } | null = null
  return (step, seconds) => {
    if (step < 1) return null
    first ??= { step, seconds }
    if (step <= first.step) return null
    return ((seconds - first.seconds) / (step - first.step)) * (steps - step)
  }
}

const plainIntervalMs = 3000
const standIntervalMs = 10_000

/** @param steps how many the run has */
export async function createProgress(
  terminal: Terminal,
  steps: number,
  nowMs: () => number = () => performance.now(),
): Promise<Progress> {
  const view = terminal.live === null ? plainView(terminal, nowMs) : await liveView(terminal, terminal.live)
  const estimate = createEstimate(steps)
  return {
    ...view,
    update({ step, loss, diameter = null, bytes = null }) {
      view.update({ step, steps, loss, diameter, bytes, secondsLeft: estimate(step, nowMs() / 1000) })
    },
  }
}

function plainView(terminal: Terminal, nowMs: () => number): View {
  let printedMs = Number.NEGATIVE_INFINITY
  let printed: Snapshot | null = null
  let latest: Snapshot | null = null
  let stoodMs = Number.NEGATIVE_INFINITY
  let stood: string | null = null
  return {
    stand(line) {
      if (line === null || line === stood || nowMs() - stoodMs < standIntervalMs) return
      stoodMs = nowMs()
      stood = line
      terminal.print(line)
    },
    update(snapshot) {
      latest = snapshot
      if (nowMs() - printedMs < plainIntervalMs) return
      printedMs = nowMs()
      printed = snapshot
      terminal.print(plainLine(snapshot))
    },
    note: line => terminal.print(line),
    stop() {
      if (latest !== null && latest !== printed) terminal.print(plainLine(latest))
      latest = null
    },
  }
}

async function liveView(terminal: Terminal, stream: NodeJS.WriteStream): Promise<View> {
  const { default: cliProgress } = await import('cli-progress')
  let latest: Snapshot | null = null
  const bar: SingleBar = new cliProgress.SingleBar({
    stream,
    format: () => (latest === null ? '' : terminal.shown(barLine(latest, terminal.paint))),
    clearOnComplete: true,
    forceRedraw: true,
    fps: 8,
  })
  let standing: string | null = null
  const show = () => {
    if (latest !== null) bar.start(latest.steps, latest.step)
    if (standing !== null) stream.write(cut(terminal.shown(standing), (stream.columns || 80) - 1))
  }
  const hide = () => {
    bar.stop()
    if (standing === null) return
    cursorTo(stream, 0)
    clearLine(stream, 0)
  }
  return {
    stand(line) {
      if (line === standing) return
      hide()
      standing = line
      show()
    },
    update(snapshot) {
      const first = latest === null
      latest = snapshot
      if (first) show()
      else bar.update(snapshot.step)
    },
    note(line) {
      hide()
      terminal.print(line)
      show()
    },
    stop() {
      hide()
      standing = null
      if (latest !== null) terminal.print(barLine(latest, terminal.paint))
      latest = null
    },
  }
}
