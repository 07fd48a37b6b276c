/** The cost of an iteration as stated, held against what the simulated world counts on its wires. */
import test from 'ava'
import { bounds } from '../../agreement/bounds.ts'
import { trafficByDigest, trafficOf } from '../../agreement/traffic.ts'
import { simulateAgreement } from '../../node/simulation/agree.ts'
import { normals } from './harness.ts'

const cases = [
  ['mda', 'f32'],
  ['mda', 'bf16'],
  ['mda', 'int8'],
  ['rb-tm', 'f32'],
  ['rb-tm', 'int8'],
] as const

for (const [protocol, precision] of cases)
  test(`${protocol} in ${precision}: messages exactly, bytes within a tenth`, t => {
    const [peers, dimension] = [10, 200]
    const query = { protocol, peers, maxFaulty: 1, synchrony: 'asynchronous', dimension, precision } as const
    const { messages, bytes } = simulateAgreement({
      settings: { ...query, iterations: 1, graceMs: 0, timeoutMs: 1000, payloadMs: 250, unsafe: false },
      inputs: normals(1, peers, dimension),
      byzantine: { peers: [], attack: null },
      seed: 1,
    })
    const stated = trafficOf(query)
    t.is(messages, stated.messages)
    t.true(Math.abs(bytes / stated.bytes - 1) < 0.1, `${bytes} sent, ${stated.bytes} stated`)
    t.deepEqual(bounds(query).traffic, stated)
  })

for (const protocol of ['mda', 'rb-tm'] as const)
  test(`${protocol} by digest: nothing but digests among equals, and every vector once where no two are equal`, t => {
    const [peers, dimension] = [10, 200]
    const query = { protocol, peers, maxFaulty: 1, synchrony: 'asynchronous', dimension } as const
    const stated = trafficByDigest(query)
    const inputs = normals(1, peers, dimension)
    const cases = [
      [inputs.map(() => inputs[0]!), stated.least],
      [inputs, stated.most],
    ] as const
    for (const [vectors, { messages, bytes }] of cases) {
      const run = simulateAgreement({
        settings: {
          ...query,
          iterations: 1,
          digestFrom: 0,
          graceMs: 0,
          timeoutMs: 1000,
          payloadMs: 250,
          unsafe: false,
        },
        inputs: vectors,
        byzantine: { peers: [], attack: null },
        seed: 1,
      })
      t.is(run.violation, null)
      t.is(run.messages, messages)
      t.true(Math.abs(run.bytes / bytes - 1) < 0.1, `${run.bytes} sent, ${bytes} stated`)
    }
    t.deepEqual(bounds(query).trafficByDigest, stated)
  })

test('without a dimension nothing is said about bytes', t => {
  t.false('traffic' in bounds({ protocol: 'mda', peers: 7, maxFaulty: 1, synchrony: 'asynchronous' }))
})
