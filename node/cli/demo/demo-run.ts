/** A demo while it runs: starts the processes, follows their events, and says how it ended. */
import type { PeerIndex } from '../../../agreement/protocol.ts'
import { neighboursOf } from '../../cohort/gossip.ts'
import type { PeerEvent } from '../../daemon/events.ts'
import { quotedLines } from '../../text/printable.ts'
import type { Scenario } from '../options.ts'
import type { Terminal } from '../terminal.ts'
import type { Progress } from '../view/progress.ts'
import { type ChildEnd, type Children, startChildren } from './children.ts'
import type { DemoPage } from './demo-page.ts'
import { createRuler, type Ruler } from './measure.ts'
import type { DemoFiles } from './setup.ts'
import { apply, applyEnd, type DemoState, isDone, isHeldUp, isLost, newState, overview } from './state.ts'
import {
  brokenPairs,
  castLines,
  connectionsLine,
  endText,
  eventLine,
  finishedLine,
  waitingLine,
} from './view.ts'

interface DemoRunOptions {
  readonly scenario: Scenario
  /** The attack as the user named it: a name or a file. */
  readonly attack: string
  /** Further arguments of every peer: its oracle and where it starts. */
  readonly learning: readonly string[]
  /** The file to which the first honest peer writes what it has learnt. */
  readonly save: string | null
  readonly saveEvery: number | null
  readonly files: DemoFiles
  readonly terminal: Terminal
  readonly progress: Progress
  /** Shows the run on a page; null: nobody asked for one. */
  readonly page: DemoPage | null
  /** The time limit; null: none. */
  readonly timeoutSeconds: number | null
}

export interface DemoRunEnd {
  readonly outcome: 'finished' | 'diverged' | 'interrupted' | 'out of time' | 'failed'
  readonly state: DemoState
  readonly ruler: Ruler
  /** For a process that could not even start: its output and its exit code. */
  readonly failure: { readonly message: string; readonly code: number } | null
}

/** What the user has been told already. */
interface Told {
  readonly finished: Set<PeerIndex>
  connections: string
  connectionsMs: number
  /** Pairs without a connection at the last check, and those that were reported. */
  suspects: ReadonlySet<string>
  broken: ReadonlySet<string>
  /** The line about waiting at the last check, and the last one shown. */
  seen: string | null
  waiting: string | null
  waitingMs: number
}

interface DemoRun {
  readonly options: DemoRunOptions
  readonly children: Children
  readonly state: DemoState
  readonly ruler: Ruler
  readonly startedMs: number
  readonly ended: PromiseWithResolvers<Pick<DemoRunEnd, 'outcome' | 'failure'>>
  hasEnded: boolean
  diameter: number | null
  readonly told: Told
}

export async function perform(options: DemoRunOptions): Promise<DemoRunEnd> {
  const { scenario, files, terminal, progress } = options
  const children = startChildren({
    commands: commandsOf(options),
    onEvent: (peer, event) => follow(run, peer, event),
    onEnd: (peer, end) => followEnd(run, peer, end),
  })
  const state = newState(children.pids, scenario.liars)
  const run: DemoRun = {
    options,
    children,
    state,
    ruler: createRuler(state.filter(({ isHonest }) => isHonest).map(({ peer }) => peer)),
    startedMs: performance.now(),
    ended: Promise.withResolvers(),
    hasEnded: false,
    diameter: null,
    told: {
      finished: new Set(),
      connections: '',
      connectionsMs: Number.NEGATIVE_INFINITY,
      suspects: new Set(),
      broken: new Set(),
      seen: null,
      waiting: null,
      waitingMs: Number.NEGATIVE_INFINITY,
    },
  }
  for (const line of castLines(scenario, files.cohort, state, terminal.paint)) terminal.print(line)
  const undo = watchOver(run)
  try {
    const end = await run.ended.promise
    return { ...end, state, ruler: run.ruler }
  } finally {
    run.hasEnded = true
    undo()
    progress.stop()
    await children.stop()
  }
}

/** About how often in a run vectors are sent. */
const observationsMax = 20

function commandsOf({
  scenario,
  attack,
  files,
  learning,
  save,
  saveEvery,
  page,
}: DemoRunOptions): readonly (readonly string[])[] {
  const { settings, liars, data, partition } = scenario
  const every = Math.max(1, Math.ceil(settings.steps / observationsMax))
  const onTheWay = saveEvery === null ? [] : ['--save-every', String(saveEvery)]
  const firstHonest = files.identityPaths.findIndex((_, peer) => !liars.includes(peer))
  return files.identityPaths.map((identity, peer) => [
    ...['join', '--cohort', files.cohortPath, '--identity', identity, '--no-mdns', '--state', 'none'],
    ...['--data', data, '--partition', partition, '--linger', '86400'],
    ...learning,
    ...(page === null ? [] : ['--recorded-from', String(page.startedMs)]),
    ...(liars.includes(peer) ? ['--attack', attack] : ['--observe', String(every)]),
    ...(save !== null && peer === firstHonest ? ['--save', save, ...onTheWay] : []),
  ])
}

