/** The simulated network keeps the contract of transports. */
import { createNetwork } from '../../../node/simulation/network.ts'
import { createWorld } from '../../../node/simulation/world.ts'
import { transportContract } from './transport.ts'

for (const [name, bytesPerMs] of [
  ['without bandwidth limit', Infinity],
  ['at 1 MB/s', 1000],
] as const)
  transportContract(`simulated transport ${name}`, async () => {
    const world = createWorld()
    const network = createNetwork({
      world,
      peers: 2,
      latencyMs: (from, to) => 3 + from - to,
      bytesPerMs,
      queueBytesMax: 2 ** 20,
    })
    return {
      async open(self, events) {
        const transport = network.attach(self)
        transport.start(events)
        return transport
      },
      async openSecond(self, events) {
        const transport = network.attachSecond(self)
        transport.start(events)
        return transport
      },
      async until(condition) {
        const { reason } = world.runSync({ until: condition })
        if (!condition()) throw new Error(`it never came about: the world is ${reason}`)
      },
      wake() {},
    }
  })
