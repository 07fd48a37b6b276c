/**
 * Progress of a run: one moving bar on a terminal, a plain line every few seconds elsewhere, and lines of their own
 * for what happens meanwhile.
 */
import { clearLine, cursorTo } from 'node:readline'
import type { SingleBar } from 'cli-progress'
import type { Paint, Terminal } from '../terminal.ts'
import { duration, megabytes, significant } from './format.ts'
import { createCourse } from './sparkline.ts'
import { columnsOf, cut } from './wrap.ts'

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
  /** The courses so far, in at most so many signs. */
  readonly courses?: {
    readonly loss: (width: number) => string
    readonly diameter: (width: number) => string
  }
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

const BAR_MAX = 24
const BAR_MIN = 6
const SPARKLINE_MAX = 12
const SPARKLINE_MIN = 3

/**
 * `step 41/100 ████░░ loss 0.43 ▇▅▃▂▁ · diameter 0.012 ▁▂▁ · 120 MB · 12 s left`, in at most `columns`: the bar and the
 * courses give way first, then the traffic, then the courses whole, and then the time.
 */
export function barLine(snapshot: Snapshot, paint: Paint, columns: number): string {
  const { step, steps, loss, diameter, bytes, secondsLeft, courses } = snapshot
  const head = `step ${String(step).padStart(String(steps).length)}/${steps}`
  const texts = (spark: number, hasBytes: boolean, hasTime: boolean) => {
    const beside = (course: string | undefined) => (course ? ` ${course}` : '')
    return [
      loss === null ? '' : `loss ${significant(loss)}${beside(courses?.loss(spark))}`,
      diameter === null ? '' : `diameter ${significant(diameter)}${beside(courses?.diameter(spark))}`,
      bytes === null || !hasBytes ? '' : megabytes(bytes),
      secondsLeft === null || !hasTime ? '' : `${duration(secondsLeft)} left`,
    ]
      .filter(part => part !== '')
      .join(' · ')
  }
  const roomFor = (text: string) => columns - columnsOf(head) - columnsOf(text) - 2
  const sparks = Array.from(
    { length: SPARKLINE_MAX - SPARKLINE_MIN + 1 },
    (_, shorter) => SPARKLINE_MAX - shorter,
  )
  const forms = [
    ...sparks.map(spark => texts(spark, true, true)),
    ...(courses === undefined ? [] : sparks.map(spark => texts(spark, false, true))),
    texts(0, true, true),
    texts(0, false, true),
    texts(0, false, false),
  ]
  const text =
    forms.find(each => roomFor(each) >= BAR_MIN) ?? cut(forms.at(-1)!, columns - columnsOf(head) - 1)
  const width = Math.min(BAR_MAX, roomFor(text))
  if (width < BAR_MIN) return `${head} ${text}`
  const filled = Math.round((width * step) / Math.max(1, steps))
  const bar = paint('cyan', '█'.repeat(filled)) + paint('gray', '░'.repeat(width - filled))
  return `${head} ${bar} ${text}`
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
  const losses = createCourse('linear')
  const diameters = createCourse('log')
  let last = Number.NEGATIVE_INFINITY
  return {
    ...view,
    update({ step, loss, diameter = null, bytes = null }) {
      // The same step may be told of several times.
      if (step > last) {
        if (loss !== null) losses.add(loss)
        if (diameter !== null) diameters.add(diameter)
        last = step
      }
      const courses = { loss: losses.line, diameter: diameters.line }
      view.update({
        step,
        steps,
        loss,
        diameter,
        bytes,
        secondsLeft: estimate(step, nowMs() / 1000),
        courses,
      })
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
    format: () =>
      latest === null ? '' : terminal.shown(barLine(latest, terminal.paint, terminal.columns - 1)),
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
      if (latest !== null) terminal.print(barLine(latest, terminal.paint, terminal.columns))
      latest = null
    },
  }
}
