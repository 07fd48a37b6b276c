/** A peer in a process of its own, for tests that kill it: sends every frame back to whom it came from. */
import { identityFromSeed } from '../../../node/cohort/identity.ts'
import { wholeFrame } from '../../../node/network/framing.ts'
import { createNetwork } from '../../../node/network/index.ts'
import { cohortOf, membersOf } from './support.ts'

const { seeds, self, port, addresses } = JSON.parse(process.argv[2]!) as {
  seeds: string[]
  self: number
  port: number
  addresses: string[][]
}
const identities = seeds.map(seed => identityFromSeed(Buffer.from(seed, 'hex')))
const transport = await createNetwork({
  membership: { cohort: cohortOf(membersOf(identities, addresses)), cohortId: 'c0ffee', self },
  seed: identities[self]!.seed,
  listen: [`/ip4/127.0.0.1/tcp/${port}`],
  mdns: false,
  dimension: 1000,
  software: 'test/1',
})
transport.start({
  connected() {},
  disconnected() {},
  frame: peer => wholeFrame(frame => void transport.send(peer, frame)),
  drained() {},
  fault() {},
})
process.once('disconnect', () => process.exit())
process.send!(transport.addresses)
