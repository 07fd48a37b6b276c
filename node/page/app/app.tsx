/** The page around the views: which run it is and how it stands, the choice of a view, and what went wrong. */
import { useEffect, useErrorBoundary, useMemo, useRef } from 'preact/hooks'
import { isAlone } from '../apply.ts'
import type { RunDocument } from '../run.ts'
import { bytesText, numberText, timeText } from './chart/format.ts'
import { Guarded } from './guarded.tsx'
import { asNow, chosenRun, connection, runs, tick, troubles, type ViewName, view, views } from './state.ts'
import { Compare } from './views/compare.tsx'
import type { ViewProps } from './views/props.ts'
import { RunView } from './views/run-view.tsx'

const headings: Readonly<Record<ViewName, string>> = {
  cohort: 'Cohort',
  learning: 'Learning',
  lie: 'Why the lie does not work',
  schedule: 'Schedule',
  iterations: 'Iterations',
  faults: 'Faults and evidence',
  compare: 'Compare',
}

/** Where nobody lies there is no lie to explain. */
function titleOf(name: ViewName, run: RunDocument | undefined): string {
  const areHonest = run?.about.peers.every(({ honest }) => honest === true) ?? false
  return name === 'lie' && areHonest ? 'Received vectors' : headings[name]
}

/** Views that can show something of a run. */
function applies(name: ViewName, run: RunDocument | undefined): boolean {
  switch (name) {
    case 'compare':
      return runs.value.length > 1
    case 'iterations':
      return run === undefined || run.paths !== null || isAlone(run)
    case 'learning':
      return run === undefined || !isAlone(run)
    default:
      return true
  }
}

interface AppProps {
  addFiles(files: readonly File[]): Promise<void>
}

/** The whole page; if something outside the views cannot be drawn, a sentence in its place until another run is chosen. */
export function App({ addFiles }: AppProps) {
  const choice = `${runs.value.length} ${chosenRun.value} ${view.value}`
  const failed = useRef<string | null>(null)
  const [error, retry] = useErrorBoundary(() => {
    failed.current = choice
  })
  useEffect(() => {
    if (error !== undefined && failed.current !== choice) retry()
  }, [choice])
  if (error === undefined) return <Whole addFiles={addFiles} />
  return (
    <>
      <header>
        <h1>Concord</h1>
        <Opening addFiles={addFiles} />
      </header>
      <Troubles />
      <p class="trouble">
        This run cannot be drawn: its document holds something that it should not. Open another file, or write
        this one again.
      </p>
    </>
  )
}

function Whole({ addFiles }: AppProps) {
  const chosen = runs.value[Math.min(chosenRun.value, runs.value.length - 1)]
  const now = tick.value
  const shown = useMemo(
    () => (chosen === undefined ? undefined : { ...chosen, run: asNow(chosen.run) }),
    [chosen, now],
  )
  const isComparing = view.value === 'compare' && runs.value.length > 1
  const heading = isComparing
    ? `${runs.value.length} runs side by side`
    : (shown?.run.about.title ?? 'Concord')
  useEffect(() => {
    document.title = `${heading} · Concord`
  }, [heading])
  return (
    <>
      <a class="skip" href="#main">
        To the figures
      </a>
      <header>
        <div class="head">
          <p class="kind">
            Concord{shown === undefined || isComparing ? '' : ` · ${shown.run.about.command}`}
          </p>
          <h1>{heading}</h1>
          {shown !== undefined && !isComparing && <Standing run={shown.run} now={tick.value} />}
        </div>
        <Opening addFiles={addFiles} />
      </header>
      <Troubles />
      <Navigation run={shown?.run} />
      <main id="main" tabIndex={-1}>
        {shown === undefined ? <Nothing /> : <View key={view.value} run={shown.run} />}
      </main>
      {shown !== undefined && !isComparing && <Settings run={shown.run} now={tick.value} />}
    </>
  )
}

function Opening({ addFiles }: AppProps) {
  const open = (event: Event & { currentTarget: HTMLInputElement }) => {
    void addFiles([...(event.currentTarget.files ?? [])])
    event.currentTarget.value = ''
  }
  return (
    <div class="opening">
      {runs.value.length > 1 && (
        <label>
          Run{' '}
          <select
            value={chosenRun.value}
            onChange={event => {
              chosenRun.value = Number(event.currentTarget.value)
            }}
          >
            {runs.value.map(({ name }, at) => (
              <option key={at} value={at}>
                {at + 1}: {name}
              </option>
            ))}
          </select>
        </label>
      )}
      <label class="file">
        Open files to compare
        <input type="file" multiple accept=".json,.html,application/json,text/html" onChange={open} />
      </label>
    </div>
  )
}

function Troubles() {
  const lost = connection.value === 'lost'
  const known = runs.value.find(({ isLive }) => isLive)?.run
  const hasEnded = known !== undefined && known.state !== 'running'
  return (
    <div class="troubles" role="status">
      {lost && !hasEnded && (
        <p class="trouble">
          {known === undefined
            ? 'The run does not answer: it is not running any more, or has not begun. This page goes on trying.'
            : 'The connection to the run is lost: what is shown is the last that it told. This page goes on trying.'}
        </p>
      )}
      {troubles.value.map((sentence, at) => (
        <p class="trouble" key={at}>
          {sentence}
        </p>
      ))}
    </div>
  )
}

