/** The output of the demo as text: pure functions from its state to lines. */
import type { PeerIndex } from '../../../agreement/protocol.ts'
import type { Cohort } from '../../cohort/cohort.ts'
import type { PeerEvent } from '../../daemon/events.ts'
import { tally } from '../../daemon/report.ts'
import type { Scenario } from '../options.ts'
import type { Paint } from '../terminal.ts'
import { counted, peerList, percent } from '../view/format.ts'
import { faultsText, type PeerRow, wantedText } from '../view/result.ts'
import { learningText, protocolOver, travelText } from '../view/settings.ts'
import { connections, type DemoState, type PeerState, type Waiting } from './state.ts'

/** The participants: one line for the cohort, and one for each peer. */
export function castLines(
  { settings, attack, data, partition }: Scenario,
  { members }: Cohort,
  state: DemoState,
  paint: Paint,
): readonly string[] {
  const { faults, topology } = settings
  const peersText = `${counted(state.length, 'peer')}, one process${state.length === 1 ? '' : ' each'}`
  const what = `${protocolOver(settings)}, ${travelText(settings)}; ${learningText(settings, data, partition)}`
  const head = `${peersText}, at most ${faults} faulty${topology === undefined ? '' : ' among a peer’s neighbours'}; ${what}`
  const width = String(Math.max(...state.map(({ pid }) => pid))).length
  const peers = state.map(({ peer, pid, isHonest }) => {
    const role = isHonest ? paint('green', 'honest') : paint('red', `Byzantine: ${attack?.name}`)
    return `  peer ${peer}  pid ${String(pid).padStart(width)}  …${members[peer]!.id.slice(-8)}  ${role}`
  })
  return [paint('bold', head), ...peers]
}

/** One line for an event that the user should hear of, or none. */
export function eventLine(state: DemoState, peer: PeerIndex, event: PeerEvent, paint: Paint): string | null {
  switch (event.kind) {
    case 'fault': {
      if (!state[peer]!.isHonest) return null
      const { kind, count } = event.fault
      const who = event.fault.peer === null ? 'a stranger' : `peer ${event.fault.peer}`
      const times = count > 1 ? `, ${count} times by now` : ''
      return paint('yellow', `peer ${peer} saw a fault of ${who}: ${kind}${times}`)
    }
    case 'listening':
      return peer === 0 && event.notes.length > 0 ? event.notes.join('\n') : null // all read the same data
    case 'log':
      return paint('yellow', `peer ${peer}: ${event.text}`)
    case 'diverged':
      return paint('red', `peer ${peer} has diverged at step ${event.divergence.step}`)
    case 'failed':
      return paint('red', `peer ${peer} failed: ${event.message}`)
    default:
      return null
  }
}

/**
 * "peers 3, 4 and 5 wait at step 41 for 1 more vector, from peer 2 (gone) or peer 6 (Byzantine); peers 0 and 1 wait for
 * them", or null if nobody waits.
 */
export function waitingLine(state: DemoState, paint: Paint): string | null {
  const waiters = state.filter(({ isHonest, waiting }) => isHonest && waiting !== null)
  const groups = new Map<string, PeerIndex[]>()
  for (const { peer, waiting } of waiters) {
    const missing = idleAmong(state, waiting!)
    if (missing.length >= waiting!.needed) addTo(groups, reasonOf(state, waiting!, missing), peer)
  }
  const stuck = [...groups.values()].flat()
  const others = waiters.filter(({ peer }) => !stuck.includes(peer))
  // If only slow peers are to blame, everything known is reported.
  if (stuck.length === 0)
    for (const { peer, waiting } of others) addTo(groups, reasonOf(state, waiting!, waiting!.missing), peer)
  else if (others.length > 0) addTo(groups, 'for them', ...others.map(({ peer }) => peer))
  if (groups.size === 0) return null
  const parts = [...groups].map(
    ([reason, peers]) => `${peerList(peers)} ${peers.length === 1 ? 'waits' : 'wait'} ${reason}`,
  )
  return paint('yellow', parts.join('; '))
}

function addTo(groups: Map<string, PeerIndex[]>, reason: string, ...peers: readonly PeerIndex[]): void {
  groups.set(reason, [...(groups.get(reason) ?? []), ...peers])
}

