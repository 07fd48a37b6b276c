/** One run of a cohort of real processes, one member of which is silent, or attacks; and what came of it. */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { cohortId } from '../../node/cohort/cohort.ts'
import type { Ending, PeerEvent } from '../../node/daemon/events.ts'
import { freePorts } from '../../node/network/free-ports.ts'
import { type CohortFiles, type CohortSettings, makeCohort } from '../cohort/files.ts'
import { type PeerProcess, startPeer } from '../cohort/processes.ts'
import { separateCores } from './cores.ts'
import type { Attack, AttackerReport, AttackOrder, CohortName, Tally } from './scene.ts'
import { cpuSeconds, peakMegabytes } from './usage.ts'

interface CohortPlan extends CohortSettings {
  readonly peers: number
  /** The member that is silent or attacks: one that opens streams to all, or one that all open streams to. */
  readonly missing: number
}

const plans: Readonly<Record<CohortName, CohortPlan>> = {
  'rb-tm': {
    protocol: 'rb-tm',
    peers: 4,
    faults: 1,
    missing: 0,
    steps: 60,
    model: 'softmax',
    rate: 0.5,
    batch: 32,
    seed: 1,
  },
  mda: {
    protocol: 'mda',
    peers: 7,
    faults: 1,
    missing: 6,
    steps: 40,
    model: 'softmax',
    rate: 0.5,
    batch: 32,
    seed: 1,
  },
}

interface RunOptions {
  readonly cohort: CohortName
  /** Null: the member is silent. */
  readonly attack: Attack | null
  /** An honest peer is killed after a third of the steps and started again. */
  readonly restarts: boolean
  /** Null: as many as the cohort's plan has. */
  readonly steps: number | null
  /** From the time when all listen. */
  readonly deadlineMs: number
}

export interface Run {
  /** Honest ones. */
  readonly peers: number
  readonly finished: number
  /** From the time when all listened until all had finished, or until it was given up. */
  readonly seconds: number
  /** The highest of all honest processes; null where the system does not say. */
  readonly peakMegabytes: number | null
  /** The same, when all had done a tenth of the steps; null where they never had. */
  readonly tenthMegabytes: number | null
  /** CPU time of all honest processes and of the attacker's, from when all listened; null as above. */
  readonly cpuSeconds: number | null
  readonly attackerCpuSeconds: number | null
  /** What one that finished was sent by all others, at most; 0 where none did. */
  readonly receivedBytes: number
  /** The least of those that finished. */
  readonly accuracy: number
  /** The least step that an honest peer has come to. */
  readonly step: number
  readonly steps: number
  /** What must not be: ends of processes, honest peers accused. */
  readonly failures: readonly string[]
  readonly tally: Tally | null
}

interface State {
  readonly options: RunOptions
  readonly plan: CohortPlan
  readonly files: CohortFiles
  readonly honest: readonly number[]
  readonly processes: Map<number, PeerProcess>
  readonly listening: Set<number>
  readonly restarting: Set<number>
  readonly steps: Map<number, number>
  readonly endings: Map<number, Ending>
  readonly peaks: Map<number, number>
  readonly failures: string[]
  readonly wakers: Set<() => void>
  dimension: number
  tenthMegabytes: number | null
  cpuBefore: number | null
  attacker: ChildProcess | null
  /** Something has failed, and what else had to fail has had time to. */
  lost: boolean
  stopping: boolean
  tally: Tally | null
}

const START_DEADLINE_MS = 120_000
const SAMPLE_INTERVAL_MS = 250
/** A process that ends may not be the only one. */
const AFTERMATH_MS = 3000
const FAILURES_MAX = 10

const cores = separateCores()

export async function runHostile(options: RunOptions): Promise<Run> {
  const plan = { ...plans[options.cohort], ...(options.steps !== null && { steps: options.steps }) }
  const { peers, missing, ...settings } = plan
  const ports = await freePorts(peers)
  const files = await makeCohort('hostile', peers, settings, peer => [`/ip4/127.0.0.1/tcp/${ports[peer]}`])
  const honest = Array.from({ length: peers }, (_, peer) => peer).filter(peer => peer !== missing)
  const state: State = {
    options,
    plan,
    files,
    honest,
    failures: [],
    dimension: 0,
    tenthMegabytes: null,
    cpuBefore: null,
    attacker: null,
    tally: null,
    lost: false,
    stopping: false,
    processes: new Map(),
    listening: new Set(),
    restarting: new Set(),
    wakers: new Set(),
    steps: new Map(),
    endings: new Map(),
    peaks: new Map(),
  }
  const sampler = setInterval(() => sample(state), SAMPLE_INTERVAL_MS)
  try {
    for (const peer of honest) start(state, peer)
    await until(state, () => state.listening.size === honest.length, START_DEADLINE_MS)
    const startedMs = performance.now()
    state.cpuBefore = cpuOf(state)
    if (options.attack !== null) attack(state, options.attack, ports)
    const hasFinished = () => honest.every(peer => state.endings.has(peer))
    await Promise.all([until(state, hasFinished, options.deadlineMs), restartOne(state)])
    return summary(state, (performance.now() - startedMs) / 1000)
  } finally {
    clearInterval(sampler)
    await stop(state)
  }
}

async function stop(state: State): Promise<void> {
  const { attacker, processes, files } = state
  state.stopping = true
  attacker?.kill('SIGKILL')
  for (const child of processes.values()) child.kill('SIGKILL')
  await Promise.all([...processes.values()].map(child => child.ended))
  await files.remove()
}

