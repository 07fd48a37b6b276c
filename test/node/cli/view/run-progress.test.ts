/** Progress of many runs: what a line says, and that it fits. */
import test from 'ava'
import { createRunMeter } from '../../../../node/cli/view/run-progress.ts'
import { recordedTerminal } from '../terminals.ts'

async function lineAfter(seconds: number, progress: object): Promise<string> {
  const terminal = recordedTerminal()
  let nowMs = 0
  const meter = await createRunMeter(terminal, () => nowMs)
  nowMs = 1000 * seconds
  const none = { finished: 0, runs: 1, done: 0, secondsLeft: null, current: ['rule cwtm, seed 1'] }
  meter.update({ ...none, ...progress })
  meter.stop()
  return terminal.printed.join('\n')
}

test('a line counts the runs: those done, those of an earlier command, those that failed; and the time', async t => {
  const some = { finished: 57, runs: 216, earlier: 40, failed: 2, done: 0.2, secondsLeft: 125 }
  t.is(await lineAfter(72, some), '57 of 216 done (40 before), 2 failed, after 1 min 12 s; 2 min 5 s left')
  t.is(await lineAfter(5, { runs: 12 }), '0 of 12 done, after 5.0 s')
  t.is(await lineAfter(4, { runs: 12 }), '', 'not before five seconds')
})

test('the line of a large sweep fits 80 columns', async t => {
  const many = { finished: 9345, runs: 9999, earlier: 9000, failed: 123, done: 0.9, secondsLeft: 5455 }
  t.true((await lineAfter(45_296, many)).length <= 80)
})
