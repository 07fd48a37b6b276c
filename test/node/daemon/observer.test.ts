/** The events of a peer's steps, including skipped ones. */
import test from 'ava'
import type { PeerEvent } from '../../../node/daemon/events.ts'
import { createObserver } from '../../../node/daemon/observer.ts'

const none = { agreed() {} }

test('a step is reported with its vectors, and a skipped step without them and as skipped', t => {
  const events: PeerEvent[] = []
  const observer = createObserver({
    onEvent: event => void events.push(event),
    steps: 8,
    evaluations: none,
    status: () => ({
      connected: [],
      convicted: [],
      links: [],
      messagesSent: 1,
      bytesSent: 2,
      bytesReceived: 3,
      arriving: [],
    }),
  })
  const [gradient, parameters] = [Float32Array.of(1), Float32Array.of(2)]
  const state = (step: number) => ({ step, parameters, momentum: null })
  observer.output({ kind: 'caught-up', step: 1, completeFrom: 1 })
  observer.output({ kind: 'need-gradient', step: 1, parameters, batch: 1 })
  observer.output({ kind: 'averaged', step: 1, phase: 'gradient', vector: gradient })
  observer.output({ kind: 'averaged', step: 1, phase: 'parameters', vector: parameters })
  observer.output({ kind: 'stepped', state: state(2) })
  observer.output({ kind: 'caught-up', step: 2, completeFrom: 1 })
  observer.output({ kind: 'need-gradient', step: 2, parameters, batch: 1 })
  observer.output({ kind: 'stepped', state: state(9) })
  observer.output({ kind: 'stepped', state: state(10) }) // the step after the last, which only agrees on metrics
  observer.output({ kind: 'caught-up', step: 9, completeFrom: 9 })
  const steps = events.flatMap(event => (event.kind === 'step' ? [[event.step, event.vectors]] : []))
  t.deepEqual(steps, [
    [1, { gradient, parameters }],
    [8, null],
  ])
  t.deepEqual(
    events.filter(({ kind }) => kind === 'caught-up'),
    [{ kind: 'caught-up', from: 2, step: 9 }],
  )
})

test('a peer that starts where its log ends, and stays there, has not caught up', t => {
  const events: PeerEvent[] = []
  const status = () => t.fail() as never
  const observer = createObserver({
    onEvent: event => void events.push(event),
    steps: 50,
    evaluations: none,
    status,
  })
  observer.starts(25)
  observer.output({ kind: 'caught-up', step: 25, completeFrom: 9 })
  t.deepEqual(events, [])
  observer.output({ kind: 'caught-up', step: 42, completeFrom: 42 })
  const caughtUp = { kind: 'caught-up', from: 25, step: 42 } as const
  t.deepEqual(events, [caughtUp])
  // It listens, asks again meanwhile, and stays or goes on.
  observer.output({ kind: 'caught-up', step: 41, completeFrom: 42 })
  t.deepEqual(events, [caughtUp], 'it is told once')
  observer.output({ kind: 'caught-up', step: 51, completeFrom: 51 })
  t.deepEqual(events, [caughtUp, { kind: 'caught-up', from: 42, step: 51 }])
})