function summary(state: State, seconds: number): Run {
  const { honest, endings, peaks, steps, failures, tally, plan } = state
  const accuracies = [...endings.values()].map(({ accuracy }) => accuracy ?? 0)
  return {
    peers: honest.length,
    finished: endings.size,
    seconds,
    failures,
    tally,
    steps: plan.steps,
    peakMegabytes: highest(peaks),
    tenthMegabytes: state.tenthMegabytes,
    cpuSeconds: difference(cpuOf(state), state.cpuBefore),
    attackerCpuSeconds: state.attacker === null ? null : cpuSeconds(state.attacker.pid ?? 0),
    receivedBytes: Math.max(0, ...[...endings.values()].map(({ traffic }) => traffic.bytesReceived)),
    accuracy: Math.min(...accuracies),
    step: Math.min(...honest.map(peer => steps.get(peer) ?? 0)),
  }
}

/** Of the honest processes that run; one that was killed and started again counts from its start. */
function cpuOf({ processes }: State): number | null {
  const all = [...processes.values()].map(({ pid }) => cpuSeconds(pid))
  return all.some(seconds => seconds === null) ? null : all.reduce<number>((sum, one) => sum + one!, 0)
}

const difference = (late: number | null, early: number | null) =>
  late === null || early === null ? null : late - early

function highest(peaks: ReadonlyMap<number, number>): number | null {
  return peaks.size === 0 ? null : Math.max(...peaks.values())
}

function start(state: State, peer: number): void {
  const { files } = state
  const child = startPeer({
    inside: cores.honest,
    args: [
      ...['--cohort', files.cohortPath, '--identity', files.identityPaths[peer]!, '--data', 'digits'],
      ...['--state', join(files.folder, `state-${peer}`), '--no-mdns', '--linger', '600'],
    ],
    onEvent: event => see(state, peer, event),
  })
  state.processes.set(peer, child)
  void child.ended.then(({ code, signal, lastWords }) => {
    // Restarted and stopped peers end by our own hand.
    if (signal === 'SIGKILL' && (state.restarting.has(peer) || state.stopping)) return
    const last = lastWords.split('\n').findLast(line => /^\w*Error\b/.test(line)) ?? lastWords.slice(-200)
    fail(state, `peer ${peer} ended with ${signal ?? code}: ${last.trim()}`)
  })
}

function see(state: State, peer: number, event: PeerEvent): void {
  if (event.kind === 'listening') {
    state.listening.add(peer)
    state.dimension = event.dimension
  } else if (event.kind === 'step') state.steps.set(peer, event.step)
  else if (event.kind === 'finished') state.endings.set(peer, event.ending)
  else if (event.kind === 'failed') fail(state, `peer ${peer}: ${event.message}`)
  else if (event.kind === 'evidence' && event.peer !== state.plan.missing)
    fail(state, `peer ${peer} holds a proof against peer ${event.peer}, who is honest`)
  wake(state)
}

/** The highest honest index: the one that every other honest peer dials. */
async function restartOne(state: State): Promise<void> {
  const { options, plan, honest, steps } = state
  if (!options.restarts) return
  const victim = honest.at(-1)!
  const third = () => honest.every(peer => (steps.get(peer) ?? 0) >= plan.steps / 3)
  await until(state, third, options.deadlineMs)
  if (!third()) return
  state.restarting.add(victim)
  state.endings.delete(victim)
  state.processes.get(victim)!.kill('SIGKILL')
  await state.processes.get(victim)!.ended
  state.restarting.delete(victim)
  start(state, victim)
}

function attack(state: State, { name }: Attack, ports: readonly number[]): void {
  const { honest, plan, files, dimension } = state
  const victims = honest.map(peer => ({ peer, host: '127.0.0.1', port: ports[peer]! }))
  const child = fork(new URL('attacker.ts', import.meta.url), { serialization: 'advanced' })
  state.attacker = child
  if (child.pid !== undefined) cores.place(child.pid)
  const order: AttackOrder = {
    attack: name,
    scene: {
      victims,
      seed: files.identities[plan.missing]!.seed,
      self: plan.missing,
      dimension,
      cohortId: cohortId(files.cohort),
      peers: plan.peers,
      steps: plan.steps,
    },
  }
  child.on('message', report => {
    const said = report as AttackerReport
    if (said.kind === 'ready') child.send(order)
    else state.tally = said
  })
  child.on('exit', code => {
    fail(state, `the attack itself ended with ${code}`)
  })
}

function sample(state: State): void {
  const { processes, peaks, honest, steps, plan } = state
  for (const [peer, child] of processes) {
    const megabytes = child.hasEnded() ? null : peakMegabytes(child.pid)
    if (megabytes !== null) peaks.set(peer, Math.max(peaks.get(peer) ?? 0, megabytes))
  }
  if (honest.every(peer => (steps.get(peer) ?? 0) >= plan.steps / 10)) state.tenthMegabytes ??= highest(peaks)
}

/** Until the condition holds, the run is lost, or the time is up. */
function until(state: State, condition: () => boolean, deadlineMs: number): Promise<void> {
  return new Promise(resolve => {
    const look = (): void => {
      if (!state.lost && !condition()) return
      done()
    }
    const done = (): void => {
      clearTimeout(timer)
      state.wakers.delete(look)
      resolve()
    }
    const timer = setTimeout(done, deadlineMs)
    state.wakers.add(look)
    look()
  })
}

function fail(state: State, reason: string): void {
  if (state.stopping || state.failures.length >= FAILURES_MAX) return
  state.failures.push(reason)
  if (state.failures.length > 1) return
  setTimeout(() => {
    state.lost = true
    wake(state)
  }, AFTERMATH_MS)
}

function wake({ wakers }: State): void {
  for (const look of [...wakers]) look()
}
