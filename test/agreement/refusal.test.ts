/** Whether a protocol may run, and where not, why: one answer for files, commands and agreements. */
import test from 'ava'
import { BoundError, createAveraging } from '../../agreement/averaging/create.ts'
import { peersNeeded, protocolNames } from '../../agreement/bounds.ts'
import { nobodyHonest, refusalOf } from '../../agreement/refusal.ts'
import { testLedger } from './harness.ts'

const asynchronous = (protocol: (typeof protocolNames)[number], peers: number, maxFaulty: number) =>
  ({ protocol, peers, maxFaulty, synchrony: 'asynchronous' }) as const

test('at its bound a protocol runs, and one peer below it does not, unless that is wanted', t => {
  for (const protocol of ['mda', 'cva', 'icwtm', 'rb-tm', 'box-geom', 'box-mean'] as const)
    for (const maxFaulty of [1, 2]) {
      const needed = peersNeeded(protocol, maxFaulty, 'asynchronous')!
      t.is(refusalOf(asynchronous(protocol, needed, maxFaulty)), null)
      const below = refusalOf(asynchronous(protocol, needed - 1, maxFaulty))
      t.is(below?.reason, 'below-bound')
      t.regex(below!.why, new RegExp(`\\b${needed}\\b.*${needed} peers would do`))
      const reason = needed - 1 > 3 * maxFaulty ? undefined : 'nothing-left'
      t.is(
        refusalOf({ ...asynchronous(protocol, needed - 1, maxFaulty), unsafe: true })?.reason,
        reason,
        protocol,
      )
    }
})

test('a mean runs with faulty peers where that is wanted; with nobody honest nothing does', t => {
  t.is(refusalOf(asynchronous('mean', 3, 1))?.reason, 'below-bound')
  t.is(refusalOf({ ...asynchronous('mean', 3, 2), unsafe: true }), null)
  for (const protocol of protocolNames)
    for (const unsafe of [false, true]) {
      const refusal = refusalOf({ ...asynchronous(protocol, 3, 3), unsafe })
      t.deepEqual(refusal, nobodyHonest(3, 3))
      t.regex(refusal!.why, /expected at most 2$/)
    }
  t.is(nobodyHonest(3, 2), null)
})

test('an agreement is made exactly where it is not refused', t => {
  const slot = { self: 0, dimension: 1, step: 1, phase: 'gradient', iterations: 1, grace: false } as const
  for (const protocol of protocolNames)
    for (let peers = 1; peers <= 8; peers++)
      for (let maxFaulty = 0; maxFaulty <= peers; maxFaulty++)
        for (const unsafe of [false, true]) {
          const options = { ...asynchronous(protocol, peers, maxFaulty), unsafe }
          const make = () => createAveraging({ ...options, ...slot, ledger: testLedger() })
          const refusal = refusalOf(options)
          if (refusal === null) t.notThrows(make)
          else t.throws(make, { instanceOf: BoundError, message: refusal.why })
        }
})
