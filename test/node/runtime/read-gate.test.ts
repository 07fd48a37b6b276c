/** From whom a peer reads: not from one that does wrong too fast, for a while. */
import test from 'ava'
import { createReadGate, FAULTS_MAX, REST_MS } from '../../../node/runtime/read-gate.ts'
import { manualClock } from '../network/support.ts'

function setUp() {
  const clock = manualClock()
  const said: string[] = []
  const readGate = createReadGate(
    { pause: peer => said.push(`pause ${peer}`), resume: peer => said.push(`resume ${peer}`) },
    clock,
  )
  const sin = (count: number) => {
    for (let i = 0; i < count; i++) readGate.fault(1)
  }
  return { clock, said, readGate, sin }
}

test('who does wrong too fast is not read from for a while; who does so slowly is', t => {
  const { clock, said, sin } = setUp()
  sin(FAULTS_MAX)
  clock.advance(1001)
  sin(FAULTS_MAX)
  t.deepEqual(said, [])
  sin(1)
  t.deepEqual(said, ['pause 1'])
  sin(100)
  clock.advance(REST_MS)
  t.deepEqual(said, ['pause 1', 'resume 1'])
})

test('a new connection is read from, but a rest goes on', t => {
  const { said, readGate, sin } = setUp()
  readGate.connected(1)
  t.deepEqual(said, [])
  sin(FAULTS_MAX + 1)
  readGate.connected(1)
  t.deepEqual(said, ['pause 1', 'pause 1'])
})
