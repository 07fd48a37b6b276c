/** Makes the troubles of a world's conditions happen, and ends them all when the good network begins. */
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { Conditions, InjectedFault } from './conditions.ts'
import type { SimulatedDisk } from './disk.ts'
import type { SimulatedNetwork } from './network.ts'
import type { World } from './world.ts'

/** What troubles befall: the stage of an agreement, or of a cohort that learns. */
export interface Stage {
  readonly world: World
  readonly network: SimulatedNetwork
  readonly peers: { readonly length: number }
  readonly disks: readonly (SimulatedDisk | null)[]
  begin(peer: PeerIndex): void
  crash(peer: PeerIndex, kept: number): void
  /** Enough others have heard of this peer for it to be told so when it has lost its memory. */
  isKnown(peer: PeerIndex): boolean
  /** Synced records of this peer are gone, and nobody was told. */
  lostUnsaid(peer: PeerIndex): void
  calmLinks(): void
  onSealed(callback: (peer: PeerIndex, iteration: number) => void): void
}

interface FaultInjection {
  /** Ends everything: partitions heal, pauses end, crashed peers start again, links are fair. Once is enough. */
  calm(): void
  /** Events of the world when it became calm; Infinity while it is not. */
  calmEvents(): number
}

interface State {
  readonly stage: Stage
  /** What ends each trouble that is going on. */
  readonly heals: Map<InjectedFault, () => void>
  calmAfter: number
}

export function injectFaults(stage: Stage, conditions: Conditions): FaultInjection {
  const state: State = { stage, heals: new Map(), calmAfter: Infinity }
  const { world } = stage
  for (const injectedFault of conditions.injectedFaults) {
    const { at } = injectedFault
    if ('timeMs' in at) world.after(at.timeMs, () => strike(state, injectedFault))
    else
      stage.onSealed((peer, iteration) => {
        if (peer === at.sealed && iteration === at.iteration)
          world.after(at.afterMs, () => strike(state, injectedFault))
      })
  }
  const calm = () => {
    if (state.calmAfter !== Infinity) return
    state.calmAfter = world.events()
    for (const heal of [...state.heals.values()]) heal()
    stage.calmLinks()
  }
  world.after(conditions.calmAtMs, calm)
  return { calm, calmEvents: () => state.calmAfter }
}

/** A trouble strikes once, and not in a good network. */
function strike(state: State, injectedFault: InjectedFault): void {
  const { stage, heals } = state
  if (state.calmAfter !== Infinity || heals.has(injectedFault)) return
  let over = false
  const begun = begin(stage, injectedFault)
  const heal = () => {
    if (!over) begun()
    over = true
  }
  heals.set(injectedFault, heal)
  stage.world.after(injectedFault.forMs, heal)
}

/** Begins a trouble and returns what ends it. */
function begin(stage: Stage, injectedFault: InjectedFault): () => void {
  const { network, peers } = stage
  switch (injectedFault.kind) {
    case 'crash':
      stage.crash(injectedFault.peer, injectedFault.kept)
      return () => stage.begin(injectedFault.peer)
    case 'disk-lost':
      // From a peer that is new, one that has spoken and was not heard cannot be told apart (learning/recovery/catch-up.ts).
      if (!stage.isKnown(injectedFault.peer)) return () => {}
      stage.crash(injectedFault.peer, 0)
      stage.disks[injectedFault.peer]?.lose()
      return () => stage.begin(injectedFault.peer)
    case 'disk-flip':
      stage.crash(injectedFault.peer, 1)
      if (stage.disks[injectedFault.peer]?.flip(injectedFault.part)) stage.lostUnsaid(injectedFault.peer)
      return () => {
        stage.disks[injectedFault.peer]?.forget()
        stage.begin(injectedFault.peer)
      }
    case 'disk-old':
      stage.crash(injectedFault.peer, 1)
      stage.disks[injectedFault.peer]?.restore(injectedFault.part)
      return () => stage.begin(injectedFault.peer)
    case 'pause':
      network.setPaused(injectedFault.peer, true)
      return () => network.setPaused(injectedFault.peer, false)
    case 'disk-full':
      stage.disks[injectedFault.peer]?.setFull(true)
      return () => {
        stage.disks[injectedFault.peer]?.setFull(false)
        stage.begin(injectedFault.peer)
      }
    case 'apart':
      for (const other of injectedFault.others) network.setAllowed(injectedFault.peer, other, false)
      return () => {
        for (const other of injectedFault.others) network.setAllowed(injectedFault.peer, other, true)
      }
    case 'partition': {
      const between = across(peers.length, injectedFault.side)
      between((a, b) => network.setAllowed(a, b, false))
      return () => between((a, b) => network.setAllowed(a, b, true))
    }
    case 'stall': {
      const between = across(peers.length, injectedFault.side)
      between((a, b) => network.setStalled(a, b, true))
      return () => between((a, b) => network.setStalled(a, b, false))
    }
  }
}

/** Every pair of which one is inside and the other is not. */
function across(peers: number, side: readonly PeerIndex[]) {
  const inside = new Set(side)
  return (visit: (a: PeerIndex, b: PeerIndex) => void) => {
    for (let a = 0; a < peers; a++)
      for (let b = a + 1; b < peers; b++) if (inside.has(a) !== inside.has(b)) visit(a, b)
  }
}
