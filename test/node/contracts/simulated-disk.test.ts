/** The disk of the simulated world keeps the contract of storage, whatever its crashes leave. */
import { createDisk } from '../../../node/simulation/disk.ts'
import { createWorld } from '../../../node/simulation/world.ts'
import { storageContract } from './storage.ts'

for (const [name, keep] of [
  ['nothing', () => 0],
  ['half', (count: number) => count >> 1],
  ['all', (count: number) => count],
] as const)
  storageContract(`simulated disk whose crash leaves ${name}`, async () => {
    const world = createWorld()
    let syncs = 0
    // A sync that began later may be over sooner.
    const disk = createDisk({ after: world.after, syncMs: () => [5, 1, 3][syncs++ % 3]!, vectorsApart: true })
    return {
      open: async () => disk.open(),
      crash: async () => disk.crash(keep),
      async passing(event) {
        world.runSync()
        return event
      },
      break: async () => disk.setFull(true),
      mend: async () => disk.setFull(false),
    }
  })
