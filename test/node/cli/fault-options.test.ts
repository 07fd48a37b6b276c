/** `--crash 3@5` and its like: what they become, and what is said where they cannot be meant. */
import test from 'ava'
import { faultOptions, injectedFaultsOf } from '../../../node/cli/fault-options.ts'

type Name = keyof typeof faultOptions

const defaultScene = { peers: 7, steps: 20, maxFaulty: 1, liars: [6], unsafe: false }

/** As the command line gives them: option by option, in order. */
function parsed(line: string) {
  const values = { crash: [], restart: [], isolate: [], pause: [], slow: [] } as Parameters<
    typeof injectedFaultsOf
  >[0]
  const all: Record<Name, unknown> = { ...values }
  const words = line.split(' ')
  for (let i = 0; i < words.length; i += 2) {
    const name = words[i]!.slice(2) as Name
    all[name] = faultOptions[name].parse!(words[i + 1]!, words[i]!, all[name])
  }
  return all as typeof values
}

const faultsOf = (line: string, scene: Partial<typeof defaultScene> = {}) =>
  injectedFaultsOf(parsed(line), { ...defaultScene, ...scene })

const span = (step: number, untilStep: number | null) => ({ at: { step }, untilStep })

test('each option, given once, with several peers, or again', t => {
  t.deepEqual(faultsOf('--crash 3@5 --restart 3@9'), [{ kind: 'crash', peer: 3, kept: 0, ...span(5, 9) }])
  t.deepEqual(faultsOf('--isolate 4,1@12-15'), [{ kind: 'partition', side: [1, 4], ...span(12, 15) }])
  t.deepEqual(faultsOf('--pause 2,3@1-20 --pause 4@2-3'), [
    { kind: 'pause', peer: 2, ...span(1, 20) },
    { kind: 'pause', peer: 3, ...span(1, 20) },
    { kind: 'pause', peer: 4, ...span(2, 3) },
  ])
  t.deepEqual(faultsOf('--slow 6@4-5:2.5 --slow 0:10'), [
    { kind: 'slow', peer: 6, factor: 2.5, ...span(4, 5) },
    { kind: 'slow', peer: 0, factor: 10, ...span(1, null) },
  ])
})

test('a peer may crash again once it is back, even at the same step', t => {
  t.deepEqual(faultsOf('--crash 3@5 --crash 3@9 --restart 3@9 --restart 3@12 --crash 4@5 --restart 4@7'), [
    { kind: 'crash', peer: 3, kept: 0, ...span(5, 9) },
    { kind: 'crash', peer: 3, kept: 0, ...span(9, 12) },
    { kind: 'crash', peer: 4, kept: 0, ...span(5, 7) },
  ])
})

test('any number may be away that comes back; gone for good and Byzantine together at most f', t => {
  t.is(faultsOf('--crash 0,1,2,3@5 --restart 0,1,2,3@6').length, 4)
  t.is(faultsOf('--crash 3@5', { liars: [] }).length, 1)
  t.is(faultsOf('--crash 3@5', { maxFaulty: 2 }).length, 1)
  t.is(faultsOf('--crash 0,1,2@5', { unsafe: true }).length, 3)
})

test('fewer liars are no advice where nobody lies', t => {
  const error = t.throws(() => faultsOf('--crash 3@5', { maxFaulty: 0, liars: [] }), { name: 'UsageError' })
  t.regex(error!.message, /for good: more than f = 0; expected --restart 3@STEP, or --unsafe/)
})

test('partitions of the very same steps split a cohort into more than two', t => {
  t.is(faultsOf('--isolate 0@3-5 --isolate 1@3-5 --isolate 2@5-7').length, 3)
})

const wrong: readonly (readonly [line: string, expected: RegExp])[] = [
  ['--crash 3', /^--crash is "3"; expected such as 3@5, or 2,3@5; --crash may be given several times$/],
  ['--crash 3@5-7', /--crash is "3@5-7"; expected such as/],
  ['--isolate 3@5', /--isolate is "3@5"; expected such as 0,1@12-15/],
  ['--slow 3@5-7', /--slow is "3@5-7"; expected such as 3@5-9:10, or 3:10 for the whole run/],
  ['--slow 3:-2', /--slow is "3:-2"; expected such as/],
  ['--pause x@1-2', /--pause is "x@1-2"; expected such as 3@5-9/],
  ['--crash 7@5', /--crash is "7@5": there is no peer 7; expected peers from 0 to 6/],
  ['--isolate 0,9@5-6', /there is no peer 9; expected peers from 0 to 6/],
  ['--crash 3@21', /--crash is "3@21": there is no step 21; expected steps from 1 to 20 \(--steps\)/],
  ['--pause 3@0-4', /there is no step 0; expected steps from 1 to 20/],
  ['--pause 3@4-21', /there is no step 21; expected steps from 1 to 20/],
  ['--pause 3@6-4', /--pause is "3@6-4": it ends before it begins; expected FROM-TO with FROM below TO/],
  ['--pause 3@6-6', /it ends before it begins/],
  ['--pause 3,3@5-6', /a peer is named twice; expected each once/],
  ['--slow 3:0.5', /--slow is "3:0.5": the factor is 0.5; expected at least 1/],
  ['--isolate 0,1,2,3,4,5,6@5-6', /it names all peers; expected one side/],
  ['--crash 6@5 --restart 6@7', /--crash is "6@5": peer 6 is Byzantine .*; expected an honest peer/],
  [
    '--restart 3@9',
    /--restart is "3@9": peer 3 is not down then; expected --crash 3@STEP with a step before 9/,
  ],
  ['--crash 3@9 --restart 3@5', /--restart is "3@5": peer 3 is not down then/],
  ['--crash 3@5 --restart 3@5', /--restart is "3@5": peer 3 is not down then/],
  [
    '--crash 3@5 --crash 3@7 --restart 3@9',
    /--crash is "3@7": peer 3 is down since step 5; expected --restart 3@STEP in between/,
  ],
  [
    '--crash 3@5',
    /--crash takes peer 3 for good, and 1 peer is Byzantine: more than f = 1; expected --restart 3@STEP, --byzantine 0, or --unsafe/,
  ],
  [
    '--crash 2,3@5 --restart 2@9 --crash 2@10',
    /--crash takes peers 2 and 3 for good, .*: more than f = 1; expected --restart 2,3@STEP, or --unsafe/,
  ],
  [
    '--pause 3@4-8 --pause 2,3@6-9',
    /--pause is "2,3@6-9", and "3@4-8" is at the same time; expected one after the other/,
  ],
  ['--slow 3:4 --slow 3@6-9:8', /--slow is "3@6-9:8", and "3:4" is at the same time/],
  ['--isolate 0@4-8 --isolate 1@6-9', /expected the very same steps, or one after the other/],
]

for (const [line, expected] of wrong)
  test(`wrong: ${line}`, t => {
    const error = t.throws(() => faultsOf(line), { name: 'UsageError' })
    t.regex(error!.message, expected)
  })
