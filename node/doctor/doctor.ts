/** The doctor checks everything that a peer needs before and while it runs, and says what is wrong and what to do. */
import { stat } from 'node:fs/promises'
import { type Cohort, cohortId } from '../cohort/cohort.ts'
import { neighboursOf } from '../cohort/gossip.ts'
import type { Identity } from '../cohort/identity.ts'
import { REPLACEABLE_AFTER_MS } from '../network/constants.ts'
import { endpointOf, usesQuic } from '../network/endpoint.ts'
import { type LoadQuic, QUIC_REMEDY, quicTransport } from '../network/quic.ts'
import { decodeLimits } from '../runtime/peer.ts'
import { type Finding, failed, fine, warning } from './finding.ts'
import {
  type Cost,
  costOf,
  diskBytesNeeded,
  examineCohort,
  examineDisk,
  examineIdentity,
  examineMembership,
  examineModel,
  examinePorts,
} from './local.ts'
import { examineMemory } from './memory.ts'
import { judgeListening, judgeMulticast, listenEverywhere, type MulticastOptions } from './multicast.ts'
import { judgeClock, judgeReach } from './peers.ts'
import { createProber, type Prober, type Reach } from './reach.ts'

export interface DoctorOptions {
  readonly cohortPath: string
  /** Null: checks that need the key are left out. */
  readonly identityPath: string | null
  /** The addresses at which the peer listens, given its membership. */
  readonly listen: (cohort: Cohort, self: number) => readonly string[]
  /** The directory of the peer's state, given its cohort's id; null: none. */
  readonly stateDirectory: (cohortId: string) => string | null
  /** Whether the peer with its state there is running now. */
  readonly isRunning: (stateDirectory: string) => Promise<boolean>
  /** The most that the peer keeps of past steps; absent: as much as by default. */
  readonly keepBytes?: number
  readonly mdns: boolean
  /** What the peer learns from, as `join --data` takes it; null: the digits that come with Concord. */
  readonly data: string | null
  readonly software: string
  /** The time for one step of reaching one peer. */
  readonly timeoutMs: number
  readonly onFinding: (finding: Finding) => void
  /** For tests: used instead of QUIC's package. */
  readonly loadQuic?: LoadQuic
  /** For tests: other interfaces than this machine's, and other sockets. */
  readonly multicast?: MulticastOptions
}

export interface Diagnosis {
  readonly healthy: boolean
  readonly findings: readonly Finding[]
  /** The cost of a step; null if it is unknown. */
  readonly cost: Cost | null
}

export async function examine(options: DoctorOptions): Promise<Diagnosis> {
  const findings: Finding[] = []
  const tell = (...found: readonly Finding[]) => {
    for (const finding of found) {
      findings.push(finding)
      options.onFinding(finding)
    }
  }
  const cost = await runChecks(options, tell)
  return { healthy: findings.every(({ verdict }) => verdict !== 'failed'), findings, cost }
}

type Tell = (...found: readonly Finding[]) => void

async function runChecks(options: DoctorOptions, tell: Tell): Promise<Cost | null> {
  const { cohortPath, identityPath } = options
  const cohort = await examineCohort(cohortPath)
  tell(cohort.finding)
  const identity = identityPath === null ? null : await examineIdentity(identityPath)
  if (identity !== null) tell(identity.finding)
  if (options.mdns) tell(judgeMulticast(await listenEverywhere(options.multicast)))
  if (cohort.value === null) return null
  const model = await examineModel(cohort.value, options.data)
  tell(model.finding)
  await examineState(options, cohort.value, model.value, tell)
  const cost = model.value === null ? null : costOf(cohort.value, model.value, 1)
  if (identity === null) tell(withoutKey())
  const key = identity?.value ?? null
  if (key === null) return cost
  const membership = examineMembership(cohort.value, key)
  tell(membership.finding)
  if (membership.value === null) return cost
  const own = { cohort: cohort.value, identity: key, self: membership.value }
  const roundTripMs = await examineOwnMembership(options, own, tell)
  return cost && costOf(cohort.value, cost.dimension, roundTripMs ?? 1)
}

const withoutKey = () =>
  warning(
    'identity',
    'no-identity',
    'no identity file was named: membership, ports and the other peers were not checked.',
    'Run this again with --identity FILE.',
  )

async function examineState(
  { stateDirectory, isRunning, keepBytes }: DoctorOptions,
  cohort: Cohort,
  dimension: number | null,
  tell: Tell,
): Promise<void> {
  const directory = stateDirectory(cohortId(cohort))
  if (directory === null) return
  const needed = dimension === null ? null : diskBytesNeeded(cohort, dimension, keepBytes)
  tell(await examineDisk(directory, needed))
  // A running peer has its log open, and writes to it.
  if (!(await isRunning(directory)))
    tell(...(await examineMemory(directory, dimension === null ? null : decodeLimits(cohort, dimension))))
}

