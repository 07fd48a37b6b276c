/**
 * The counterexample to `n ≥ 4f + 1` for ICwTM (docs/papers.md), as a run: with n = 5 and f = 1 a scheduler and one liar
 * keep two halves apart for ever. The rule is the real one; the schedule is written here.
 */
import { cwtm } from '../../agreement/rules/cwtm.ts'
import type { Vector } from '../../agreement/vector.ts'
import { applyEvent, newRun } from '../../node/page/apply.ts'
import { markOf, type RunEvent } from '../../node/page/events.ts'
import { seenOf } from '../../node/page/received.ts'
import { type MessageRow, messageKinds, type RunAbout, type RunDocument } from '../../node/page/run.ts'

const HONEST = [0, 1, 2, 3] as const
const LIAR = 4
const ITERATIONS = 6
/** `n − 2f` of the vectors. */
const KEPT = 3
/** Of an iteration, in milliseconds of the schedule. */
const ITERATION_MS = 100
const QUICK_MS = 18
/** The scheduler's own delay, longer than it takes the quorum to fill. */
const LATE_MS = 82

const about: RunAbout = {
  command: 'scene',
  title: 'ICwTM with n = 5 and f = 1: two halves that a scheduler keeps apart',
  software: 'concord',
  startedMs: null,
  clock: 'virtual',
  cohort: null,
  protocol: 'icwtm',
  synchrony: 'asynchronous',
  maxFaulty: 1,
  peers: [...HONEST, LIAR].map(peer => ({
    name: `peer ${peer}`,
    id: null,
    honest: peer !== LIAR,
    attack: peer === LIAR ? 'tells each half what that half believes' : null,
  })),
  self: null,
  steps: 1,
  dimension: 1,
  seed: null,
  settings: [['iterations', String(ITERATIONS)]],
}

/** The half that a peer belongs to: peers 0 and 1, or 2 and 3. */
const halfOf = (peer: number) => (peer < 2 ? 0 : 1)
/** Of the other half a peer hears one in time: its mirror image. */
const mirrorOf = (peer: number) => HONEST.length - 1 - peer

/** What a peer receives in time: n − f vectors, in the order of their senders. */
function received(values: readonly Vector[], peer: number): readonly { from: number; vector: Vector }[] {
  return [
    ...HONEST.map(from => ({ from, vector: values[from]! })),
    { from: LIAR, vector: values[peer]! },
  ].filter(({ from }) => from === LIAR || halfOf(from) === halfOf(peer) || from === mirrorOf(peer))
}

function* exchange(values: readonly Vector[], iteration: number): Generator<RunEvent> {
  const start = iteration * ITERATION_MS
  const where = { step: 1, phase: 'gradient', iteration } as const
  for (const peer of HONEST) yield markOf({ ms: start, peer, kind: 'exchange', ...where })
  const rows = [...HONEST, LIAR].flatMap(from =>
    HONEST.filter(to => to !== from).map((to): MessageRow => {
      const isInTime = received(values, to).some(one => one.from === from)
      const took = isInTime ? QUICK_MS + 3 * ((from + to) % 3) : LATE_MS
      const digest = from === LIAR ? halfOf(to) : halfOf(from)
      return [start, start + took, from, to, messageKinds.indexOf('vector'), from, digest, 8, null]
    }),
  )
  const slots = [...HONEST, LIAR].map(sender => [1, 0, iteration, sender] as const)
  const batch = { rows, slots, digests: ['00000000000000aa', '00000000000000bb'] }
  yield { kind: 'messages', ms: start, batch }
  for (const peer of HONEST) {
    const ms = start + QUICK_MS + 8
    yield markOf({ ms, peer, kind: 'quorum', ...where })
    const used = received(values, peer)
    const vectors = used.map(({ vector }) => vector)
    const result = cwtm(vectors, about.maxFaulty)
    const seen = seenOf(
      'icwtm',
      { vectors, own: values[peer]!, maxFaulty: about.maxFaulty, keep: KEPT },
      result,
    )!
    const points = seen.points.map((point, at) => ({ from: used[at]!.from, ...point }))
    yield { kind: 'plane', ms, observer: peer, plane: { ...where, ...seen, points } }
    yield markOf({ ms: ms + 4, peer, kind: 'iterated', ...where })
  }
}

export function icwtmScene(): RunDocument {
  const run = newRun(about)
  let values: readonly Vector[] = HONEST.map(peer => Float32Array.of(halfOf(peer)))
  const rows = [values]
  for (const peer of [...HONEST, LIAR])
    applyEvent(run, { kind: 'place', ms: 0, peer, status: 'running', step: 1 })
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    for (const event of exchange(values, iteration)) applyEvent(run, event)
    const before = values
    values = HONEST.map(peer =>
      cwtm(
        received(before, peer).map(({ vector }) => vector),
        about.maxFaulty,
      ),
    )
    rows.push(values)
  }
  const ms = ITERATIONS * ITERATION_MS
  const iterations = rows.map((row, iteration) => {
    const all = row.map(vector => vector[0]!)
    const points = all.map((x, peer) => ({ peer, x, y: 0 }))
    const mean = all.reduce((a, b) => a + b, 0) / all.length
    return {
      iteration,
      points,
      diameter: Math.max(...all) - Math.min(...all),
      bound: null,
      shift: Math.abs(mean - 0.5),
    }
  })
  applyEvent(run, { kind: 'paths', ms, paths: { shown: 1, iterations, ball: null } })
  const apart = iterations.at(-1)!.diameter
  const sentences = [
    `After ${ITERATIONS} iterations the honest peers are as far apart as before: ${apart} of 1. Concord refuses ICwTM below n = 5f + 1.`,
  ]
  const end = {
    ms,
    outcome: 'apart',
    sentences,
    violations: [],
    results: [],
    messages: null,
    bytes: null,
    wallSeconds: null,
    learningSeconds: null,
    trace: null,
  }
  applyEvent(run, { kind: 'end', end })
  return run
}
