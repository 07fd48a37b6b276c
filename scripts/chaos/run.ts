/** One run of a cohort of real processes under a kind of injected fault, and its result. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ProtocolName } from '../../agreement/bounds.ts'
import type { ExchangeForm } from '../../learning/learn-contract.ts'
import type { RandomStream } from '../../learning/random.ts'
import type { Ending, PeerEvent } from '../../node/daemon/events.ts'
import { EXTERNAL_MODEL } from '../../node/oracle/open.ts'
import { type CohortFiles, makeCohort } from '../cohort/files.ts'
import { type PeerProcess, startPeer } from '../cohort/processes.ts'

type ChaosFault =
  | { readonly kind: 'none' }
  /** From time to time a random peer is killed, and started again before the next one. */
  | { readonly kind: 'kills'; readonly everyMs: number; readonly random: RandomStream }
  /** f + 1 peers are killed at once, and stay away until the others have reported which peers they wait for. */
  | { readonly kind: 'outage' }

interface ChaosOptions {
  readonly peers: number
  readonly steps: number
  readonly data: string
  readonly protocol: ProtocolName
  readonly exchange: ExchangeForm
  /** Vectors of so many coordinates, from an oracle that costs nothing; null: a small model on `data`. */
  readonly dimension: number | null
  readonly fault: ChaosFault
}

export interface ChaosRun {
  readonly peers: number
  readonly finished: number
  /** The least accuracy of all peers; NaN where the oracle has none. */
  readonly accuracy: number
  /** The greatest loss of all peers. */
  readonly loss: number
  /** The most memory that a peer ever had, in any of its lives. */
  readonly peakBytes: number
  readonly kills: number
  /** Restarted peers that found their place by asking, more than two steps ahead of where they stopped. */
  readonly laggards: number
  /** Peers against which another holds a proof. All of them are honest. */
  readonly evidence: number
  readonly accusations: number
  readonly saidWhom: boolean
  readonly stoodStill: boolean
  readonly failures: readonly string[]
  readonly seconds: number
}

interface State {
  readonly options: ChaosOptions
  readonly files: CohortFiles
  readonly processes: (PeerProcess | null)[]
  readonly down: Set<number>
  readonly steps: number[]
  readonly endings: (Ending | null)[]
  readonly accused: Set<number>
  readonly waitedFor: Set<number>
  readonly failures: string[]
  readonly wakers: Set<() => void>
  accusations: number
  kills: number
  laggards: number
  stoodStill: boolean
  peakBytes: number
}

/** `f` of the cohort. */
const MAX_FAULTY = 1
const FIRST_PORT = 23_100
const DEADLINE_MS = 20 * 60_000
const QUADRATIC_ORACLE = fileURLToPath(new URL('../bench/quadratic_oracle.py', import.meta.url))

export async function runCohort(options: ChaosOptions): Promise<ChaosRun> {
  const { peers, steps, protocol, exchange, dimension } = options
  const model = dimension === null ? 'mlp' : EXTERNAL_MODEL
  const files = await makeCohort(
    'chaos',
    peers,
    { protocol, exchange, faults: MAX_FAULTY, model, rate: 0.5, batch: 64, seed: 1, clip: 2, steps },
    peer => [`/ip4/127.0.0.1/tcp/${FIRST_PORT + peer}`],
  )
  const all = Array.from({ length: peers }, (_, peer) => peer)
  const state: State = {
    options,
    files,
    down: new Set(),
    accused: new Set(),
    waitedFor: new Set(),
    failures: [],
    wakers: new Set(),
    accusations: 0,
    kills: 0,
    laggards: 0,
    stoodStill: false,
    peakBytes: 0,
    processes: all.map(() => null),
    steps: all.map(() => 0),
    endings: all.map(() => null),
  }
  const startedMs = performance.now()
  const timer = setTimeout(() => fail(state, 'out of time'), DEADLINE_MS)
  try {
    for (const peer of all) start(state, peer)
    const done = until(state, () => all.every(peer => state.endings[peer] !== null))
    await Promise.all([done, inject(state)])
  } finally {
    clearTimeout(timer)
    for (const child of state.processes) child?.kill('SIGTERM')
    await Promise.all(state.processes.map(child => child?.ended))
    await files.remove()
  }
  return summary(state, (performance.now() - startedMs) / 1000)
}

