/** The live fuzz: all layers at once against one peer, which must live, listen, and not grow. */
import { setTimeout as sleep } from 'node:timers/promises'
import { randomStream } from '../../../learning/random.ts'
import type { Memory } from '../../cohort/measure.ts'
import { HAS_MANY_SOURCES, type Layer, layers } from './layers.ts'
import { startVictim, type Victim } from './victim.ts'

interface LayerResult {
  readonly name: string
  readonly unit: string
  readonly inputs: number
  readonly connections: number
  readonly refused: number
}

interface LiveResult {
  readonly layers: readonly LayerResult[]
  readonly inputs: number
  readonly seconds: number
  /** How often a member that behaves was let in. */
  readonly probes: number
  /** Of the peer's process, after a tenth of the inputs and at the end; null if it does not report. */
  readonly memory: { readonly early: Memory | null; readonly late: Memory | null }
  /** What went wrong; must be empty. */
  readonly findings: readonly string[]
}

interface LiveOptions {
  readonly inputs: number
  readonly seed: number
  readonly secondsMax: number
  readonly progress?: (line: string) => void
}

/** A member may connect again after five seconds: as often is looked whether the peer still listens. */
const PROBE_INTERVAL_MS = 6000
/** How long a layer waits for the others. */
const AHEAD_MS = 20
/** How long an attacker that is not let in waits: its member has connected too often. */
const REFUSED_MS = 300
/**
 * Where attackers share the address of the member that behaves, each waits so long before a connection: all of them
 * together then begin fewer handshakes than a peer allows an address, even if each is one that counts for ten.
 */
const SHARED_SOURCE_MS = 3000
/** Inputs of one connection, and how far, of its share, a layer may be before the slowest one. */
const CONNECTION_INPUTS_MAX = 5000
const AHEAD_MAX = 0.05
/** The memory in use varies with the open connections, by less than this. */
const GROWTH_BYTES_MAX = 24 * 2 ** 20

interface State {
  readonly victim: Victim
  readonly options: LiveOptions
  readonly deadlineMs: number
  readonly counts: Map<Layer, { inputs: number; connections: number; refused: number }>
  readonly findings: string[]
}

export async function liveFuzz(options: LiveOptions): Promise<LiveResult> {
  const victim = await startVictim()
  try {
    return await course(victim, options)
  } finally {
    await victim.stop()
  }
}

async function course(victim: Victim, options: LiveOptions): Promise<LiveResult> {
  const startedMs = performance.now()
  const zero = () => ({ inputs: 0, connections: 0, refused: 0 })
  const counts: State['counts'] = new Map(layers.map(layer => [layer, zero()]))
  const deadlineMs = startedMs + 1000 * options.secondsMax
  const state: State = { victim, options, deadlineMs, counts, findings: [] }
  const watching = watch(state, startedMs)
  const workers = layers.flatMap(layer =>
    Array.from({ length: layer.workers }, (_, worker) => work(state, layer, worker)),
  )
  await Promise.all(workers)
  const { probes, early } = await watching.stop()
  const late = await victim.measure()
  const grown = (late?.liveBytes ?? 0) - (early?.liveBytes ?? 0)
  if (early !== null && grown > GROWTH_BYTES_MAX)
    state.findings.push(`what is alive grew by ${Math.round(grown / 2 ** 20)} MB after the first tenth`)
  return {
    layers: [...counts].map(([{ name, unit }, { inputs, connections, refused }]) => ({
      name,
      unit,
      inputs,
      connections,
      refused,
    })),
    inputs: total(state),
    seconds: (performance.now() - startedMs) / 1000,
    probes,
    memory: { early, late },
    findings: state.findings,
  }
}

const total = ({ counts }: State): number => [...counts.values()].reduce((sum, { inputs }) => sum + inputs, 0)

const quotaOf = ({ share }: Layer, { inputs }: LiveOptions): number => Math.ceil((inputs * share) / 100)

const slowest = ({ counts, options }: State): number =>
  Math.min(...[...counts].map(([layer, { inputs }]) => inputs / quotaOf(layer, options)))

const isOver = ({ findings, deadlineMs, victim }: State): boolean =>
  findings.length > 0 || victim.end !== null || performance.now() > deadlineMs

/** Attacks on one layer, one after the other, until it has had its share. */
async function work(state: State, layer: Layer, worker: number): Promise<void> {
  const { victim, options, counts } = state
  const count = counts.get(layer)!
  const quota = quotaOf(layer, options)
  const random = randomStream(options.seed, 'live fuzz', layer.name, worker)
  while (count.inputs < quota && !isOver(state)) {
    // Together, so that what the peer looks like after a tenth of the inputs is a tenth of everything.
    if (count.inputs / quota > slowest(state) + AHEAD_MAX) {
      await sleep(AHEAD_MS)
      continue
    }
    const identity = victim.identities[random.integer(victim.identities.length)]!
    const wanted = Math.min(CONNECTION_INPUTS_MAX, Math.ceil((AHEAD_MAX * quota) / layer.workers))
    if (!HAS_MANY_SOURCES) await sleep(SHARED_SOURCE_MS)
    try {
      const inputs = await layer.attack({ victim, random, identity, wanted })
      count.inputs += inputs
      count.connections++
    } catch (error) {
      if ((error as Error).name === 'DeafError')
        state.findings.push(`${layer.name}: ${(error as Error).message}`)
      else if ((error as Error).name !== 'RawError') throw error
      count.refused++
      await sleep(REFUSED_MS)
    }
  }
}

/** Checks all the time whether the peer runs and admits a good member, and how much memory it holds. */
function watch(state: State, startedMs: number) {
  const { victim, options, findings } = state
  let probes = 0
  let early: Memory | null = null
  let isEarly = true
  const ending = new AbortController()
  const probe = async (): Promise<void> => {
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(0)
    try {
      await victim.probe()
      probes++
    } catch (error) {
      if (victim.end === null)
        findings.push(`after ${seconds} s a member that behaves was not let in: ${(error as Error).message}`)
    }
    const { end } = victim
    if (end !== null)
      findings.push(`after ${seconds} s the process ended (${end.code ?? end.signal}): ${end.lastWords}`)
    options.progress?.(`${seconds} s: ${total(state)} inputs, ${probes} probes answered`)
  }
  const look = async (): Promise<void> => {
    let probedMs = Number.NEGATIVE_INFINITY
    while (!ending.signal.aborted) {
      if (isEarly && total(state) >= options.inputs / 10) {
        isEarly = false
        early = await victim.measure()
      }
      if (performance.now() - probedMs > PROBE_INTERVAL_MS && findings.length === 0) {
        probedMs = performance.now()
        await probe()
      }
      await sleep(50)
    }
  }
  const looking = look()
  return {
    async stop() {
      ending.abort()
      await looking
      if (findings.length === 0) await sleep(PROBE_INTERVAL_MS).then(probe)
      return { probes, early }
    },
  }
}
