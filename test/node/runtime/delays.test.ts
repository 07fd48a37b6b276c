/** The waits of a protocol in milliseconds. */
import test from 'ava'
import { delayOf, payloadDelayMs } from '../../../node/runtime/delays.ts'

const slot = { step: 1, phase: 'gradient', iteration: 0, sender: 0 } as const

test('a short vector is waited for a quarter of a second, a long one as long as those of all others take', t => {
  t.is(payloadDelayMs(7, 79_510), 250)
  t.is(payloadDelayMs(4, 11_700_000), (3 * 46.8e6) / 50e3)
  t.true(payloadDelayMs(7, 11_700_000) > payloadDelayMs(4, 11_700_000))
})

test('each purpose has its delay, and a repeated wait is longer', t => {
  const delays = { graceMs: 1, timeoutMs: 2, payloadMs: 3 }
  const of = (purpose: 'grace' | 'timeout' | 'payload', times?: number) =>
    delayOf({ slot, purpose, ...(times && { times }) }, delays)
  t.deepEqual([of('grace'), of('timeout'), of('payload'), of('payload', 4)], [1, 2, 3, 12])
})
