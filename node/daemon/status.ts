/** The status of a running peer at any time, for `concord status` and for the metrics. */
import { type Message, ownCommitment } from '../../agreement/message.ts'
import type { PeerIndex } from '../../agreement/protocol.ts'
import { type AgreedMetrics, figuresOf } from '../../learning/evaluation/agreed.ts'
import type { LearnStatus } from '../../learning/learn-contract.ts'
import type { Progress } from '../codec/index.ts'
import { spareVectors } from '../cohort/bounds-query.ts'
import type { Membership } from '../cohort/cohort.ts'
import { neighboursOf } from '../cohort/gossip.ts'
import type { LinkStatus } from '../link/link.ts'
import type { SecondProcess } from '../ports.ts'
import type { Ending, FaultCount, PeerEvent, Traffic } from './events.ts'
import { peakResidentBytes } from './peak-memory.ts'
import { waitedFor } from './waiting.ts'

/** One JSON object; a number that does not exist is null. */
export interface PeerStatus {
  readonly software: string
  readonly pid: number
  readonly uptimeSeconds: number
  readonly cohort: { readonly name: string; readonly id: string; readonly faults: number }
  readonly self: { readonly peer: PeerIndex; readonly name: string; readonly id: string }
  readonly addresses: readonly string[]
  readonly step: number
  readonly steps: number
  readonly phase: LearnStatus['phase']
  /** This peer's gradient is being computed. */
  readonly computing: boolean
  /** Seconds since the step or phase last changed. */
  readonly stillSeconds: number
  /** The peer needs `needed` more vectors, from any of `missing`; null if it waits for nobody. */
  readonly waiting: {
    readonly needed: number
    readonly missing: readonly { readonly peer: PeerIndex; readonly seconds: number }[]
  } | null
  /** The loss on this peer's batch, after the last step. */
  readonly loss: number | null
  readonly accuracy: number | null
  /** The newest parameters for which the cohort has agreed on metrics; null before the first, and where it never does. */
  readonly evaluation: {
    /** The steps taken. */
    readonly step: number
    readonly agreed: AgreedMetrics
    /** This peer's own, on its test set. */
    readonly own: AgreedMetrics
  } | null
  readonly traffic: Traffic
  readonly memory: Memory
  /** All other members; where the cohort has a topology, this peer's neighbours. */
  readonly peers: readonly OtherStatus[]
  /** The faults of peers that are not members. */
  readonly strangers: readonly KindCount[]
  /** Where this peer's key was started a second time, and who refused that process; null: nowhere. */
  readonly secondProcess: SecondProcessStatus | null
}

interface SecondProcessStatus {
  readonly address: string
  /** The members that have refused it, ascending. */
  readonly by: readonly PeerIndex[]
  /** Since the last of them said so. */
  readonly seconds: number
}

/** The memory of the process in bytes, as the system and the runtime count it, including uncollected garbage. */
interface Memory {
  readonly rssBytes: number
  /** The largest that `rssBytes` ever was. */
  readonly peakBytes: number
  /** The heap's objects, and the memory that they hold outside the heap: buffers, including the vectors. */
  readonly heapBytes: number
  readonly externalBytes: number
  readonly arrayBufferBytes: number
}

interface KindCount {
  readonly kind: string
  readonly count: number
}

/** What a peer knows about another member. */
export interface OtherStatus {
  readonly peer: PeerIndex
  readonly name: string
  readonly connected: boolean
  /** Seconds since it connected or was lost; null if it never was connected. */
  readonly seconds: number | null
  /** The latest step of a vector of its own; null before the first. */
  readonly step: number | null
  /** Steps behind this peer; never below 0. */
  readonly lag: number | null
  readonly faults: readonly KindCount[]
  /** It is proved to equivocate, now or in an earlier incarnation of this peer, and cut off for good. */
  readonly convicted: boolean
  /** The file that proves it; null if there is none, or it could not be written. */
  readonly evidence: string | null
  readonly link: LinkStatus | null
}

/** What the peer itself knows at this moment. */
export interface Present extends LearnStatus {
  readonly links: readonly (LinkStatus | null)[]
  readonly messagesSent: number
  readonly bytesSent: number
  readonly bytesReceived: number
  readonly convicted: readonly PeerIndex[]
  /** By peer: the long message that arrives from it. */
  readonly arriving: readonly Progress[]
  readonly faults: readonly FaultCount[]
}

export interface StatusBook {
  see(event: PeerEvent): void
  heard(from: PeerIndex, message: Message): void
  metSecondProcess(second: SecondProcess): void
  /** Records the moment. The caller calls it about once a second, so that times are right. */
  look(present: Present): void
  status(present: Present): PeerStatus
}

interface Other {
  connected: boolean
  sinceMs: number | null
  step: number | null
  evidence: string | null
}

interface State {
  readonly membership: Membership
  readonly nowMs: () => number
  readonly others: readonly Other[]
  place: string
  movedMs: number
  readonly missedSinceMs: Map<PeerIndex, number>
  addresses: readonly string[]
  loss: number | null
  evaluation: PeerStatus['evaluation']
  ending: Ending | null
  secondProcess: {
    readonly address: string
    readonly by: readonly PeerIndex[]
    readonly saidMs: number
  } | null
}

