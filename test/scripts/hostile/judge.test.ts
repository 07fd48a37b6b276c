/** What a run under attack is held against, and what `npm run hostile` takes for an order. */
import test from 'ava'
import { attackNamed } from '../../../scripts/hostile/attacks/list.ts'
import { deadlineMs, isOpen, judge } from '../../../scripts/hostile/judge.ts'
import { parseHostileArguments } from '../../../scripts/hostile/main.ts'
import type { Run } from '../../../scripts/hostile/run.ts'

const silent: Run = {
  peers: 3,
  finished: 3,
  seconds: 20,
  accuracy: 0.9,
  step: 60,
  steps: 60,
  failures: [],
  tally: null,
  peakMegabytes: 200,
  tenthMegabytes: 190,
  receivedBytes: 1000,
  cpuSeconds: 30,
  attackerCpuSeconds: null,
}
const tally = { connections: 1, refused: 0, acts: 1, sentBytes: 1, receivedBytes: 1 }
/** A turn under attack; the silent run takes 20 s. */
const turn = (difference: Partial<Run> = {}) => ({ silent, run: { ...silent, tally, ...difference } })
const [quick, patient] = [attackNamed('replays'), attackNamed('half-open')]

for (const [what, difference, broken] of [
  ['as quick as with a silent member', {}, []],
  ['within one and a half times the time', { seconds: 30 }, []],
  ['beyond it', { seconds: 33 }, ['1.65 times the time with a silent member']],
  ['a process that ended', { failures: ['peer 1 ended with 1'] }, ['peer 1 ended with 1']],
  ['who did not finish', { finished: 2, step: 7 }, ['1 of 3 did not finish: step 7 of 60']],
  ['far more memory', { peakMegabytes: 600 }, ['400 MB more than with a silent member']],
  ['memory that the system does not tell', { peakMegabytes: null }, []],
  [
    'growing in a long run',
    { steps: 2000, peakMegabytes: 300 },
    ['110 MB more at the end than after a tenth of the steps'],
  ],
  ['growing in a short one, where it proves nothing', { peakMegabytes: 300 }, []],
  [
    'sent back far more than honest peers are',
    { tally: { ...tally, receivedBytes: 50_000 } },
    ['the attacker was sent 50 times as much as an honest peer'],
  ],
  ['sent back somewhat more', { tally: { ...tally, receivedBytes: 9000 } }, []],
  ['a model that is worse', { accuracy: 0.8 }, ['accuracy 0.800, with a silent member 0.900']],
  ['an attack that never was', { tally: { ...tally, connections: 0 } }, ['the attack never came to pass']],
] as const)
  test(`judged: ${what}`, t => {
    t.deepEqual([...judge(quick, [turn(difference)]).broken], [...broken])
  })

test('far below its factor an attack has one turn; near it, or beyond, as many as decide what most of five show', t => {
  const open = (...seconds: number[]) =>
    isOpen(
      quick,
      seconds.map(each => turn({ seconds: each })),
    )
  t.false(open(25))
  t.true(open(26))
  t.true(open(50))
  t.true(open(29, 29))
  t.false(open(29, 29, 29))
  t.true(open(33, 29, 31))
  t.false(open(33, 33, 33))
  t.true(open(33, 29, 33, 29))
  t.false(open(33, 29, 33, 29, 29))
})

test('of the time counts what most turns show, of all else each turn', t => {
  const judged = (...runs: Partial<Run>[]) => judge(quick, runs.map(turn))
  t.deepEqual(judged({ seconds: 29 }, { seconds: 40 }, { seconds: 28 }), { times: 1.45, broken: [] })
  t.deepEqual(judged({ seconds: 40 }, { seconds: 20 }, { seconds: 36 }, { seconds: 34 }), {
    times: 1.75,
    broken: ['1.75 times the time with a silent member'],
  })
  t.deepEqual(judged({ peakMegabytes: 600 }, {}, { peakMegabytes: 600 }).broken, [
    '400 MB more than with a silent member',
  ])
})

test('what fell short by more than time has no other turn', t => {
  t.false(isOpen(quick, [turn({ seconds: 50, peakMegabytes: 600 })]))
  t.false(isOpen(quick, [turn({ seconds: 50, finished: 2 })]))
})

test('an attack may say what times it is allowed, and is waited for longer', t => {
  t.deepEqual(judge(patient, [turn({ seconds: 39 })]).broken, [])
  t.is(judge(patient, [turn({ seconds: 41 })]).broken.length, 1)
  t.is(deadlineMs(patient, silent), 80_000)
  t.is(deadlineMs(quick, silent), 60_000)
})

test('the command takes names of attacks, and says which there are', t => {
  const { wanted, json, list } = parseHostileArguments(['--only', 'replays,flapping', '--json', 'x.json'])
  t.deepEqual(
    wanted.map(({ name }) => name),
    ['replays', 'flapping'],
  )
  t.deepEqual([json, list], ['x.json', false])
  t.true(parseHostileArguments(['--list']).list)
  t.is(parseHostileArguments(['--steps', '20']).steps, 20)
  t.throws(() => parseHostileArguments(['--steps', 'many']), {
    message: /--steps is many; expected a whole number/,
  })
  t.throws(() => parseHostileArguments(['--only', 'nothing']), { message: /there is no attack "nothing"/ })
  t.throws(() => parseHostileArguments(['--onyl', 'replays']))
})
