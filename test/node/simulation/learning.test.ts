/**
 * Cohorts that learn under every kind of injected fault, drawn from seeds: the first forty, and every seed that ever
 * failed, with the failure that it showed.
 */
import test from 'ava'
import { simulateLearning } from '../../../node/simulation/swarm/learning/run.ts'
import { drawLearningScenario } from '../../../node/simulation/swarm/learning/scenario.ts'
import { runSeed } from '../../../node/simulation/swarm/swarm.ts'

const runLearningSeed = (seed: number) => runSeed(seed, 'learning')

for (let decade = 0; decade < 4; decade++)
  test(`cohorts of seeds ${10 * decade} … ${10 * decade + 9} keep every promise`, t => {
    for (let seed = 10 * decade; seed < 10 * decade + 10; seed++) {
      const { violation } = runLearningSeed(seed)
      t.is(violation, null, `seed ${seed}: ${violation?.checker}: ${violation?.detail}`)
    }
  })

/** Seeds and the failures that they showed. A later draw may have made them harmless; then they are just more seeds. */
const once: readonly (readonly [number, string])[] = [
  [51, 'a peer that stopped within its first step was taken for one that had lost its memory'],
  [67, 'two sides of a link that restarted at the same time lost messages'],
  [86, 'an old answer about its place reached a peer’s later incarnation, which then signed a slot again'],
  [126, 'the same, after a lost disk and a crash'],
  [153, 'the same, with links that keep little'],
  [80, 'two of eleven had forgotten messages that a peer needed, and were too few to be believed'],
  [38, 'a control frame found a full socket and was lost, so a peer waited for ever'],
  [1177, 'a peer that restarted again and again was taken for one that asks all the time'],
  [1449, 'a link that its own message reset still counted the message, and took the next one for a resend'],
  [3864, 'liars helped all but one peer to go on, and then told it nothing'],
  [
    7283,
    'one peer had missed a step, another had lost its disk, and a third waited for both in that step for ever',
  ],
  [11555, 'a liar acknowledged messages that it had not been sent, which ended an honest peer'],
  [18140, 'the simulated disk lost synced records when a rewrite came in between'],
  [22341, 'a peer that was left behind asked, went back and asked again, until it was blamed for it'],
  [31719, 'a peer lost its disk before any peer within reach had heard from it, so none could know'],
  [36439, 'too few peers gave parameters of one step: some had restarted, and one waited for the asker'],
  [
    1903,
    'a peer whose full disk ended it again and again was answered no more, and told to stay where it was',
  ],
  [2188, 'a second process that knew of no conviction was taken for the peer that had convicted'],
  [702, 'a peer that came back after the last step waited for the others to begin it'],
  [
    999,
    'a peer that began anew too often to be answered stayed where it was, for it had asked as it started',
  ],
  [
    61643,
    'a peer was told as it started that one says nothing in its step; later more did, and no link said so, for all waited',
  ],
  [468, 'a restarted peer did not learn that messages of its former incarnation were forgotten'],
]

for (const [seed, showed] of once)
  test(`seed ${seed}, which once failed: ${showed}`, t => {
    const { violation } = runLearningSeed(seed)
    t.is(violation, null, `${violation?.checker}: ${violation?.detail}`)
  })

test('the seeds serve their purpose: peers restart, lose their disks and catch up', t => {
  const scenarios = Array.from({ length: 300 }, (_, seed) => drawLearningScenario(seed))
  const kinds = scenarios.flatMap(({ conditions }) => conditions.injectedFaults.map(({ kind }) => kind))
  const expected = ['crash', 'pause', 'partition', 'apart', 'stall', 'disk-full', 'disk-lost'] as const
  for (const kind of [...expected, 'disk-flip', 'disk-old', 'rollback', 'clone'] as const)
    t.true(kinds.includes(kind), kind)
  const lost = drawLearningScenario(42)
  t.true(lost.conditions.injectedFaults.some(({ kind }) => kind === 'disk-lost'))
  const { restarts, caughtUp } = simulateLearning(lost)
  t.true(restarts > 0)
  t.true(
    caughtUp > lost.cohort.members.length,
    'each asks once at its first start, and who lost its disk again',
  )
})

test('the same seed gives the same run', t => {
  t.deepEqual(runLearningSeed(3), runLearningSeed(3))
})