function summary(state: State, seconds: number): ChaosRun {
  const { options, endings, accused, accusations, kills, laggards, waitedFor, stoodStill, failures } = state
  const ended = endings.flatMap(ending => (ending === null ? [] : [ending]))
  return {
    peers: options.peers,
    finished: ended.length,
    kills,
    laggards,
    accusations,
    stoodStill,
    failures,
    seconds,
    peakBytes: state.peakBytes,
    loss: Math.max(...ended.map(({ loss }) => loss)),
    accuracy: Math.min(...ended.map(({ accuracy }) => accuracy ?? Number.NaN)),
    evidence: accused.size,
    saidWhom: waitedFor.has(0) && waitedFor.has(1),
  }
}

function start(state: State, peer: number): void {
  const { files, options } = state
  const child = startPeer({
    args: [
      ...['--cohort', files.cohortPath, '--identity', files.identityPaths[peer]!],
      ...learntBy(options),
      ...['--state', join(files.folder, `state-${peer}`), '--no-mdns', '--linger', '600'],
    ],
    onEvent: event => see(state, peer, event),
  })
  state.processes[peer] = child
  state.down.delete(peer)
  void child.ended.then(({ code, signal, lastWords }) => {
    if (state.processes[peer] !== child || signal === 'SIGKILL' || state.endings[peer] !== null) return
    if (state.failures.length === 0 && signal === null)
      fail(state, `peer ${peer} ended with ${code}: ${lastWords}`)
  })
}

function learntBy({ data, dimension }: ChaosOptions): readonly string[] {
  if (dimension === null) return ['--data', data]
  return ['--oracle', `python3 "${QUADRATIC_ORACLE}"`, '--data', String(dimension)]
}

async function kill(state: State, peer: number): Promise<void> {
  const child = state.processes[peer]!
  state.kills++
  state.down.add(peer)
  child.kill('SIGKILL')
  await child.ended
}

function see(state: State, peer: number, event: PeerEvent): void {
  if (state.down.has(peer)) return
  if (event.kind === 'step') {
    if (event.step > state.steps[peer]! + 2 && state.steps[peer]! > 0) state.laggards++
    state.steps[peer] = event.step
    state.peakBytes = Math.max(state.peakBytes, event.memory.peakBytes)
  } else if (event.kind === 'finished') state.endings[peer] = event.ending
  else if (event.kind === 'failed') fail(state, `peer ${peer}: ${event.message}`)
  else if (event.kind === 'waiting') for (const missing of event.missing) state.waitedFor.add(missing)
  else if (event.kind === 'fault' && event.fault.peer !== null) {
    state.accusations++
    if (event.fault.kind === 'equivocation') state.accused.add(event.fault.peer)
    state.failures.push(
      `peer ${peer} accuses peer ${event.fault.peer} of ${event.fault.kind} ${event.detail ?? ''}`,
    )
  }
  wake(state)
}

async function inject(state: State): Promise<void> {
  const { fault, steps, peers } = state.options
  if (fault.kind === 'kills') await killNowAndThen(state, fault, peers)
  if (fault.kind !== 'outage') return
  await until(state, () => state.steps.every(step => step >= Math.min(10, steps / 4)))
  await Promise.all([kill(state, 0), kill(state, 1)])
  const rest = Array.from({ length: peers - 2 }, (_, i) => i + 2)
  await until(state, () => state.waitedFor.has(0) && state.waitedFor.has(1))
  const before = rest.map(peer => state.steps[peer]!)
  await pause(2000)
  state.stoodStill = rest.every((peer, i) => state.steps[peer] === before[i])
  start(state, 0)
  start(state, 1)
}

/** Never more than f peers are down at once: the next one is killed only when the last one makes steps again. */
async function killNowAndThen(
  state: State,
  { everyMs, random }: Extract<ChaosFault, { kind: 'kills' }>,
  peers: number,
): Promise<void> {
  await until(state, () => state.steps.every(step => step > 0))
  const over = () => state.endings.some(ending => ending !== null) || state.failures.length > 0
  while (!over()) {
    await pause(everyMs * (0.5 + random.uniform()))
    if (over()) return
    const victim = random.integer(peers)
    await kill(state, victim)
    await pause(everyMs * random.uniform())
    const before = state.steps[victim]!
    start(state, victim)
    await until(state, () => state.steps[victim]! > before || state.endings[victim] !== null || over())
  }
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}

/** Waits until the condition holds, or the run has failed. */
function until(state: State, condition: () => boolean): Promise<void> {
  return new Promise(resolve => {
    const look = () => {
      const broken = state.failures.length > 0
      if (!broken && !condition()) return
      state.wakers.delete(look)
      resolve()
    }
    state.wakers.add(look)
    look()
  })
}

function fail(state: State, reason: string): void {
  state.failures.push(reason)
  wake(state)
}

function wake({ wakers }: State): void {
  for (const look of [...wakers]) look()
}
