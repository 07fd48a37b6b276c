/** What the demo knows about its peers, derived from their events alone. */
import type { PeerIndex } from '../../../agreement/protocol.ts'
import { createSeries, type Series } from '../../../learning/evaluation/series.ts'
import type { Divergence } from '../../../learning/learn-contract.ts'
import type { Ending, FaultCount, PeerEvent, Traffic } from '../../daemon/events.ts'

export type Waiting = Extract<PeerEvent, { kind: 'waiting' }>

export interface PeerState {
  readonly peer: PeerIndex
  readonly isHonest: boolean
  readonly pid: number
  status: 'starting' | 'up' | 'finished' | 'diverged' | 'gone'
  /** Why it is gone: "was killed by SIGKILL". */
  why: string | null
  step: number
  loss: number | null
  /** At its first step. */
  firstLoss: number | null
  traffic: Traffic
  /** The most memory of its process that was resident at one time; null before its first step. */
  peakBytes: number | null
  readonly connected: Set<PeerIndex>
  /** Connections that were up and are not, with the reason. */
  readonly lost: Map<PeerIndex, string>
  /** Those that it has proof against: it has cut them off. */
  readonly cutOff: Set<PeerIndex>
  waiting: Waiting | null
  readonly faults: Map<string, FaultCount>
  readonly series: Series
  ending: Ending | null
  divergence: Divergence | null
}

export type DemoState = readonly PeerState[]

export function newState(pids: readonly number[], liars: readonly PeerIndex[]): DemoState {
  return pids.map((pid, peer) => ({
    peer,
    isHonest: !liars.includes(peer),
    pid,
    status: 'starting',
    why: null,
    step: 0,
    loss: null,
    firstLoss: null,
    traffic: { messages: 0, bytesSent: 0, bytesReceived: 0 },
    peakBytes: null,
    connected: new Set(),
    lost: new Map(),
    cutOff: new Set(),
    waiting: null,
    faults: new Map(),
    series: createSeries(),
    ending: null,
    divergence: null,
  }))
}

export function apply(state: DemoState, peer: PeerIndex, event: PeerEvent): void {
  const own = state[peer]!
  switch (event.kind) {
    case 'listening':
      own.status = 'up'
      break
    case 'connection':
      if (event.up) {
        own.connected.add(event.peer)
        own.lost.delete(event.peer)
      } else {
        own.connected.delete(event.peer)
        own.lost.set(event.peer, event.reason)
      }
      break
    case 'step':
      own.step = event.step
      own.loss = event.loss
      own.firstLoss ??= event.loss
      own.traffic = event.traffic
      own.peakBytes = event.memory.peakBytes
      own.waiting = null
      break
    case 'waiting':
      own.waiting = event
      break
    case 'resumed':
      own.waiting = null
      break
    case 'fault':
      own.faults.set(`${event.fault.peer} ${event.fault.kind}`, event.fault)
      break
    case 'evaluated':
      own.series.add(event)
      break
    case 'agreed':
      own.series.agree(event)
      break
    case 'finished':
      own.status = 'finished'
      own.ending = event.ending
      own.traffic = event.ending.traffic
      own.peakBytes = event.ending.memory.peakBytes
      own.waiting = null
      break
    case 'diverged':
      own.status = 'diverged'
      own.divergence = event.divergence
      own.waiting = null
      break
    case 'evidence':
      own.cutOff.add(event.peer)
      break
    case 'recorded':
    case 'log':
    case 'failed':
      break
  }
}

/** A process has ended. One that had finished keeps its result. */
export function applyEnd(state: DemoState, peer: PeerIndex, why: string): void {
  const own = state[peer]!
  own.connected.clear()
  own.waiting = null
  if (own.status === 'finished' || own.status === 'diverged') return
  own.status = 'gone'
  own.why = why
}

/** Pairs with a connection. */
export function connections(state: DemoState): number {
  let up = 0
  for (const { peer, connected } of state) for (const other of connected) if (other > peer) up++
  return up
}

/** Honest peers that still run or have finished. */
function remaining(state: DemoState): readonly PeerState[] {
  return state.filter(({ isHonest, status }) => isHonest && status !== 'gone')
}

interface Overview {
  /** The last step that all remaining honest peers have completed. */
  readonly step: number
  /** The mean of the honest peers' own losses. */
  readonly loss: number | null
  readonly bytes: number
}

export function overview(state: DemoState): Overview {
  const honest = remaining(state)
  const losses = honest.flatMap(({ loss }) => (loss === null ? [] : [loss]))
  return {
    step: honest.length === 0 ? 0 : Math.min(...honest.map(({ step }) => step)),
    loss: losses.length === 0 ? null : losses.reduce((a, b) => a + b, 0) / losses.length,
    bytes: state.reduce((sum, { traffic }) => sum + traffic.bytesSent, 0),
  }
}

/** At least one honest peer remains, and all that remain have come to their end. */
export function isDone(state: DemoState): boolean {
  const honest = remaining(state)
  return honest.length > 0 && honest.every(({ status }) => status === 'finished' || status === 'diverged')
}

/** The learning of some peers has diverged, and the others wait for more peers than they can do without. */
export function isHeldUp(state: DemoState, maxFaulty: number): boolean {
  const away = state.filter(({ status }) => status === 'diverged' || status === 'gone')
  const rest = remaining(state).filter(({ status }) => status === 'starting' || status === 'up')
  const hasDiverged = state.some(({ isHonest, status }) => isHonest && status === 'diverged')
  return hasDiverged && away.length > maxFaulty && rest.every(({ waiting }) => waiting !== null)
}

/** No honest peer is left. */
export function isLost(state: DemoState): boolean {
  return remaining(state).length === 0
}
