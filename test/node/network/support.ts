/** Small cohorts of real transports on loopback, and a recorder of what they report. */
import type { Libp2p } from '@libp2p/interface'
import type { ExecutionContext } from 'ava'
import { frameBytesMax } from '../../../node/codec/index.ts'
import type { Cohort, Member, Membership } from '../../../node/cohort/cohort.ts'
import { createIdentity, type Identity } from '../../../node/cohort/identity.ts'
import { wholeFrame } from '../../../node/network/framing.ts'
import {
  createNetwork,
  type Log,
  type NetworkOptions,
  type NetworkTransport,
} from '../../../node/network/index.ts'
import { createNode, type NodeOptions } from '../../../node/network/libp2p-node.ts'
import type { Clock, Frame, SecondProcess, TransportEvents } from '../../../node/ports.ts'

export const LOOPBACK = '/ip4/127.0.0.1/tcp/0'

type Report =
  | { readonly kind: 'connected'; readonly peer: number }
  | { readonly kind: 'disconnected'; readonly peer: number; readonly detail: string }
  | { readonly kind: 'frame'; readonly peer: number; readonly bytes: Buffer }
  | { readonly kind: 'drained'; readonly peer: number }
  | { readonly kind: 'second-process'; readonly second: SecondProcess }
  | { readonly kind: 'fault'; readonly peer: number | null; readonly fault: string; readonly detail: string }

/** Everything that a transport reported, and a wait for what it is to report. */
interface Recorder {
  readonly events: TransportEvents
  readonly reports: readonly Report[]
  /** The first report from `since` on that matches; rejects after a deadline, saying what came instead. */
  until(matches: (report: Report) => boolean, since?: number): Promise<Report>
}

const DEADLINE_MS = 20_000

export function recorder(): Recorder {
  const reports: Report[] = []
  const waiting = new Set<() => void>()
  const add = (report: Report): void => {
    reports.push(report)
    for (const wake of [...waiting]) wake()
  }
  return {
    reports,
    events: {
      connected: peer => add({ kind: 'connected', peer }),
      disconnected: (peer, detail) => add({ kind: 'disconnected', peer, detail }),
      frame: peer => wholeFrame(frame => add({ kind: 'frame', peer, bytes: Buffer.concat(frame) })),
      drained: peer => add({ kind: 'drained', peer }),
      fault: (peer, fault, detail) => add({ kind: 'fault', peer, fault, detail }),
      secondProcess: second => add({ kind: 'second-process', second }),
    },
    until: (matches, since = 0) =>
      new Promise((resolve, reject) => {
        const stop = (): void => {
          clearTimeout(deadline)
          waiting.delete(look)
        }
        const look = (): void => {
          const found = reports.slice(since).find(matches)
          if (found === undefined) return
          stop()
          resolve(found)
        }
        const deadline = setTimeout(() => {
          stop()
          const seen = reports.map(report => JSON.stringify({ ...report, bytes: undefined })).join('\n')
          reject(new Error(`not reported in time; reported:\n${seen}`))
        }, DEADLINE_MS)
        waiting.add(look)
        look()
      }),
  }
}

interface LogLine {
  readonly level: 'debug' | 'info' | 'warn'
  readonly text: string
}

interface RecordingLog extends Log {
  readonly lines: LogLine[]
  /** Resolves with the first warning that matches. */
  warned(pattern: RegExp): Promise<string>
}

export function recordingLog(): RecordingLog {
  const lines: LogLine[] = []
  const waiting = new Set<() => void>()
  const at = (level: LogLine['level']) => (_: object, text: string) => {
    lines.push({ level, text })
    for (const look of [...waiting]) look()
  }
  const warned = (pattern: RegExp) =>
    new Promise<string>(resolve => {
      const look = () => {
        const found = lines.find(({ level, text }) => level === 'warn' && pattern.test(text))
        if (found === undefined) return
        waiting.delete(look)
        resolve(found.text)
      }
      waiting.add(look)
      look()
    })
  return { lines, warned, debug: at('debug'), info: at('info'), warn: at('warn') }
}