/** @param nowMs a clock that never goes back */
export function createStatusBook(membership: Membership, software: string, nowMs: () => number): StatusBook {
  const startedMs = nowMs()
  const state: State = {
    membership,
    nowMs,
    place: '',
    movedMs: startedMs,
    missedSinceMs: new Map(),
    others: membership.cohort.members.map(() => ({
      connected: false,
      sinceMs: null,
      step: null,
      evidence: null,
    })),
    addresses: [],
    loss: null,
    evaluation: null,
    ending: null,
    secondProcess: null,
  }
  return {
    see: event => see(state, event),
    heard(from, message) {
      const other = state.others[from]
      const { slot } = message
      if (other !== undefined && ownCommitment(from, message) !== null)
        other.step = Math.max(other.step ?? 0, slot.step)
    },
    metSecondProcess({ address, by }) {
      const all = new Set([...(state.secondProcess?.by ?? []), ...by])
      state.secondProcess = { address, by: [...all].sort((a, b) => a - b), saidMs: nowMs() }
    },
    look: present => look(state, present),
    status(present) {
      look(state, present)
      return {
        software,
        pid: process.pid,
        uptimeSeconds: (nowMs() - startedMs) / 1000,
        memory: memoryNow(),
        ...statusOf(state, present),
      }
    },
  }
}

function memoryNow(): Memory {
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage()
  return {
    rssBytes: rss,
    peakBytes: peakResidentBytes(),
    heapBytes: heapUsed,
    externalBytes: external,
    arrayBufferBytes: arrayBuffers,
  }
}

function see(state: State, event: PeerEvent): void {
  switch (event.kind) {
    case 'listening':
      state.addresses = event.addresses
      break
    case 'connection': {
      const other = state.others[event.peer]
      if (other === undefined || other.connected === event.up) break
      other.connected = event.up
      other.sinceMs = state.nowMs()
      break
    }
    case 'step':
      state.loss = event.loss
      break
    case 'agreed':
      state.evaluation = { step: event.step, agreed: event.agreed, own: figuresOf(event) }
      break
    case 'finished':
      state.ending = event.ending
      break
    case 'evidence':
      state.others[event.peer]!.evidence = event.path
      break
    default:
      break
  }
}

function look(state: State, { step, phase, computing, waitingFor }: Present): void {
  const nowMs = state.nowMs()
  const place = `${step} ${phase}`
  if (place !== state.place || computing) {
    state.place = place
    state.movedMs = nowMs
    state.missedSinceMs.clear()
  }
  for (const peer of [...state.missedSinceMs.keys()])
    if (!waitingFor.includes(peer)) state.missedSinceMs.delete(peer)
  for (const peer of waitingFor) if (!state.missedSinceMs.has(peer)) state.missedSinceMs.set(peer, nowMs)
}

function statusOf(
  state: State,
  present: Present,
): Omit<PeerStatus, 'software' | 'pid' | 'uptimeSeconds' | 'memory'> {
  const { membership, addresses, ending, loss, evaluation } = state
  const { cohort, cohortId, self } = membership
  const { step, phase, computing, messagesSent, bytesSent, bytesReceived } = present
  const { name, id } = cohort.members[self]!
  return {
    cohort: { name: cohort.name, id: cohortId, faults: cohort.faults },
    self: { peer: self, name, id },
    addresses,
    step: Math.min(step, cohort.steps),
    steps: cohort.steps,
    phase,
    computing,
    stillSeconds: seconds(state, state.movedMs),
    waiting: waitingOf(state, present),
    loss: ending?.loss ?? loss,
    accuracy: ending?.accuracy ?? null,
    evaluation,
    traffic: { messages: messagesSent, bytesSent, bytesReceived },
    peers: neighboursOf(cohort, self).map(peer => otherOf(state, peer, present)),
    strangers: faultsOf(null, present),
    secondProcess: secondProcessOf(state),
  }
}

function waitingOf(state: State, present: Present): PeerStatus['waiting'] {
  const waited = waitedFor(present, spareVectors(state.membership.cohort))
  if (waited === null || present.computing || present.phase === 'finished') return null
  return {
    needed: waited.needed,
    missing: waited.missing.map(peer => ({
      peer,
      seconds: seconds(state, state.missedSinceMs.get(peer) ?? state.nowMs()),
    })),
  }
}

function otherOf(state: State, peer: PeerIndex, present: Present): OtherStatus {
  const { step, links } = present
  const other = state.others[peer]!
  return {
    peer,
    name: state.membership.cohort.members[peer]!.name,
    connected: other.connected,
    seconds: other.sinceMs === null ? null : seconds(state, other.sinceMs),
    step: other.step,
    lag: other.step === null ? null : Math.max(0, Math.min(step, state.membership.cohort.steps) - other.step),
    faults: faultsOf(peer, present),
    convicted: present.convicted.includes(peer),
    evidence: other.evidence,
    link: links[peer] ?? null,
  }
}

const seconds = ({ nowMs }: State, sinceMs: number): number => (nowMs() - sinceMs) / 1000

function faultsOf(peer: PeerIndex | null, { faults }: Present): readonly KindCount[] {
  return faults.filter(fault => fault.peer === peer).map(({ kind, count }) => ({ kind, count }))
}

function secondProcessOf({ secondProcess, nowMs }: State): SecondProcessStatus | null {
  if (secondProcess === null) return null
  const { address, by, saidMs } = secondProcess
  return { address, by, seconds: (nowMs() - saidMs) / 1000 }
}
