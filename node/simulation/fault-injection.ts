/** Makes the troubles of a world's conditions happen, and ends them all when the good network begins. */
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { Conditions, Trouble } from './conditions.ts'
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

interface Troubles {
  /** Ends everything: partitions heal, pauses end, crashed peers start again, links are fair. Once is enough. */
  calm(): void
  /** Events of the world when it became calm; Infinity while it is not. */
  calmEvents(): number
}

interface State {
  readonly stage: Stage
  /** What ends each trouble that is going on. */
  readonly remedies: Map<Trouble, () => void>
  calmAfter: number
}

export function afflict(stage: Stage, conditions: Conditions): Troubles {
  const state: State = { stage, remedies: new Map(), calmAfter: Infinity }
  const { world } = stage
  for (const trouble of conditions.troubles) {
    const { at } = trouble
    if ('timeMs' in at) world.after(at.timeMs, () => strike(state, trouble))
    else
      stage.onSealed((peer, iteration) => {
        if (peer === at.sealed && iteration === at.iteration)
          world.after(at.afterMs, () => strike(state, trouble))
      })
  }
  const calm = () => {
    if (state.calmAfter !== Infinity) return
    state.calmAfter = world.events()
    for (const remedy of [...state.remedies.values()]) remedy()
    stage.calmLinks()
  }
  world.after(conditions.calmAtMs, calm)
  return { calm, calmEvents: () => state.calmAfter }
}

/** A trouble strikes once, and not in a good network. */
function strike(state: State, trouble: Trouble): void {
  const { stage, remedies } = state
  if (state.calmAfter !== Infinity || remedies.has(trouble)) return
  let over = false
  const begun = begin(stage, trouble)
  const remedy = () => {
    if (!over) begun()
    over = true
  }
  remedies.set(trouble, remedy)
  stage.world.after(trouble.forMs, remedy)
}

/** Begins a trouble and returns what ends it. */
function begin(stage: Stage, trouble: Trouble): () => void {
  const { network, peers } = stage
  switch (trouble.kind) {
    case 'crash':
      stage.crash(trouble.peer, trouble.kept)
      return () => stage.begin(trouble.peer)
    case 'disk-lost':
      // From a peer that is new, one that has spoken and was not heard cannot be told apart (learning/recovery/catch-up.ts).
      if (!stage.isKnown(trouble.peer)) return () => {}
      stage.crash(trouble.peer, 0)
      stage.disks[trouble.peer]?.lose()
      return () => stage.begin(trouble.peer)
    case 'disk-flip':
      stage.crash(trouble.peer, 1)
      if (stage.disks[trouble.peer]?.flip(trouble.part)) stage.lostUnsaid(trouble.peer)
      return () => {
        stage.disks[trouble.peer]?.forget()
        stage.begin(trouble.peer)
      }
    case 'disk-old':
      stage.crash(trouble.peer, 1)
      stage.disks[trouble.peer]?.restore(trouble.part)
      return () => stage.begin(trouble.peer)
    case 'pause':
      network.setPaused(trouble.peer, true)
      return () => network.setPaused(trouble.peer, false)
    case 'disk-full':
      stage.disks[trouble.peer]?.setFull(true)
      return () => {
        stage.disks[trouble.peer]?.setFull(false)
        stage.begin(trouble.peer)
      }
    case 'apart':
      for (const other of trouble.others) network.setAllowed(trouble.peer, other, false)
      return () => {
        for (const other of trouble.others) network.setAllowed(trouble.peer, other, true)
      }
    case 'partition': {
      const between = across(peers.length, trouble.side)
      between((a, b) => network.setAllowed(a, b, false))
      return () => between((a, b) => network.setAllowed(a, b, true))
    }
    case 'stall': {
      const between = across(peers.length, trouble.side)
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