function reasonOf(state: DemoState, { step, ...waiting }: Waiting, missing: readonly PeerIndex[]): string {
  const names = missing.map(peer => `peer ${peer}${absence(state[peer])}`)
  return `at step ${step} for ${wantedText(waiting, names)}`
}

/** The missing peers that will not speak by themselves: gone, or Byzantine. */
function idleAmong(state: DemoState, { missing }: Waiting): readonly PeerIndex[] {
  return missing.filter(peer => state[peer]?.status === 'gone' || state[peer]?.isHonest === false)
}

function absence(peer: PeerState | undefined): string {
  if (peer?.status === 'gone') return ' (gone)'
  if (peer?.status === 'starting') return ' (starting)'
  return peer?.isHonest === false ? ' (Byzantine)' : ''
}

/** "6 of 7 peers up, 12 of 21 connections". */
/** @param all as many as there can be */
export function connectionsLine(state: DemoState, all: number): string {
  const up = connections(state)
  const peers = state.filter(({ status }) => status !== 'starting' && status !== 'gone').length
  return `${peers} of ${counted(state.length, 'peer')} up, ${up} of ${counted(all, 'connection')}`
}

/**
 * Pairs of peers that both run and have lost their connection, `0 and 3`, with the reason. Not those of which one has cut
 * the other off: that is meant, and nobody tries again.
 */
export function brokenPairs(state: DemoState): ReadonlyMap<string, string> {
  const broken = new Map<string, string>()
  for (const { peer, status, lost } of state)
    for (const [other, reason] of lost)
      if (status === 'up' && state[other]?.status === 'up' && !isCutOff(state, peer, other))
        broken.set(`${Math.min(peer, other)} and ${Math.max(peer, other)}`, reason)
  return broken
}

function isCutOff(state: DemoState, one: PeerIndex, other: PeerIndex): boolean {
  return state[one]!.cutOff.has(other) || state[other]!.cutOff.has(one)
}

/** Rows of the closing table. Distances are by peer, null if unknown. */
export function resultRows(
  state: DemoState,
  attack: string | null,
  distances: ReadonlyMap<PeerIndex, number>,
): readonly PeerRow[] {
  return state.map(({ peer, isHonest, status, why, ending, traffic, peakBytes, faults }) => ({
    peer,
    role: roleOf(isHonest, status, why, attack),
    accuracy: isHonest ? (ending?.accuracy ?? null) : null,
    loss: isHonest ? (ending?.loss ?? null) : null,
    distance: distances.get(peer) ?? null,
    bytes: traffic.bytesSent,
    peakBytes,
    faultsSeen: isHonest ? faultsText(tally(ending?.faults ?? [...faults.values()])) : '–',
  }))
}

function roleOf(
  isHonest: boolean,
  status: PeerState['status'],
  why: string | null,
  attack: string | null,
): string {
  if (status === 'gone') return `${isHonest ? '' : 'Byzantine, '}${why?.replace(/^was /, '')}`
  if (!isHonest) return `Byzantine: ${attack}`
  if (status === 'diverged') return status
  return status === 'finished' ? 'honest' : 'not finished'
}

/** What happened to a process, for people: "was killed by SIGKILL", "ended with code 1". */
export function endText(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal !== null) return `was killed by ${signal}`
  return code === 0 ? 'left without a result' : `ended with code ${code}`
}

/**
 * "peers 0, 3 and 4 have finished 12 steps and reach 72.9 % to 73.4 %", of honest peers that are not in `told`; null
 * where there are none. Adds them to `told`.
 */
export function finishedLine(state: DemoState, told: Set<PeerIndex>, steps: number): string | null {
  const peers = state.filter(({ peer, isHonest, ending }) => isHonest && ending !== null && !told.has(peer))
  if (peers.length === 0) return null
  for (const { peer } of peers) told.add(peer)
  const known = peers.flatMap(({ ending }) => ending?.accuracy ?? [])
  const [least, most] = [Math.min(...known), Math.max(...known)].map(percent)
  const reached =
    known.length === 0
      ? ''
      : ` and ${peers.length === 1 ? 'reaches' : 'reach'} ${least === most ? least : `${least} to ${most}`}`
  const have = peers.length === 1 ? 'has' : 'have'
  return `${peerList(peers.map(({ peer }) => peer))} ${have} finished ${counted(steps, 'step')}${reached}`
}