export function cohortOf(members: readonly Member[]): Cohort {
  return {
    name: 'test',
    members,
    faults: 0,
    protocol: 'mean',
    synchrony: 'asynchronous',
    graceMs: 0,
    timeoutMs: 0,
    schedule: 'practical',
    iterations: { gradient: 1, parameters: 1 },
    count: 'tight',
    steps: 1,
    model: 'softmax',
    rate: 1,
    momentum: 0,
    clip: null,
    weightDecay: 0,
    box: null,
    stepSize: { text: 'constant', schedule: { kind: 'constant' } },
    batch: 1,
    batchSchedule: { text: 'constant', schedule: { kind: 'constant' } },
    output: 'last',
    seed: 0,
    unsafe: false,
  }
}

export const membersOf = (
  identities: readonly Identity[],
  addresses: readonly (readonly string[])[] = [],
): Member[] =>
  identities.map(({ id }, index) => ({ name: `peer${index}`, id, addresses: addresses[index] ?? [] }))

export interface RunningPeer extends Recorder {
  readonly transport: NetworkTransport
  readonly log: RecordingLog
  stop(): Promise<void>
}

export type PeerOptions = Partial<Omit<NetworkOptions, 'membership' | 'log'>> & {
  readonly cohortId?: string
  readonly topology?: Cohort['topology']
}

/** A transport for `members[self]`, which listens but has not started; it stops when the test ends. */
export async function openPeer(
  t: ExecutionContext,
  identities: readonly Identity[],
  self: number,
  members: readonly Member[],
  { cohortId = 'c0ffee', topology, ...options }: PeerOptions = {},
): Promise<RunningPeer> {
  const log = recordingLog()
  const membership: Membership = {
    cohort: { ...cohortOf(members), ...(topology && { topology }) },
    cohortId,
    self,
  }
  const transport = await createNetwork({
    membership,
    seed: identities[self]!.seed,
    listen: [LOOPBACK],
    mdns: false,
    dimension: 1000,
    software: 'test/1',
    ...options,
    log,
  })
  let stopped: Promise<void> | undefined
  const stop = (): Promise<void> => {
    stopped ??= new Promise(resolve => transport.stop(resolve))
    return stopped
  }
  t.teardown(stop)
  return { ...recorder(), transport, log, stop }
}

/** Two peers; the first is given the second's address. `broken` replaces some of the events of one of them. */
export async function openPair(
  t: ExecutionContext,
  options: readonly [PeerOptions?, PeerOptions?] = [],
  broken: Partial<Record<0 | 1, Partial<TransportEvents>>> = {},
): Promise<[RunningPeer, RunningPeer]> {
  const identities = [createIdentity(), createIdentity()]
  const second = await openPeer(t, identities, 1, membersOf(identities), options[1])
  const first = await openPeer(
    t,
    identities,
    0,
    membersOf(identities, [[], second.transport.addresses]),
    options[0],
  )
  second.transport.start({ ...second.events, ...broken[1] })
  first.transport.start({ ...first.events, ...broken[0] })
  return [first, second]
}

/** A clock whose time passes only when told. */
export function manualClock(): Clock & { advance(ms: number): void; readonly waiting: number } {
  let nowMs = 0
  const timers = new Set<{ readonly atMs: number; readonly callback: () => void }>()
  return {
    nowMs: () => nowMs,
    after(delayMs, callback) {
      const timer = { atMs: nowMs + delayMs, callback }
      timers.add(timer)
      return { cancel: () => timers.delete(timer) }
    },
    get waiting() {
      return timers.size
    },
    advance(ms) {
      nowMs += ms
      for (const timer of [...timers].sort((a, b) => a.atMs - b.atMs))
        if (timer.atMs <= nowMs && timers.delete(timer)) timer.callback()
    },
  }
}

/** A member that speaks libp2p but does not follow our protocol: a bare node with the member's key. */
export async function hostileNode(
  t: ExecutionContext,
  identity: Identity,
  extra: Partial<NodeOptions> = {},
): Promise<Libp2p> {
  const node = await createNode({
    seed: identity.seed,
    listen: [LOOPBACK],
    mdns: false,
    frameBytesMax: frameBytesMax(1000),
    members: 2,
    software: 'hostile/1',
    gater: {},
    ...extra,
  })
  t.teardown(() => node.stop())
  await node.start()
  return node
}

/** The frames among these. */
export const bytesOf = (reports: readonly { kind: string }[]): Buffer[] =>
  reports.flatMap(report => ('bytes' in report ? [report.bytes as Buffer] : []))

export const isKind = (kind: Report['kind']) => (report: Report) => report.kind === kind
export const isFault = (fault: string) => (report: Report) =>
  report.kind === 'fault' && report.fault === fault
export const text = (value: string): Frame => [Buffer.from(value)]
