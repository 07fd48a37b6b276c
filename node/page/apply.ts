/**
 * Builds the document of a run from its events, in the program that runs it and in the browser alike. A document is
 * bounded: of what grows with the run the older part is thinned out, and the document says so.
 */
import type { RunEvent, TrafficNow } from './events.ts'
import { addMessages, seconds } from './messages.ts'
import {
  type LinkState,
  type PeerPlace,
  type Plane,
  type PlanePoint,
  RUN_FORMAT,
  RUN_VERSION,
  type RunAbout,
  type RunDocument,
  type StepRow,
} from './run.ts'

/** The most that a document keeps, by what it is. */
export const KEPT = {
  messages: 100_000,
  marks: 40_000,
  planes: 1500,
  weights: 14_000,
  steps: 4000,
  faults: 4000,
  notes: 200,
} as const

/** A run that has not begun. */
export function newRun(about: RunAbout): RunDocument {
  const peers = about.peers.length
  return {
    format: RUN_FORMAT,
    version: RUN_VERSION,
    about,
    state: 'running',
    ms: 0,
    events: 0,
    peers: Array.from({ length: peers }, newPlace),
    links: Array.from({ length: peers }, () => Array.from({ length: peers }, () => null)),
    steps: [],
    planes: [],
    weights: [],
    messages: { dropped: 0, rows: [], slots: [], digests: [] },
    marks: [],
    paths: null,
    faults: [],
    evidence: [],
    ghost: null,
    end: null,
    thinned: {},
    notes: [],
  }
}

function newPlace(): PeerPlace {
  return {
    status: 'starting',
    why: null,
    step: 0,
    phase: null,
    iteration: null,
    sinceMs: 0,
    waiting: null,
    caughtUp: 0,
    bytesSent: 0,
    bytesReceived: null,
    messagesSent: 0,
    loss: null,
    accuracy: null,
  }
}

/** Changes the document by one event. Documents to which the same events are applied, in order, are equal. */
export function applyEvent(run: RunDocument, event: RunEvent): void {
  run.events++
  run.ms = Math.max(run.ms, timeOf(event))
  switch (event.kind) {
    case 'place':
      moved(run, event)
      break
    case 'waiting':
      run.peers[event.peer]!.waiting = event.waiting
      break
    case 'caught-up':
      run.peers[event.peer]!.caughtUp++
      break
    case 'link':
      linked(run, event)
      break
    case 'links':
      carried(run, event)
      break
    case 'loss':
      stepOf(run, event.step).losses[event.peer] = event.loss
      run.peers[event.peer]!.loss = event.loss
      break
    case 'accuracy':
      judged(run, event)
      break
    case 'contraction':
      stepOf(run, event.step)[event.phase] = event.contraction
      break
    case 'stepped':
      stepped(run, event)
      break
    case 'traffic':
      carriedBy(run, event.peer, event.traffic)
      break
    case 'plane':
      seen(run, event)
      break
    case 'messages':
      addMessages(run, event.batch, KEPT.messages)
      break
    case 'since':
      run.thinned.since ??= `Lanes, messages and received vectors are shown from ${seconds(event.ms)} on: before, nobody looked.`
      break
    case 'paths':
      run.paths = event.paths
      break
    case 'ghost':
      run.ghost ??= { label: event.label, rows: [], accuracy: null }
      if (event.row !== null) run.ghost.rows.push(event.row)
      run.ghost.accuracy = event.accuracy ?? run.ghost.accuracy
      break
    default:
      listed(run, event)
  }
}

/** The events that only add a line to a list, and those that end the run. */
function listed(
  run: RunDocument,
  event: Extract<RunEvent, { kind: 'mark' | 'fault' | 'evidence' | 'note' | 'end' | 'broken' }>,
): void {
  switch (event.kind) {
    case 'mark':
      run.marks.push(event.mark)
      if (run.marks.length <= KEPT.marks) return
      run.marks = run.marks.slice(KEPT.marks >> 2)
      run.thinned.marks = `What the lanes show begins at ${seconds(run.marks[0]!.ms)}.`
      break
    case 'fault':
      run.faults.push(event.fault)
      if (run.faults.length <= KEPT.faults) return
      run.faults = run.faults.slice(KEPT.faults >> 2)
      run.thinned.faults = `Counts of faults before ${seconds(run.faults[0]!.ms)} are not kept one by one.`
      break
    case 'evidence':
      if (run.evidence.length < KEPT.faults) run.evidence.push(event.evidence)
      break
    case 'note':
      run.notes.push({ ms: event.ms, text: event.text })
      if (run.notes.length > KEPT.notes) run.notes.shift()
      break
    case 'end':
      run.end = event.end
      run.state = 'ended'
      break
    case 'broken':
      if (run.state !== 'running') return
      run.state = 'broken'
      run.notes.push({ ms: event.ms, text: event.why })
      break
  }
}