function Navigation({ run }: { run: RunDocument | undefined }) {
  const bar = useRef<HTMLElement>(null)
  const current = view.value
  useEffect(() => {
    // On a phone the bar is wider than the page.
    const link = bar.current?.querySelector<HTMLElement>(`[href="#${current}"]`)
    if (bar.current && link) bar.current.scrollLeft = link.offsetLeft - 24
  }, [current])
  return (
    <nav aria-label="Views" ref={bar}>
      {views
        .filter(name => name === current || applies(name, run))
        .map(name => (
          <a key={name} href={`#${name}`} aria-current={current === name ? 'page' : undefined}>
            {titleOf(name, run)}
          </a>
        ))}
    </nav>
  )
}

function Nothing() {
  if (troubles.value.length > 0)
    return <p class="empty">There is nothing to show. The reason stands above.</p>
  return <p class="empty">Waiting for the run…</p>
}

function View({ run }: { run: RunDocument }) {
  return (
    <Guarded title={titleOf(view.value, run)} of={['this run', 'the document']}>
      {view.value === 'compare' ? (
        <Compare now={tick.value} />
      ) : (
        <RunView name={view.value} run={run} now={tick.value} />
      )}
    </Guarded>
  )
}

/** A list may be too long to be spread into arguments. */
function newestStep({ steps, peers }: RunDocument): number {
  let newest = 0
  for (const { step } of steps) newest = Math.max(newest, step)
  for (const { step } of peers) newest = Math.max(newest, step)
  return newest
}

/** By the run's own clock. A report of a real run counts its start and its end too. */
function lastedMs({ about, end, ms }: RunDocument): number {
  const wall = end?.wallSeconds ?? null
  return about.clock === 'real' && wall !== null ? 1000 * wall : (end?.ms ?? ms)
}

function Standing({ run }: ViewProps) {
  const step = newestStep(run)
  const time = (ms: number) => `${timeText(ms)}${run.about.clock === 'virtual' ? ' of virtual time' : ''}`
  const words = {
    running:
      step === 0
        ? `starting, after ${time(run.ms)}`
        : `running: step ${Math.min(step, run.about.steps)} of ${run.about.steps}, after ${time(run.ms)}`,
    ended: `ended after ${time(lastedMs(run))}`,
    broken: `broke off at step ${step} of ${run.about.steps}, after ${time(run.ms)}: what is shown is as far as it came`,
  } as const
  return (
    <>
      <p class={`standing ${run.state}`}>
        <span class="dot" aria-hidden="true" />
        {words[run.state]}
      </p>
      {run.end?.sentences.map((sentence, at) => (
        <p class="sentence" key={at}>
          {sentence.replace(/(\d) %/g, '$1\u00a0%')}
        </p>
      ))}
      {run.end?.violations.map((sentence, at) => (
        <p class="trouble" key={at}>
          {sentence}
        </p>
      ))}
      {run.state === 'broken' && run.notes.length > 0 && <p class="trouble">{run.notes.at(-1)!.text}</p>}
    </>
  )
}

/** What the report says of the run as a whole. */
function totalsOf({ about, end }: RunDocument): readonly (readonly [string, string])[] {
  if (end === null) return []
  const { messages, bytes, wallSeconds, learningSeconds, trace } = end
  const rows: readonly (readonly [string, string | null])[] = [
    ['messages sent', messages?.toLocaleString('en') ?? null],
    ['bytes sent', bytes === null ? null : bytesText(bytes)],
    ['computed in', about.clock === 'real' || wallSeconds === null ? null : timeText(1000 * wallSeconds)],
    ['of it learning', learningSeconds === null ? null : timeText(1000 * learningSeconds)],
    ['trace', trace],
  ]
  return rows.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]))
}

function Settings({ run }: ViewProps) {
  const { about } = run
  const rows: readonly (readonly [string, string])[] = [
    ['protocol', `${about.protocol}, ${about.synchrony}`],
    ['peers', `${about.peers.length}, at most ${about.maxFaulty} faulty`],
    ['steps', String(about.steps)],
    ...(about.dimension === null ? [] : [['coordinates of a vector', numberText(about.dimension)] as const]),
    ...(about.seed === null ? [] : [['seed', String(about.seed)] as const]),
    ...about.settings,
    ['software', about.software],
    ...totalsOf(run),
  ]
  const kept = Object.values(run.thinned)
  return (
    <footer>
      <details open={kept.length > 0}>
        <summary>About this run</summary>
        <dl>
          {rows.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        {kept.map(sentence => (
          <p class="caption" key={sentence}>
            {sentence}
          </p>
        ))}
      </details>
      {run.notes.length > 0 && (
        <details>
          <summary>What the terminal shows</summary>
          <ol class="notes" tabIndex={0} aria-label="Lines of the terminal">
            {run.notes.map(({ ms, text }, at) => (
              <li key={at}>
                <span class="when">{timeText(ms)}</span> {text}
              </li>
            ))}
          </ol>
        </details>
      )}
    </footer>
  )
}
