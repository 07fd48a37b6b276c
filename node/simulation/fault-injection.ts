/** Injects the faults of a world's conditions, and heals them all when the good network begins. */
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { Conditions, InjectedFault } from './conditions.ts'
import type { SimulatedDisk } from './disk.ts'
import type { SimulatedNetwork } from './network.ts'
import type { StepClock } from './step-clock.ts'
import type { World } from './world.ts'

/** The target of injected faults: a simulated cluster. */
export interface FaultTarget {
  readonly world: World
  readonly network: SimulatedNetwork
  /** By peer; null while it is down. */
  readonly peers: readonly unknown[]
  readonly disks: readonly (SimulatedDisk | null)[]
  begin(peer: PeerIndex): void
  crash(peer: PeerIndex, kept: number): void
  /** Starts a second process with a peer's key, from a copy of its disk (null: an empty one), beside the first. */
  beginSecond(peer: PeerIndex, part: number | null): void
  endSecond(): void
  setSlowness(peer: PeerIndex, factor: number): void
  /** Whether enough others have seen a vector of this peer that is not in these records, so that it is told when it asks. */
  isSeenBeyond(records: readonly Uint8Array[], peer: PeerIndex): boolean
  /** Synced records of this peer are gone, and nothing reported it. */
  lostUnsaid(peer: PeerIndex): void
  calmLinks(): void
  onSealed(callback: (peer: PeerIndex, iteration: number, nth: number) => void): void
}

interface InjectionOptions {
  /** Needed if the conditions name steps. */
  readonly steps?: StepClock
  readonly struck?: (fault: InjectedFault) => void
  readonly healed?: (fault: InjectedFault) => void
}

interface FaultInjection {
  /** Heals everything: partitions and pauses end, crashed peers restart, links are fair. Later calls do nothing. */
  calm(): void
  /** The number of events before the world became calm; Infinity until then. */
  calmEvents(): number
}

interface State {
  readonly target: FaultTarget
  readonly options: InjectionOptions
  /** Heals each fault that is going on. */
  readonly heals: Map<InjectedFault, () => void>
  calmAfter: number
}

export function injectFaults(
  target: FaultTarget,
  { injectedFaults, calmAtMs }: Pick<Conditions, 'injectedFaults' | 'calmAtMs'>,
  options: InjectionOptions = {},
): FaultInjection {
  const state: State = { target, options, heals: new Map(), calmAfter: Infinity }
  const { world } = target
  for (const fault of injectedFaults) schedule(state, fault)
  const calm = () => {
    if (state.calmAfter !== Infinity) return
    state.calmAfter = world.events()
    for (const heal of [...state.heals.values()]) heal()
    target.calmLinks()
  }
  if (calmAtMs !== Infinity) world.after(calmAtMs, calm)
  return { calm, calmEvents: () => state.calmAfter }
}

/** Schedules the fault for its moment. */
function schedule(state: State, fault: InjectedFault): void {
  const { target, options } = state
  const { world } = target
  const { at } = fault
  if ('timeMs' in at) world.after(at.timeMs, () => strike(state, fault))
  else if ('step' in at) stepsOf(options).at(at.step, () => strike(state, fault))
  else
    target.onSealed((peer, iteration, nth) => {
      const isIt = 'nth' in at ? nth === at.nth : iteration === at.iteration
      if (peer === at.sealed && isIt) world.after(at.afterMs, () => strike(state, fault))
    })
}

function stepsOf({ steps }: InjectionOptions): StepClock {
  if (steps === undefined) throw new Error('a fault names a step, and nothing counts steps')
  return steps
}

/** A fault strikes at most once, and never in a good network. */
function strike(state: State, fault: InjectedFault): void {
  const { target, options, heals } = state
  if (state.calmAfter !== Infinity || heals.has(fault)) return
  let over = false
  const begun = begin(target, fault)
  options.struck?.(fault)
  const heal = () => {
    if (over) return
    over = true
    begun()
    options.healed?.(fault)
  }
  heals.set(fault, heal)
  if ('forMs' in fault) target.world.after(fault.forMs, heal)
  else if (fault.untilStep !== null) stepsOf(options).until(fault.untilStep, heal)
}

/** Begins a fault, and returns the function that heals it. */
function begin(target: FaultTarget, fault: InjectedFault): () => void {
  const { network, peers } = target
  switch (fault.kind) {
    case 'crash':
      target.crash(fault.peer, fault.kept)
      return () => target.begin(fault.peer)
    case 'disk-lost':
      // The others cannot tell a peer that nobody has heard from a new one (learning/recovery/recovery.ts).
      if (!target.isSeenBeyond([], fault.peer)) return () => {}
      target.crash(fault.peer, 0)
      target.disks[fault.peer]?.lose()
      return () => target.begin(fault.peer)
    case 'disk-flip':
      target.crash(fault.peer, 1)
      if (target.disks[fault.peer]?.flip(fault.part)) target.lostUnsaid(fault.peer)
      return () => {
        target.disks[fault.peer]?.forget()
        target.begin(fault.peer)
      }
    case 'disk-old':
      target.crash(fault.peer, 1)
      target.disks[fault.peer]?.restore(fault.part)
      return () => target.begin(fault.peer)
    case 'rollback':
      target.crash(fault.peer, 1)
      return () => {
        const copy = target.disks[fault.peer]?.copyAt(fault.part)
        // Another fault may have started the peer again: the disk of one that runs stays as it is.
        const isDown = peers[fault.peer] === null
        if (isDown && copy && target.isSeenBeyond(copy.records, fault.peer)) copy.putBack()
        target.begin(fault.peer)
      }
    case 'clone':
      target.beginSecond(fault.peer, fault.part)
      return () => {
        target.endSecond()
        target.begin(fault.peer) // where it was taken for the second one
      }
    case 'pause':
      network.setPaused(fault.peer, true)
      return () => network.setPaused(fault.peer, false)
    case 'slow':
      target.setSlowness(fault.peer, fault.factor)
      return () => target.setSlowness(fault.peer, 1)
    case 'disk-full':
      target.disks[fault.peer]?.setFull(true)
      return () => {
        target.disks[fault.peer]?.setFull(false)
        target.begin(fault.peer)
      }
    case 'apart':
      for (const other of fault.others) network.setAllowed(fault.peer, other, false)
      return () => {
        for (const other of fault.others) network.setAllowed(fault.peer, other, true)
      }
    case 'partition': {
      const between = across(peers.length, fault.side)
      between((a, b) => network.setAllowed(a, b, false))
      return () => between((a, b) => network.setAllowed(a, b, true))
    }
    case 'stall': {
      const between = across(peers.length, fault.side)
      between((a, b) => network.setStalled(a, b, true))
      return () => between((a, b) => network.setStalled(a, b, false))
    }
  }
}

/** Every pair of a peer inside and a peer outside. */
function across(peers: number, side: readonly PeerIndex[]) {
  const inside = new Set(side)
  return (visit: (a: PeerIndex, b: PeerIndex) => void) => {
    for (let a = 0; a < peers; a++)
      for (let b = a + 1; b < peers; b++) if (inside.has(a) !== inside.has(b)) visit(a, b)
  }
}
