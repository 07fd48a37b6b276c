/**
 * While a cohort gathers, one line says who is here and who is waited for, in place of a line for each connection. The
 * cohort has gathered once as many are here as a step needs. From then on every event is shown as usual.
 */
import type { PeerIndex } from '../../../agreement/protocol.ts'
import { type Membership, memberName } from '../../cohort/cohort.ts'
import { neighboursOf } from '../../cohort/gossip.ts'
import type { PeerEvent } from '../../daemon/events.ts'
import { listed } from '../view/format.ts'
import type { StandingView } from './join-view.ts'

/** More names than these would hide what the line says. */
const NAMES_MAX = 6

interface Gathering {
  /** This peer and the members that it is connected to. */
  readonly here: Set<PeerIndex>
  /** They will not come. */
  readonly cutOff: Set<PeerIndex>
  isListening: boolean
  /** The peer waits, and this was not shown. */
  waits: boolean
  isOver: boolean
}

/** The view of a peer from its start. `view` may limit events: this one needs them all. */
export function gatheringView(view: StandingView, membership: Membership): StandingView {
  const { cohort, self } = membership
  const enough = placesOf(membership) - cohort.faults
  const state: Gathering = {
    here: new Set([self]),
    cutOff: new Set(),
    isListening: false,
    waits: false,
    isOver: enough <= 1,
  }
  const end = () => {
    state.isOver = true
    view.stand(null)
  }
  return {
    ...view,
    see(event) {
      if (state.isOver) {
        if (!endsHiddenWait(state, event)) view.see(event)
        return
      }
      follow(state, event)
      if (isLearning(event)) end()
      if (!isPartOfGathering(event)) view.see(event)
      if (state.isOver || !state.isListening) return
      if (state.here.size < enough) return view.stand(gatheringText(state, membership))
      end()
      view.note(gatheredText(state, membership))
    },
  }
}

function follow(state: Gathering, event: PeerEvent): void {
  const { here, cutOff } = state
  if (event.kind === 'listening') state.isListening = true
  if (event.kind === 'waiting' || event.kind === 'resumed') state.waits = event.kind === 'waiting'
  if (event.kind === 'evidence') cutOff.add(event.peer)
  if (event.kind !== 'connection') return
  if (event.up) here.add(event.peer)
  else here.delete(event.peer)
}

/** The end of a wait is not shown where the wait was not. */
function endsHiddenWait(state: Gathering, { kind }: PeerEvent): boolean {
  const ends = kind === 'resumed' && state.waits
  if (kind === 'waiting' || kind === 'resumed') state.waits = false
  return ends
}

/** What the line says already. */
function isPartOfGathering({ kind }: PeerEvent): boolean {
  return kind === 'connection' || kind === 'waiting' || kind === 'resumed'
}

/** Enough members must have been here. */
function isLearning({ kind }: PeerEvent): boolean {
  return ['step', 'caught-up', 'finished', 'diverged', 'failed'].includes(kind)
}

/** "2 of 4 members are here; waiting for south and carol". */
function gatheringText(state: Gathering, membership: Membership): string {
  const names = missing(state, membership)
  const rest = names.length === 0 ? 'the others are cut off' : `waiting for ${namesText(names)}`
  return `${hereText(state, membership)}; ${rest}`
}

/** "all 4 members are here", "3 of 4 members are here, enough to learn; carol is not here yet". */
function gatheredText(state: Gathering, membership: Membership): string {
  const names = missing(state, membership)
  if (state.here.size === placesOf(membership)) return `all ${state.here.size} ${whom(membership)} are here`
  const rest =
    names.length === 0 ? '' : `; ${namesText(names)} ${names.length === 1 ? 'is' : 'are'} not here yet`
  return `${hereText(state, membership)}, enough to learn${rest}`
}

function hereText({ here }: Gathering, membership: Membership): string {
  return `${here.size} of ${placesOf(membership)} ${whom(membership)} ${here.size === 1 ? 'is' : 'are'} here`
}

/** This peer and those that it talks with. */
function placesOf({ cohort, self }: Membership): number {
  return neighboursOf(cohort, self).length + 1
}

function whom({ cohort }: Membership): string {
  return cohort.topology === undefined ? 'members' : 'neighbours, this peer included,'
}

function missing({ here, cutOff }: Gathering, { cohort, self }: Membership): readonly string[] {
  const peers = neighboursOf(cohort, self).filter(peer => !here.has(peer) && !cutOff.has(peer))
  return peers.map(peer => memberName(cohort, peer))
}

function namesText(names: readonly string[]): string {
  const more = names.length - NAMES_MAX
  return listed(more > 1 ? [...names.slice(0, NAMES_MAX), `${more} more`] : names)
}
