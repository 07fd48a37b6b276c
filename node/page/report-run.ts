/**
 * A report (`--report`) as a run: its figures at the end and on the way, without lanes and messages, which reports do not
 * hold. So reports can be laid beside each other, and beside runs.
 */
import { applyEvent, newRun } from './apply.ts'
import { PEERS_MAX } from './check-run.ts'
import { MS_MAX } from './check-value.ts'
import { markOf, type RunEvent } from './events.ts'
import { type MarkKind, markKinds, type RunAbout, type RunDocument } from './run.ts'

type Json = Readonly<Record<string, unknown>>

const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const recordOf = (value: unknown): Json => (isRecord(value) ? value : {})
const listOf = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.filter(isRecord) : [])
const numberOf = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null
const msOf = (seconds: unknown): number => Math.min(1000 * Math.abs(numberOf(seconds) ?? 0), MS_MAX)
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const countOf = (value: unknown): number =>
  Math.min(Math.max(0, Math.trunc(numberOf(value) ?? 0)), Number.MAX_SAFE_INTEGER)
/** What a setting is as text; no setting of a report is a list or an object. */
const settingOf = (value: unknown): string =>
  ['string', 'number', 'boolean'].includes(typeof value) ? String(value).slice(0, SETTING_MAX) : ''

const SETTING_MAX = 1000

/** A row of the document for each step has a place for each peer: more would only be a way to fill the memory. */
const PLACES_MAX = 1_000_000

const reports: readonly unknown[] = ['demo', 'simulate', 'join']

/** What is wrong with a report, as the end of a sentence; null: nothing is, or it is no report at all. */
export function wrongInReport(report: unknown): string | null {
  if (!isRecord(report) || !reports.includes(report.command)) return null
  const peers = recordOf(report.cohort).peers
  if (!Number.isInteger(peers) || Number(peers) < 1 || Number(peers) > PEERS_MAX)
    return `in its report "cohort.peers" is not a number of peers; expected a whole number from 1 to ${PEERS_MAX}`
  if (!Array.isArray(report.honest))
    return 'in its report "honest" is not a list; expected the results of the honest peers'
  const steps = new Set<number>()
  let points = 0
  for (const { series } of listOf(report.honest))
    for (const { step } of listOf(series)) {
      points++
      steps.add(countOf(step))
    }
  if (points <= PLACES_MAX && steps.size * Number(peers) <= PLACES_MAX) return null
  return `its report has figures of ${Math.max(points, steps.size)} steps of ${peers} peers; expected at most ${PLACES_MAX} (steps × peers)`
}

/** Null: this is no report that `demo`, `simulate` or `join` of this version writes. */
export function runOfReport(report: unknown): RunDocument | null {
  if (!isRecord(report) || wrongInReport(report) !== null || !reports.includes(report.command)) return null
  const peers = countOf(recordOf(report.cohort).peers)
  const run = newRun(aboutReport(report, peers))
  const within = (peer: unknown) => Number.isInteger(peer) && countOf(peer) === peer && peer < peers
  const endMs = msOf(numberOf(report.virtualSeconds) ?? report.wallSeconds)
  const honest = listOf(report.honest).filter(({ peer }) => within(peer))
  // A row of a step is found at once where steps come in order.
  const points = honest.flatMap(each => pointsOf(each, endMs)).sort((a, b) => a.step - b.step)
  const events: RunEvent[] = [...points]
  for (const each of honest) events.push(...lastOf(each, countOf(report.steps), endMs))
  for (const entry of listOf(report.timeline)) events.push(...marksOf(entry, within))
  for (const { peer, kind, count } of listOf(report.faults)) {
    const about = within(peer) ? countOf(peer) : null
    // A report counts what all honest peers saw, so no one of them is named.
    const row = { ms: endMs, step: null, observer: -1, peer: about, kind: textOf(kind), detail: null }
    events.push({ kind: 'fault', fault: { ...row, count: countOf(count) } })
  }
  for (const event of events) applyEvent(run, event)
  applyEvent(run, { kind: 'end', end: endOf(report, honest, endMs) })
  return run
}

