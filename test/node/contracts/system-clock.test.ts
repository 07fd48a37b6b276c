/** The machine's clock keeps the contract of clocks. */
import { systemClock } from '../../../node/runtime/system-clock.ts'
import { clockContract } from './clock.ts'

clockContract('system clock', () => ({ clock: systemClock, passing: event => event }))
