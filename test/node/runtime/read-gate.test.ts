/** The read gate: a peer stops reading for a while from one that causes faults too fast. */
import test from 'ava'
import { createReadGate, FAULTS_MAX, PAUSE_MS } from '../../../node/runtime/read-gate.ts'
import { manualClock } from '../network/support.ts'

function setUp() {
  const clock = manualClock()
  const calls: string[] = []
  const readGate = createReadGate(
    { pause: peer => calls.push(`pause ${peer}`), resume: peer => calls.push(`resume ${peer}`) },
    clock,
  )
  const causeFaults = (count: number) => {
    for (let i = 0; i < count; i++) readGate.fault(1)
  }
  return { clock, calls, readGate, causeFaults }
}

test('reading from a peer stops for a while if it causes faults fast, but not if it causes them slowly', t => {
  const { clock, calls, causeFaults } = setUp()
  causeFaults(FAULTS_MAX)
  clock.advance(1001)
  causeFaults(FAULTS_MAX)
  t.deepEqual(calls, [])
  causeFaults(1)
  t.deepEqual(calls, ['pause 1'])
  causeFaults(100)
  clock.advance(PAUSE_MS)
  t.deepEqual(calls, ['pause 1', 'resume 1'])
})

test('reading begins on a new connection, unless the peer is still paused', t => {
  const { calls, readGate, causeFaults } = setUp()
  readGate.connected(1)
  t.deepEqual(calls, [])
  causeFaults(FAULTS_MAX + 1)
  readGate.connected(1)
  t.deepEqual(calls, ['pause 1', 'pause 1'])
})