interface OwnMembership {
  readonly cohort: Cohort
  readonly identity: Identity
  readonly self: number
}

/**
 * The checks that need the key: the peer's own ports, the other members, its clock against theirs. Returns the longest
 * round trip to one of them, in milliseconds; null if none answered.
 */
async function examineOwnMembership(
  options: DoctorOptions,
  membership: OwnMembership,
  tell: Tell,
): Promise<number | null> {
  const { cohort, identity, self } = membership
  const { cohortPath, identityPath, software } = options
  const directory = options.stateDirectory(cohortId(cohort))
  const running = directory !== null && (await options.isRunning(directory))
  if (running) tell(fine('state', `the peer of this key runs now, with its state in ${directory}`))
  const listen = options.listen(cohort, self)
  tell(...(await examinePorts(listen, running)))
  const untold =
    options.mdns && !isOnLoopback(cohort) ? judgeListening(listen, options.multicast?.interfaces) : null
  if (untold !== null) tell(untold)
  const quic = usesQuic([...listen, ...cohort.members.flatMap(({ addresses }) => addresses)])
  const missing = quic ? await examineQuic(options.loadQuic) : null
  if (missing !== null) tell(missing)
  const prober = await createProber({
    ...options,
    seed: identity.seed,
    members: cohort.members.length,
    quic: quic && missing === null,
  })
  try {
    const reaches = await reachAll(prober, membership, options, running)
    const own = { cohort, cohortId: cohortId(cohort), id: identity.id, software }
    for (const [peer, reach] of reaches) tell(judgeReach(own, peer, reach))
    const files = [cohortPath, identityPath ?? cohortPath].map(path =>
      stat(path).then(({ mtimeMs }) => mtimeMs),
    )
    tell(judgeClock([...reaches.values()], await Promise.all(files), Date.now()))
    const trips = [...reaches.values()].flatMap(reach => (reach.kind === 'hello' ? [reach.roundTripMs] : []))
    return trips.length === 0 ? null : Math.max(...trips)
  } finally {
    await prober.stop()
  }
}

/** Whether all members run on this machine, by the addresses in the file: then nobody is looked for by mDNS. */
function isOnLoopback({ members }: Cohort): boolean {
  const isHere = (address: string) => ['127.0.0.1', '::1'].includes(endpointOf(address)?.host ?? '')
  return members.every(({ addresses }) => addresses.length > 0 && addresses.every(isHere))
}

async function examineQuic(load: LoadQuic | undefined): Promise<Finding | null> {
  try {
    await quicTransport(load)
    return null
  } catch (error) {
    const [says = ''] = (error as Error).message.split(`: ${QUIC_REMEDY}`)
    return failed('quic', 'quic-missing', says, QUIC_REMEDY)
  }
}

/** A peer that is starting or ending may close a connection before it has proved its key. */
const STARTING_MS = 1500

/** After how long a second attempt may come further than this one; null where it would not. */
function againAfterMs({ kind }: Reach, running: boolean): number | null {
  if (kind === 'not-concord') return STARTING_MS
  // A second connection of a key is refused while the first is young.
  return kind === 'not-a-member' && running ? REPLACEABLE_AFTER_MS + 500 : null
}

/** mDNS needs a moment to hear of peers whose addresses are not in the file. */
const DISCOVERY_MS = 3000

async function reachAll(
  prober: Prober,
  { cohort, self }: OwnMembership,
  { mdns }: DoctorOptions,
  running: boolean,
) {
  const others = neighboursOf(cohort, self).map(peer => [peer, cohort.members[peer]!] as const)
  const isKnown = () =>
    others.every(([, { id, addresses }]) => addresses.length > 0 || prober.discovered.has(id))
  const deadlineMs = performance.now() + DISCOVERY_MS
  while (mdns && !isKnown() && performance.now() < deadlineMs)
    await new Promise(resolve => setTimeout(resolve, 50))
  const reaches = await Promise.all(
    others.map(async ([peer, { id, addresses }]): Promise<readonly [number, Reach]> => {
      const all = new Set([...addresses, ...(prober.discovered.get(id) ?? [])])
      const ask = () => prober.reach(id, [...all], self < peer)
      const first = await ask()
      const waitMs = againAfterMs(first, running)
      if (waitMs === null) return [peer, first]
      await new Promise(resolve => setTimeout(resolve, waitMs))
      return [peer, await ask()]
    }),
  )
  return new Map(reaches)
}
