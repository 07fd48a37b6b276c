/** From whom a peer reads: two reasons to stop, each with its own end, and new connections. */
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

test('the end of one reason is not the end of the other', t => {
  const { clock, said, readGate, sin } = setUp()
  readGate.hold(1, true)
  sin(FAULTS_MAX + 1)
  clock.advance(REST_MS)
  t.false(said.includes('resume 1'))
  readGate.hold(1, false)
  t.is(said.at(-1), 'resume 1')
})

test('what is held on a connection is held again on the next: it does not grow with every reconnection', t => {
  const { said, readGate, sin } = setUp()
  readGate.hold(1, true)
  readGate.connected(1)
  readGate.hold(1, true)
  t.deepEqual(said, ['pause 1', 'pause 1'])
  sin(FAULTS_MAX + 1)
  readGate.connected(1)
  t.deepEqual(said.slice(2), ['pause 1', 'pause 1'], 'a rest goes on')
})
