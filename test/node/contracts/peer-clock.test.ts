/** A peer's own clock keeps the contract of clocks, until it is stopped (test/node/daemon/peer-clock.test.ts). */
import { createPeerClock } from '../../../node/daemon/peer-clock.ts'
import { clockContract } from './clock.ts'

clockContract('clock of a peer', () => ({ clock: createPeerClock(), passing: event => event }))
