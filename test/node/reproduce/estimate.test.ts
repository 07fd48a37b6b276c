/** The time left of an experiment: nothing said too early, start-up not counted, the last run waited for. */
import test from 'ava'
import { createEstimate } from '../../../node/reproduce/estimate.ts'

test('nothing is said before there is something to go by', t => {
  const estimate = createEstimate([100, 100], 1)
  t.is(estimate.secondsLeft(50_000), null, 'nothing has run')
  estimate.update(0, 0.001, 60_000)
  t.is(estimate.secondsLeft(61_000), null, 'one second is too little')
  estimate.update(0, 0.01, 64_000)
  t.is(estimate.secondsLeft(64_000), null, 'half a per cent is too little')
  estimate.update(0, 0.5, 70_000)
  t.is(estimate.secondsLeft(70_000), null, 'no run has ended, which may take long')
  estimate.update(0, 1, 80_000)
  t.not(estimate.secondsLeft(80_000), null)
})

test('start-up does not count', t => {
  const estimate = createEstimate([100, 100], 1)
  estimate.update(0, 0, 90_000)
  estimate.update(0, 0.5, 130_000)
  t.is(estimate.done(), 50)
  t.is(estimate.secondsLeft(130_000), 120)
})

test('two threads share what there is, but not the last run', t => {
  const estimate = createEstimate([100, 100, 100], 2)
  estimate.update(0, 0, 0)
  estimate.update(1, 0, 0)
  estimate.update(0, 1, 10_000)
  estimate.update(1, 1, 10_000)
  // 200 in ten seconds by two threads; the last hundred is one thread's.
  t.is(estimate.secondsLeft(10_000), 10)
  estimate.update(2, 0.5, 15_000)
  t.true(estimate.secondsLeft(15_000)! >= 5)
  estimate.update(2, 1, 20_000)
  t.is(estimate.secondsLeft(20_000), 0)
})