function timeOf(event: RunEvent): number {
  switch (event.kind) {
    case 'mark':
      return event.mark.ms
    case 'fault':
      return event.fault.ms
    case 'evidence':
      return event.evidence.ms
    case 'end':
      return event.end.ms
    default:
      return event.ms
  }
}

function moved(run: RunDocument, event: Extract<RunEvent, { kind: 'place' }>): void {
  const place = run.peers[event.peer]!
  const { status, why, step, phase, iteration } = event
  if (status !== undefined) place.status = status
  if (why !== undefined) place.why = why
  if (status === 'down' || status === 'finished' || status === 'failed') place.waiting = null
  if (step === undefined && phase === undefined && iteration === undefined) return
  place.step = step ?? place.step
  if (phase !== undefined) place.phase = phase
  place.iteration = iteration ?? null
  place.sinceMs = event.ms
}

function linked(
  run: RunDocument,
  { from, to, ms, connected, reason }: Extract<RunEvent, { kind: 'link' }>,
): void {
  // A peer that is done leaves: that says nothing of the run.
  if (!connected && [from, to].some(peer => run.peers[peer]!.status === 'finished')) return
  const before = run.links[from]![to]
  const link = before ?? newLink()
  run.links[from]![to] = { ...link, connected, reason, sinceMs: ms }
}

function newLink(): LinkState {
  return { connected: false, sinceMs: 0, reason: null, lag: null, bytes: 0, bytesPerSecond: null }
}

interface Told {
  readonly ms: number
  readonly bytes: readonly (number | null)[]
}

/** By peer: the bytes of its links a while ago; beside the document, because only rates need it. */
const told = new WeakMap<RunDocument, Told[]>()

/** Over less time no rate is told. */
const RATE_MS = 100

function carried(run: RunDocument, event: Extract<RunEvent, { kind: 'links' }>): void {
  const { ms, peer, bytes, lags } = event
  const before = told.get(run) ?? []
  told.set(run, before)
  const { ms: sinceMs, bytes: old } = before[peer] ?? { ms: 0, bytes: [] }
  const isDue = ms - sinceMs >= RATE_MS
  if (isDue) before[peer] = { ms, bytes }
  for (const [to, sent] of bytes.entries()) {
    if (to === peer) continue
    const link = run.links[peer]![to] ?? newLink()
    run.links[peer]![to] = link
    if (sent !== null && isDue)
      link.bytesPerSecond = Math.round((1000 * (sent - (old[to] ?? 0))) / (ms - sinceMs))
    link.bytes = sent ?? link.bytes
    link.lag = lags?.[to] ?? link.lag
  }
}

/** The row of a step, which is made where there is none. Rows are in order of their steps. */
function stepOf(run: RunDocument, step: number): StepRow {
  const { steps } = run
  let at = steps.length
  while (at > 0 && steps[at - 1]!.step > step) at--
  if (steps[at - 1]?.step === step) return steps[at - 1]!
  const none = () => run.peers.map(() => null)
  const row: StepRow = {
    step,
    ms: null,
    loss: null,
    losses: none(),
    accuracies: none(),
    agreedAccuracy: null,
    gradient: null,
    parameters: null,
    bytes: none(),
  }
  steps.splice(at, 0, row)
  if (steps.length > KEPT.steps) {
    run.steps = halved(steps)
    run.thinned.steps = `Of the first ${run.steps[run.steps.length >> 1]!.step} steps not all are kept.`
  }
  return row
}

