/**
 * `npm run bench -- flood [turns] [attack …]`: how long a cohort of four real processes takes to form, and a killed member to
 * come back, while strangers open sockets and say nothing; beside the same without them, in turns.
 *
 * Formed: each peer has met all others and made a step. Back: the killed peer has done so in a new process. Both times
 * count from the start of the processes. More than a minute counts as a minute. The attacker takes time of the same
 * processor. Attacks are numbered from 0; all of them if none is named.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { freePorts } from '../../node/network/free-ports.ts'
import { type CohortFiles, makeCohort } from '../cohort/files.ts'
import { type PeerProcess, startPeer } from '../cohort/processes.ts'
import { type BenchRow, compared, median, type RunBench } from './bench.ts'
import type { FloodAssignment, FloodReport } from './flood-worker.ts'

const PEERS = 4
const DEADLINE_MS = 60_000
/** The highest index: the one that waits to be dialled. */
const VICTIM = PEERS - 1

type Attack = Pick<FloodAssignment, 'sources' | 'attack'>

const strangers = Array.from({ length: 10 }, (_, i) => `127.0.1.${i + 1}`)
const attacks: Readonly<Record<string, Attack>> = {
  '1,000 a second from 10 addresses': { sources: strangers, attack: { kind: 'rate', perSecond: 1000 } },
  '1,000 a second at each of 4, from 10': { sources: strangers, attack: { kind: 'rate', perSecond: 4000 } },
  '1,000 a second from the members’ own': {
    sources: ['127.0.0.1'],
    attack: { kind: 'rate', perSecond: 1000 },
  },
  '100 held at each, from the members’ own': {
    sources: ['127.0.0.1'],
    attack: { kind: 'held', perPort: 100 },
  },
}

interface Measured {
  readonly formedMs: number
  readonly backMs: number
  readonly socketsPerSecond: number
}

export const run: RunBench = async ({ args, note }) => {
  const { turns, chosen } = parseArguments(args)
  const calm: Measured[] = []
  const attacked = new Map<string, Measured[]>(chosen.map(name => [name, []]))
  for (let turn = 1; turn <= turns; turn++) {
    const told = async (name: string, attack: Attack | null): Promise<Measured> => {
      const measured = await measure(attack)
      const seconds = [measured.formedMs, measured.backMs].map(ms => (ms / 1000).toFixed(2))
      note(`turn ${turn} of ${turns}, ${name}: formed after ${seconds[0]} s, back after ${seconds[1]} s`)
      return measured
    }
    calm.push(await told('undisturbed', null))
    for (const [name, list] of attacked) list.push(await told(name, attacks[name]!))
  }
  return [...attacked].flatMap(([name, list]) =>
    (['formedMs', 'backMs'] as const).map((key): BenchRow => {
      const of = (runs: readonly Measured[], what: keyof Measured) => median(runs.map(each => each[what]))
      const without = { name: 'undisturbed', ms: of(calm, key) }
      return compared(`${key === 'formedMs' ? 'formed' : 'back'}: ${name}`, of(list, key), without, {
        'worst (ms)': Math.max(...list.map(each => each[key])),
        'sockets/s': of(list, 'socketsPerSecond'),
      })
    }),
  )
}

function parseArguments(args: readonly string[]): { turns: number; chosen: readonly string[] } {
  const names = Object.keys(attacks)
  const [turns = '3', ...numbers] = args
  const wrong =
    [turns, ...numbers].find(arg => !/^\d+$/.test(arg)) ?? numbers.find(i => names[Number(i)] === undefined)
  if (wrong !== undefined || Number(turns) < 1)
    throw new Error(
      `bench flood: "${wrong ?? turns}" is no number of turns, nor of an attack (0 to ${names.length - 1})`,
    )
  return { turns: Number(turns), chosen: numbers.length === 0 ? names : numbers.map(i => names[Number(i)]!) }
}

async function measure(attack: Attack | null): Promise<Measured> {
  const ports = await freePorts(PEERS)
  const files = await makeCohort(
    'flood',
    PEERS,
    { protocol: 'rb-tm', faults: 1, model: 'softmax', rate: 0.1, batch: 16, seed: 1, steps: 1_000_000 },
    peer => [`/ip4/127.0.0.1/tcp/${ports[peer]!}`],
  )
  const attacker = attack === null ? null : fork(new URL('flood-worker.ts', import.meta.url))
  const processes: PeerProcess[] = []
  const begin = (peer: number): Promise<unknown> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    processes[peer] = startMember(files, peer, resolve)
    return promise
  }
  try {
    attacker?.send({ ports, ...attack! } satisfies FloodAssignment)
    if (attacker !== null) await pause(1000)
    const formedMs = await timed(() => Promise.all(Array.from({ length: PEERS }, (_, peer) => begin(peer))))
    processes[VICTIM]!.kill('SIGKILL')
    await processes[VICTIM]!.ended
    const backMs = formedMs === DEADLINE_MS ? DEADLINE_MS : await timed(() => begin(VICTIM))
    return { formedMs, backMs, socketsPerSecond: await rateOf(attacker) }
  } finally {
    for (const child of processes) child.kill('SIGKILL')
    attacker?.kill('SIGKILL')
    await Promise.all(processes.map(child => child.ended))
    await files.remove()
  }
}

/** @param onReady it has met all others, and made a step */
function startMember({ cohortPath, identityPaths, folder }: CohortFiles, peer: number, onReady: () => void) {
  const met = new Set<number>()
  let steps = 0
  return startPeer({
    args: [
      ...['--cohort', cohortPath, '--identity', identityPaths[peer]!, '--data', 'digits'],
      ...['--state', join(folder, `state-${peer}`), '--no-mdns'],
    ],
    onEvent(event) {
      if (event.kind === 'failed') throw new Error(`peer ${peer}: ${event.message}`)
      if (event.kind === 'connection' && event.up) met.add(event.peer)
      if (event.kind === 'step') steps++
      if (steps > 0 && met.size === PEERS - 1) onReady()
    },
  })
}

/** Milliseconds until this is done, at most the deadline. */
async function timed(done: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now()
  const { promise: over, resolve } = Promise.withResolvers<number>()
  const timer = setTimeout(resolve, DEADLINE_MS, DEADLINE_MS)
  try {
    return await Promise.race([done().then(() => performance.now() - startedMs), over])
  } finally {
    clearTimeout(timer)
  }
}

async function rateOf(attacker: ChildProcess | null): Promise<number> {
  if (attacker === null) return 0
  attacker.send('report')
  const [{ opened, seconds }] = (await once(attacker, 'message')) as [FloodReport]
  return opened / seconds
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