function aboutReport(report: Json, peers: number): RunAbout {
  const cohort = recordOf(report.cohort)
  const byzantine = recordOf(report.byzantine)
  const liars = Array.isArray(byzantine.peers) ? byzantine.peers : []
  const attack = textOf(byzantine.attack) || null
  const command = textOf(report.command)
  return {
    command,
    title: `${command}: ${textOf(cohort.protocol)}, ${peers} peers${attack === null ? '' : `, ${attack}`}`,
    software: '',
    startedMs: null,
    clock: numberOf(report.virtualSeconds) === null ? 'real' : 'virtual',
    cohort: textOf(cohort.id) || null,
    protocol: textOf(cohort.protocol),
    synchrony: textOf(cohort.synchrony),
    maxFaulty: countOf(cohort.faults),
    peers: Array.from({ length: peers }, (_, peer) => {
      const lies = liars.includes(peer)
      return { name: `peer ${peer}`, id: null, honest: !lies, attack: lies ? attack : null }
    }),
    self: null,
    steps: countOf(cohort.steps),
    dimension: null,
    seed: numberOf(report.seed),
    settings: settingsOf(report, cohort),
  }
}

const settingNames = ['model', 'rate', 'momentum', 'batch', 'schedule', 'exchange', 'precision', 'quorum']

/** Those that the report has. */
function settingsOf(report: Json, cohort: Json): RunAbout['settings'] {
  const all: RunAbout['settings'] = [
    ['data', textOf(report.data)],
    ['partition', textOf(report.partition)],
    ...settingNames.map(name => [name, settingOf(cohort[name])] as const),
    ['gradient rule', settingOf(cohort.gradientRule)],
  ]
  return all.filter(([, value]) => value !== '')
}

type Point = Extract<RunEvent, { kind: 'accuracy' | 'loss' }>

function pointsOf(honest: Json, ms: number): readonly Point[] {
  const peer = countOf(honest.peer)
  return listOf(honest.series).flatMap(({ step, accuracy, loss, agreed }): Point[] => {
    const at = { ms, step: countOf(step) }
    return [
      { ...at, kind: 'accuracy', peer, accuracy: numberOf(accuracy) },
      { ...at, kind: 'loss', peer, loss: numberOf(loss) },
      ...(isRecord(agreed)
        ? [{ ...at, kind: 'accuracy' as const, peer: null, accuracy: numberOf(agreed.accuracy) }]
        : []),
    ]
  })
}

function lastOf(honest: Json, steps: number, ms: number): readonly RunEvent[] {
  const peer = countOf(honest.peer)
  const traffic = {
    bytesSent: numberOf(honest.bytesSent) ?? 0,
    bytesReceived: numberOf(honest.bytesReceived),
    messages: 0,
  }
  return [
    { kind: 'accuracy', ms, peer, step: steps, accuracy: numberOf(honest.accuracy) },
    { kind: 'loss', ms, peer, step: steps, loss: numberOf(honest.loss) },
    { kind: 'stepped', ms, peer, step: steps, traffic },
    { kind: 'place', ms, peer, status: 'finished', step: steps, phase: 'finished' },
  ]
}

function marksOf(entry: Json, within: (peer: unknown) => boolean): readonly RunEvent[] {
  const kind = textOf(entry.event) as MarkKind
  if (!markKinds.includes(kind) || !Array.isArray(entry.peers)) return []
  const peers = entry.peers.filter(within).map(countOf)
  const ms = msOf(entry.virtualSeconds)
  const step = countOf(entry.step)
  if (kind === 'partition' || kind === 'reconnect') return [markOf({ ms, peer: -1, kind, step, peers })]
  return peers.map(peer => markOf({ ms, peer, kind, step }))
}

function endOf(report: Json, honest: readonly Json[], ms: number): NonNullable<RunDocument['end']> {
  const violations = Array.isArray(report.violations) ? report.violations.map(textOf) : []
  return {
    ms,
    outcome: textOf(report.outcome),
    sentences: [],
    violations,
    results: honest.map(({ peer, loss, accuracy, distance, bytesSent, bytesReceived }) => ({
      peer: countOf(peer),
      loss: numberOf(loss),
      accuracy: numberOf(accuracy),
      distance: numberOf(distance),
      bytesSent: numberOf(bytesSent),
      bytesReceived: numberOf(bytesReceived),
    })),
    messages: numberOf(report.messages),
    bytes: numberOf(report.bytes),
    wallSeconds: numberOf(report.wallSeconds),
    learningSeconds: numberOf(report.learningSeconds),
    trace: textOf(report.trace) || null,
  }
}
