/** A peer's clock leaves no timer once it is stopped. */
import test from 'ava'
import { createPeerClock } from '../../../node/daemon/peer-clock.ts'
import { manualClock } from '../network/support.ts'

test('timers fire or are cancelled, and none fires or is set once the clock is stopped', t => {
  const manual = manualClock()
  const clock = createPeerClock(manual)
  const fired: string[] = []
  clock.after(5, () => fired.push('first'))
  clock.after(5, () => fired.push('cancelled')).cancel()
  clock.after(20, () => fired.push('late'))
  manual.advance(10)
  t.is(clock.nowMs(), 10)
  t.deepEqual(fired, ['first'])
  clock.stop()
  clock.after(1, () => fired.push('after the stop')).cancel()
  clock.after(1, () => fired.push('after the stop'))
  manual.advance(100)
  t.deepEqual(fired, ['first'])
})
