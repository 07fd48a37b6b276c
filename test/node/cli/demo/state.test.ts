/** What the demo knows of its peers, from their events alone. */
import test from 'ava'
import {
  apply,
  applyEnd,
  connections,
  isDone,
  isHeldUp,
  isLost,
  newState,
  overview,
} from '../../../../node/cli/demo/state.ts'
import { allUp, ending, step } from './events.ts'

/** Three honest peers and a liar, all of them up. */
const demoState = () => allUp(newState([11, 12, 13, 14], [3]))

test('a pair counts as connected once, whichever end says so', t => {
  const state = demoState()
  t.is(connections(state), 0)
  apply(state, 0, { kind: 'connection', peer: 2, up: true, reason: '' })
  apply(state, 2, { kind: 'connection', peer: 0, up: true, reason: '' })
  apply(state, 1, { kind: 'connection', peer: 3, up: true, reason: '' })
  t.is(connections(state), 2)
  apply(state, 1, { kind: 'connection', peer: 3, up: false, reason: 'reset' })
  t.is(connections(state), 1)
  t.is(state[1]!.lost.get(3), 'reset')
})

test('the run is as far as its slowest honest peer; traffic is that of all', t => {
  const state = demoState()
  apply(state, 0, step(5, 1))
  apply(state, 1, step(4, 2))
  apply(state, 2, step(6, 3))
  apply(state, 3, step(1, 100))
  t.deepEqual(overview(state), { step: 4, loss: 2, bytes: 16 })
  applyEnd(state, 1, 'killed by SIGKILL')
  t.is(overview(state).step, 5)
})

test('done when every honest peer that is left has finished; lost when none is left', t => {
  const state = demoState()
  apply(state, 0, { kind: 'finished', ending: ending() })
  apply(state, 1, { kind: 'finished', ending: ending() })
  t.false(isDone(state))
  applyEnd(state, 2, 'killed by SIGKILL')
  t.true(isDone(state))
  t.false(isLost(state))
  t.is(state[2]!.status, 'gone')
  applyEnd(state, 0, 'ended with code 0')
  t.is(state[0]!.status, 'finished', 'who has finished keeps what it ended with')
  const empty = demoState()
  for (const peer of [0, 1, 2]) applyEnd(empty, peer, 'killed by SIGKILL')
  t.true(isLost(empty))
  t.false(isDone(empty))
})

test('waiting ends with a step, with its end, and with the process', t => {
  const waiting = {
    kind: 'waiting',
    step: 2,
    phase: 'gradient',
    needed: 1,
    missing: [3],
    seconds: 3,
  } as const
  for (const after of [
    { kind: 'resumed' } as const,
    step(2, 1),
    { kind: 'finished', ending: ending() } as const,
  ]) {
    const state = demoState()
    apply(state, 0, waiting)
    t.is(state[0]!.waiting, waiting)
    apply(state, 0, after)
    t.is(state[0]!.waiting, null, after.kind)
  }
  const state = demoState()
  apply(state, 0, waiting)
  applyEnd(state, 0, 'killed by SIGKILL')
  t.is(state[0]!.waiting, null)
})

test('over when the learning has diverged everywhere, or for more than f and the others wait for them', t => {
  const diverged = {
    kind: 'diverged',
    divergence: { step: 2, of: 'gradient', norm: 1 },
    message: '',
  } as const
  const waiting = {
    kind: 'waiting',
    step: 2,
    phase: 'gradient',
    needed: 1,
    missing: [0],
    seconds: 3,
  } as const
  const state = demoState()
  apply(state, 0, diverged)
  apply(state, 1, waiting)
  apply(state, 2, waiting)
  t.false(isHeldUp(state, 1), 'one may be away')
  apply(state, 1, diverged)
  t.true(isHeldUp(state, 1))
  t.false(isDone(state))
  apply(state, 2, { kind: 'resumed' })
  t.false(isHeldUp(state, 1))
  apply(state, 2, diverged)
  t.true(isDone(state))
  applyEnd(state, 2, 'ended with code 1')
  t.is(state[2]!.status, 'diverged')
  const crashed = demoState()
  for (const peer of [0, 1]) applyEnd(crashed, peer, 'killed by SIGKILL')
  apply(crashed, 2, waiting)
  t.false(isHeldUp(crashed, 1), 'peers that are gone may come back')
})
