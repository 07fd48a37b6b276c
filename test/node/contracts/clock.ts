/**
 * The contract of clocks. Time never goes back. A timer runs once, never within the call that set it, and not before
 * its delay is over (except for a millisecond, which real timers round away). Timers of one delay run in the order in
 * which they were set. A cancelled timer never runs, and a cancellation may come too late or twice.
 */
import test from 'ava'
import type { Clock } from '../../../node/ports.ts'

interface OpenClock {
  readonly clock: Clock
  /** Lets time pass, as it does for this clock, until the event has happened. */
  passing<T>(event: Promise<T>): Promise<T>
}

const DEADLINE_MS = 20_000

export function clockContract(name: string, open: () => OpenClock): void {
  timeContract(name, open)
  timerContract(name, open)
}

/** Sets a timer and says when it has run. */
function ran({ clock }: OpenClock, delayMs: number, run: () => void = () => {}): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  clock.after(delayMs, () => {
    run()
    resolve()
  })
  return promise
}

function timeContract(name: string, open: () => OpenClock): void {
  test(`${name}: a timer waits for its delay, and time never goes back`, async t => {
    t.timeout(DEADLINE_MS)
    const opened = open()
    const { clock } = opened
    let before = clock.nowMs()
    for (const delayMs of [20, 0, 1.5, 7]) {
      const setMs = clock.nowMs()
      t.true(setMs >= before)
      await opened.passing(ran(opened, delayMs))
      before = clock.nowMs()
      t.true(before > setMs + delayMs - 1, `${before - setMs} ms of ${delayMs}`)
    }
  })

  test(`${name}: no timer runs within the call that sets it, however short its delay`, async t => {
    t.timeout(DEADLINE_MS)
    const opened = open()
    const seen: string[] = []
    const timers = [0, -5].map(delayMs => ran(opened, delayMs, () => seen.push('timer')))
    seen.push('set')
    await opened.passing(Promise.all(timers))
    t.deepEqual(seen, ['set', 'timer', 'timer'])
    const nested = Promise.withResolvers<void>()
    const outer = ran(opened, 1, () => {
      opened.clock.after(0, () => {
        seen.push('inner')
        nested.resolve()
      })
      seen.push('outer')
    })
    await opened.passing(Promise.all([outer, nested.promise]))
    t.deepEqual(seen.slice(3), ['outer', 'inner'])
  })

  test(`${name}: a timer far in the future does not run at once, even beyond what timers can count`, async t => {
    t.timeout(DEADLINE_MS)
    const opened = open()
    let early = false
    const far = [2 ** 31, 2 ** 40].map(delayMs =>
      opened.clock.after(delayMs, () => {
        early = true
      }),
    )
    await opened.passing(ran(opened, 5))
    t.false(early)
    for (const timer of far) timer.cancel()
  })
}

function timerContract(name: string, open: () => OpenClock): void {
  test(`${name}: timers of one delay run in the order in which they were set, each once`, async t => {
    t.timeout(DEADLINE_MS)
    const opened = open()
    const seen: number[] = []
    const numbers = Array.from({ length: 20 }, (_, i) => i)
    await opened.passing(Promise.all(numbers.map(number => ran(opened, 3, () => seen.push(number)))))
    await opened.passing(ran(opened, 10))
    t.deepEqual(seen, numbers)
  })

  test(`${name}: a cancelled timer does not run, and a cancellation may come late or twice`, async t => {
    t.timeout(DEADLINE_MS)
    const opened = open()
    const { clock } = opened
    const timer = clock.after(2, () => t.fail('it was cancelled'))
    const other = clock.after(2, () => t.fail('an earlier timer cancelled it'))
    const first = ran(opened, 1, () => other.cancel())
    timer.cancel()
    timer.cancel()
    const own = Promise.withResolvers<void>()
    const itself = clock.after(3, () => {
      itself.cancel()
      own.resolve()
    })
    await opened.passing(Promise.all([first, own.promise]))
    await opened.passing(ran(opened, 10))
    itself.cancel()
    t.pass()
  })
}
