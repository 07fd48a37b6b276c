/** Virtual time keeps the contract of clocks. */
import { createWorld } from '../../../node/simulation/world.ts'
import { clockContract } from './clock.ts'

clockContract('simulated clock', () => {
  const world = createWorld()
  return {
    clock: world.clock,
    async passing(event) {
      let happened = false
      const value = event.finally(() => {
        happened = true
      })
      // The code that waits for the event runs between two events of the world.
      while (!happened) {
        world.runSync({ maxEvents: 1 })
        await Promise.resolve()
      }
      return value
    },
  }
})
