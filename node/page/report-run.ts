/**
 * A report (`--report`) as a run: its figures at the end and on the way, without lanes and messages, which reports do not
 * hold. So reports can be laid beside each other, and beside runs.
 */
import { applyEvent, newRun } from './apply.ts'
import { markOf, type RunEvent } from './events.ts'
import { type MarkKind, markKinds, type RunAbout, type RunDocument } from './run.ts'

type Json = Readonly<Record<string, unknown>>

const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const recordOf = (value: unknown): Json => (isRecord(value) ? value : {})
const listOf = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.filter(isRecord) : [])
const numberOf = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const countOf = (value: unknown): number => Math.max(0, Math.trunc(numberOf(value) ?? 0))

/** More peers than any cohort has would only be a way to fill the memory. */
const PEERS_MAX = 1024

/** Null: this is no report that `demo`, `simulate` or `join` of this version writes. */
export function runOfReport(report: unknown): RunDocument | null {
  if (!isRecord(report) || !['demo', 'simulate', 'join'].includes(textOf(report.command))) return null
  const peers = countOf(recordOf(report.cohort).peers)
  if (peers < 1 || peers > PEERS_MAX || !Array.isArray(report.honest)) return null
  const run = newRun(aboutReport(report, peers))
  const within = (peer: unknown) => numberOf(peer) !== null && countOf(peer) < peers
  const endMs = 1000 * (numberOf(report.virtualSeconds) ?? numberOf(report.wallSeconds) ?? 0)
  const honest = listOf(report.honest).filter(({ peer }) => within(peer))
  const events: RunEvent[] = [...honest.flatMap(each => eventsOf(each, countOf(report.steps), endMs))]
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
  const settings = ['model', 'rate', 'momentum', 'batch', 'schedule', 'exchange', 'precision']
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
    settings: [
      ['data', textOf(report.data)],
      ['partition', textOf(report.partition)],
      ...settings.map(name => [name, String(cohort[name] ?? '')] as const),
    ],
  }
}

function eventsOf(honest: Json, steps: number, ms: number): readonly RunEvent[] {
  const peer = countOf(honest.peer)
  const points = listOf(honest.series).flatMap(({ step, accuracy, loss, agreed }): RunEvent[] => {
    const at = { ms, step: countOf(step) }
    return [
      { ...at, kind: 'accuracy', peer, accuracy: numberOf(accuracy) },
      { ...at, kind: 'loss', peer, loss: numberOf(loss) },
      ...(isRecord(agreed)
        ? [{ ...at, kind: 'accuracy' as const, peer: null, accuracy: numberOf(agreed.accuracy) }]
        : []),
    ]
  })
  return [
    ...points,
    { kind: 'accuracy', ms, peer, step: steps, accuracy: numberOf(honest.accuracy) },
    { kind: 'loss', ms, peer, step: steps, loss: numberOf(honest.loss) },
    {
      kind: 'stepped',
      ms,
      peer,
      step: steps,
      traffic: {
        bytesSent: numberOf(honest.bytesSent) ?? 0,
        bytesReceived: numberOf(honest.bytesReceived),
        messages: 0,
      },
    },
    { kind: 'place', ms, peer, status: 'finished', step: steps, phase: 'finished' },
  ]
}

function marksOf(entry: Json, within: (peer: unknown) => boolean): readonly RunEvent[] {
  const kind = textOf(entry.event) as MarkKind
  if (!markKinds.includes(kind) || !Array.isArray(entry.peers)) return []
  const peers = entry.peers.filter(within).map(countOf)
  const ms = 1000 * (numberOf(entry.virtualSeconds) ?? 0)
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
    results: honest.map(({ peer, loss, accuracy, distance, bytesSent }) => ({
      peer: countOf(peer),
      loss: numberOf(loss),
      accuracy: numberOf(accuracy),
      distance: numberOf(distance),
      bytesSent: numberOf(bytesSent),
    })),
    messages: numberOf(report.messages),
    bytes: numberOf(report.bytes),
    trace: textOf(report.trace) || null,
  }
}
