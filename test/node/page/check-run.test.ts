/** Documents and reports that are damaged, or made to do harm, are refused with a sentence that names the field. */
import test from 'ava'
import { cleaned } from '../../../node/page/app/clean.ts'
import { wrongIn } from '../../../node/page/check-run.ts'
import { runsIn } from '../../../node/page/documents.ts'
import { sampleRun } from '../../../scripts/page/samples.ts'

type Changed = Record<string, unknown> & { about: Record<string, unknown>; peers: unknown[]; steps: object[] }

const changed = (change: (run: Changed) => void): unknown => {
  const run = JSON.parse(JSON.stringify(sampleRun({ steps: 5 }))) as Changed
  change(run)
  return run
}

const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth))

test('a whole document is right, and one with fields of a newer writer, too', t => {
  t.is(wrongIn(changed(() => undefined)), null)
  t.is(wrongIn(changed(run => Object.assign(run, { more: { of: 'it' } }))), null)
})

const bad: readonly (readonly [string, (run: Changed) => void, RegExp])[] = [
  ['null among its steps', run => Object.assign(run, { steps: [null] }), /^"steps\[0\]" is null/],
  ['null for a place', run => run.peers.fill(null, 3), /^"peers\[3\]" is null/],
  [
    'an object as title',
    run => Object.assign(run.about, { title: { type: 'script' } }),
    /^"about.title" is an object/,
  ],
  ['settings that are a number', run => Object.assign(run.about, { settings: 5 }), /^"about.settings" is 5/],
  ['no list of what was thinned', run => delete run.thinned, /^"thinned" is missing/],
  ['an empty end', run => Object.assign(run, { end: {} }), /^"end.ms" is missing/],
  ['null among its notes', run => Object.assign(run, { notes: [null] }), /^"notes\[0\]" is null/],
  [
    'a state that is none',
    run => Object.assign(run, { state: '__proto__' }),
    /^"state" is .*expected one of running/,
  ],
  [
    'too many steps',
    run => Object.assign(run, { steps: Array(300_000).fill(run.steps[0]) }),
    /^"steps" is a list of 300000/,
  ],
  [
    'too many peers',
    run => Object.assign(run.about, { peers: Array(1025).fill(run.about.peers) }),
    /^"about.peers" is/,
  ],
  ['a time without end', run => Object.assign(run, { ms: 1e308 }), /^"ms" is 1e\+308/],
  [
    'a peer that is none',
    run => Object.assign(run, { faults: [{ ...(run.faults as object), ms: 1, step: 1, observer: 7 }] }),
    /^"faults\[0\].observer" is 7/,
  ],
  [
    'a loss that is a text',
    run => Object.assign(run.steps[2]!, { loss: 'x' }),
    /^"steps\[2\].loss" is a text; expected a finite number, or null/,
  ],
  ['depth', run => Object.assign(run, { more: nested(50_000) }), /nested too deeply/],
]

for (const [what, change, sentence] of bad)
  test(`a document with ${what} is refused`, t => {
    t.regex(wrongIn(changed(change)) ?? 'nothing is wrong', sentence)
  })

test('what holds no run that can be shown says what would be right', t => {
  const report = { command: 'simulate', cohort: { peers: 3 }, honest: [] }
  const series = Array.from({ length: 4000 }, (_, at) => ({ step: 4000 - at, accuracy: 0.5 }))
  const wrongs: readonly (readonly [unknown, RegExp])[] = [
    [[], /holds no run: its list of runs is empty/],
    [Array(100).fill([]), /holds 100 runs; expected at most 64/],
    [null, /its content is null; expected a file/],
    [{ format: 'concord-run', version: 1 }, /"about" is missing/],
    [{ format: 'concord-run', version: { toString: 1 } }, /has version none/],
    [{ ...report, cohort: { peers: 1e9 } }, /"cohort.peers" is not a number of peers/],
    [
      { ...report, cohort: { peers: 1024 }, honest: [{ peer: 0, series }] },
      /4000 steps of 1024 peers; expected at most/,
    ],
  ]
  for (const [value, sentence] of wrongs) {
    const [read] = runsIn(value, 'The file x')
    t.regex(read?.wrong ?? 'nothing is wrong', sentence)
    t.true(read?.wrong?.includes('The file x'))
  }
})

test('a report with values that are no settings is shown without them, and peers that are none are left out', t => {
  const model = { toString: 1, valueOf: 1 }
  const honest = [{ peer: 1, series: [{ step: 1e308, loss: 1 }] }, { peer: -1 }, { peer: 1.5 }, { peer: 3 }]
  const [read] = runsIn({ command: 'join', cohort: { peers: 3, model }, honest, wallSeconds: 1e308 }, 'x')
  t.is(read?.wrong, null)
  t.deepEqual(
    read?.run?.end?.results.map(({ peer }) => peer),
    [1],
  )
  const deep = { command: 'join', cohort: { peers: 3, model: nested(100_000) }, honest: [] }
  t.is(runsIn(deep, 'x')[0]?.wrong, null)
})

test('steps of a report in any order become rows in order', t => {
  const series = [3, 1, 2].map(step => ({ step, loss: step / 10 }))
  const [read] = runsIn(
    { command: 'join', steps: 4, cohort: { peers: 1 }, honest: [{ peer: 0, series }] },
    'x',
  )
  t.deepEqual(
    read?.run?.steps.map(({ step, losses }) => [step, losses[0]]),
    [
      [1, 0.1],
      [2, 0.2],
      [3, 0.3],
      [4, null],
    ],
  )
})

test('text is cleaned however deep it lies', t => {
  const value = { more: nested(100_000), name: 'a\u202eb' }
  t.is(cleaned(value).name, 'a\\u202eb')
})