/** Signals, the time limit, and a check every half second for what no single event reports. */
function watchOver(run: DemoRun): () => void {
  const { timeoutSeconds } = run.options
  let asked = false
  const interrupt = () => {
    // A second signal ends at once; the children are killed on exit.
    if (asked) process.exit(1)
    asked = true
    run.ended.resolve({ outcome: 'interrupted', failure: null })
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, interrupt)
  const ticker = setInterval(() => look(run), 500)
  const expire = () => run.ended.resolve({ outcome: 'out of time', failure: null })
  const deadline = timeoutSeconds === null ? undefined : setTimeout(expire, 1000 * timeoutSeconds)
  return () => {
    for (const signal of signals) process.off(signal, interrupt)
    clearInterval(ticker)
    clearTimeout(deadline)
  }
}

function follow(run: DemoRun, peer: PeerIndex, event: PeerEvent): void {
  if (run.hasEnded) return
  const { state, ruler, options } = run
  if (event.kind === 'recorded') {
    options.page?.recorded(peer, event.events)
    return
  }
  apply(state, peer, event)
  if (event.kind === 'step' && state[peer]!.isHonest) {
    const measured = ruler.add(peer, event.step, event.vectors)
    if (measured !== null) {
      run.diameter = measured.parameters
      options.page?.measured(measured)
    }
    showProgress(run)
  }
  const line = eventLine(state, peer, event, options.terminal.paint)
  if (line !== null && !isStartFailure(run, peer, event)) options.progress.note(line)
  endIfDone(run)
}

function endIfDone({ state, ended }: DemoRun): void {
  if (!isDone(state)) return
  const hasDiverged = state.some(({ isHonest, divergence }) => isHonest && divergence !== null)
  ended.resolve({ outcome: hasDiverged ? 'diverged' : 'finished', failure: null })
}

/** Reported once, at the end of its process, rather than by every peer. */
function isStartFailure({ state }: DemoRun, peer: PeerIndex, event: PeerEvent): boolean {
  return event.kind === 'failed' && state[peer]!.status === 'starting'
}

function followEnd(run: DemoRun, peer: PeerIndex, { code, signal, lastWords }: ChildEnd): void {
  if (run.hasEnded) return
  const { state, options, ended } = run
  const { status, pid } = state[peer]!
  const hasEnded = status === 'finished' || status === 'diverged'
  const why = endText(code, signal)
  if (status === 'starting' && signal === null) {
    const message =
      lastWords.replace(/^concord: /, '').replaceAll('\n  | ', '\n') || `peer ${peer} ${why} before it was up`
    ended.resolve({ outcome: 'failed', failure: { message, code: code || 1 } })
    return
  }
  applyEnd(state, peer, why)
  options.page?.gone(peer, hasEnded, why)
  run.ruler.forget(peer)
  // One that has come to its end leaves as soon as no other needs it.
  if (hasEnded && signal === null) return
  const left = state.filter(other => other.status !== 'gone').length
  const before = hasEnded ? ', after its own end' : ''
  options.progress.note(
    options.terminal.paint(
      'red',
      `peer ${peer} (pid ${pid}) ${why}${before}; ${left} of ${state.length} are left`,
    ),
  )
  if (lastWords !== '') for (const line of quotedLines(lastWords)) options.progress.note(line)
  if (isLost(state)) ended.resolve({ outcome: 'failed', failure: null })
  else endIfDone(run)
}

function showProgress({ state, options, diameter }: DemoRun): void {
  const { step, loss, bytes } = overview(state)
  if (step > 0) options.progress.update({ step, loss, diameter, bytes })
}

const waitingRepeatMs = 15_000
/** What changes all the time, on a busy machine, is worth a line at most so often. */
const changedRepeatMs = { connections: 2000, waiting: 5000 }

/** Reports what holds for longer than a moment: who has finished, lost connections, and which peers wait for which. */
function look(run: DemoRun): void {
  const { state, told, options } = run
  const { note } = options.progress
  const finished = finishedLine(state, told.finished, options.scenario.settings.steps)
  if (finished !== null) note(finished)
  if (isHeldUp(state, options.scenario.settings.faults))
    run.ended.resolve({ outcome: 'diverged', failure: null })
  const paint = options.terminal.paint
  const { cohort } = options.files
  const ends = state.reduce((sum, { peer }) => sum + neighboursOf(cohort, peer).length, 0)
  const line = connectionsLine(state, ends / 2)
  const isDue = performance.now() - told.connectionsMs >= changedRepeatMs.connections
  if (line !== told.connections && overview(state).step === 0 && isDue) {
    told.connections = line
    told.connectionsMs = performance.now()
    note(`${((performance.now() - run.startedMs) / 1000).toFixed(1)} s: ${line}`)
  }
  const broken = brokenPairs(state)
  for (const [pair, reason] of broken)
    if (told.suspects.has(pair) && !told.broken.has(pair))
      note(paint('yellow', `peers ${pair} lost their connection (${reason}) and try again`))
  for (const pair of told.broken) if (!broken.has(pair)) note(`peers ${pair} are connected again, or over`)
  told.broken = new Set([...broken.keys()].filter(pair => told.suspects.has(pair)))
  told.suspects = new Set(broken.keys())
  const waiting = waitingLine(state, paint)
  // Peers notice one after the other: a state that still changes is not worth a line yet.
  const isSettled = waiting === told.seen
  told.seen = waiting
  // Who has not started yet is told of by the line on connections.
  if (!isSettled || state.some(({ status }) => status === 'starting')) return
  if (waiting === null && told.waiting === null) return
  const repeatMs = waiting === told.waiting ? waitingRepeatMs : changedRepeatMs.waiting
  if (waiting !== null && performance.now() - told.waitingMs < repeatMs) return
  note(waiting ?? 'going on')
  told.waiting = waiting
  told.waitingMs = performance.now()
}