/** Every second of the older half, and all of the newer. The newest is always kept. */
function halved<T>(rows: readonly T[]): T[] {
  const half = rows.length >> 1
  return rows.filter((_, i) => i >= half || i % 2 === 0)
}

function judged(run: RunDocument, event: Extract<RunEvent, { kind: 'accuracy' }>): void {
  const row = stepOf(run, event.step)
  if (event.peer === null) row.agreedAccuracy = event.accuracy
  else {
    row.accuracies[event.peer] = event.accuracy
    run.peers[event.peer]!.accuracy = event.accuracy
  }
}

function stepped(
  run: RunDocument,
  { ms, peer, step, traffic }: Extract<RunEvent, { kind: 'stepped' }>,
): void {
  const row = stepOf(run, step)
  const isHonest = run.about.peers[peer]!.honest !== false
  if (isHonest) row.ms = Math.max(row.ms ?? 0, ms)
  const known = row.losses.filter((loss, other): loss is number => loss !== null && isOf(run, other))
  row.loss = known.length === 0 ? null : known.reduce((a, b) => a + b, 0) / known.length
  if (traffic === null) return
  row.bytes[peer] = traffic.bytesSent
  carriedBy(run, peer, traffic)
}

function carriedBy(run: RunDocument, peer: number, traffic: TrafficNow): void {
  const { bytesSent, bytesReceived, messages } = traffic
  Object.assign(run.peers[peer]!, { bytesSent, bytesReceived, messagesSent: messages })
}

function isOf({ about }: RunDocument, peer: number): boolean {
  return about.peers[peer]!.honest !== false
}

function seen(run: RunDocument, { observer, plane }: Extract<RunEvent, { kind: 'plane' }>): void {
  const { step, phase, iteration } = plane
  if (isAlone(run)) weighed(run, observer, iteration, plane)
  else if (phase === 'gradient' && iteration === 0) weighed(run, observer, step, plane)
  const isSame = (other: Plane) =>
    other.step === step &&
    other.phase === phase &&
    other.iteration === iteration &&
    areSame(other.points, plane.points)
  for (let at = run.planes.length - 1; at >= 0; at--) {
    const other = run.planes[at]!
    if (other.step < step - NEAR_STEPS) break
    if (!isSame(other)) continue
    if (!other.observers.includes(observer)) other.observers.push(observer)
    return
  }
  run.planes.push({ ...plane, observers: [observer] })
  if (run.planes.length <= KEPT.planes) return
  run.planes = everySecondStep(run.planes)
  run.thinned.planes = 'Of earlier steps not all received vectors are kept.'
}

function areSame(some: readonly PlanePoint[], others: readonly PlanePoint[]): boolean {
  return some.length === others.length && some.every((one, at) => isSamePoint(one, others[at]!))
}

function isSamePoint(one: PlanePoint, other: PlanePoint): boolean {
  return (
    one.from === other.from &&
    one.x === other.x &&
    one.y === other.y &&
    one.fate === other.fate &&
    one.weight === other.weight &&
    one.low === other.low &&
    one.high === other.high
  )
}

/** Peers of one run are seldom further apart. */
const NEAR_STEPS = 2

/** Of the older half of the steps, every second one of those that are left. */
function everySecondStep(planes: readonly Plane[]): Plane[] {
  const steps = [...new Set(planes.map(({ step }) => step))].sort((a, b) => a - b)
  const kept = new Set(halved(steps))
  return planes.filter(({ step }) => kept.has(step))
}

/** Whether this is an averaging agreement alone, of given vectors: it has iterations and no steps. */
export function isAlone({ about }: RunDocument): boolean {
  return about.command === 'agree'
}

function weighed(
  run: RunDocument,
  observer: number,
  step: number,
  { points }: Omit<Plane, 'observers'>,
): void {
  const weights: (number | null)[] = run.peers.map(() => null)
  for (const { from, weight } of points) weights[from] = weight
  run.weights.push({ step, observer, weights })
  if (run.weights.length <= KEPT.weights) return
  const steps = [...new Set(run.weights.map(({ step }) => step))].sort((a, b) => a - b)
  const kept = new Set(halved(steps))
  run.weights = run.weights.filter(({ step }) => kept.has(step))
  run.thinned.weights = 'Of earlier steps not all weights are kept.'
}
