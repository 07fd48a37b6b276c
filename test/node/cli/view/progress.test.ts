/** Progress: what a line says, how often it is said where nothing can move, and the time left. */
import { PassThrough } from 'node:stream'
import test from 'ava'
import { plain } from '../../../../node/cli/terminal.ts'
import { barLine, createEstimate, createProgress, plainLine } from '../../../../node/cli/view/progress.ts'
import { columnsOf } from '../../../../node/cli/view/wrap.ts'
import { recordedTerminal } from '../terminals.ts'

const snapshot = {
  step: 41,
  steps: 100,
  loss: 0.4321,
  diameter: 0.01234,
  bytes: 120_000_000,
  secondsLeft: 12.3,
}

test('a line has step, loss, honest diameter, traffic and time left', t => {
  t.is(plainLine(snapshot), 'step 41/100 · loss 0.432 · honest diameter 0.0123 · 120 MB · 12 s left')
  const bare = { ...snapshot, loss: null, diameter: null, bytes: null, secondsLeft: null }
  t.is(plainLine(bare), 'step 41/100')
})

test('the bar is as full as the run is far, and as wide as there is room', t => {
  const line = barLine(snapshot, plain, 73)
  t.is(line, 'step  41/100 ████░░░░░░ loss 0.432 · diameter 0.0123 · 120 MB · 12 s left')
  t.true(barLine({ ...snapshot, step: 100 }, plain, 100).includes(` ${'█'.repeat(24)} `))
  t.true(barLine({ ...snapshot, step: 0 }, plain, 100).includes(` ${'░'.repeat(24)} `))
})

test('the bar has the courses of loss and diameter beside them, and fits every width', async t => {
  const stream = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY: true, columns: 80 })
  const recorded = recordedTerminal()
  const last = async (columns: number) => {
    const terminal = { ...recorded, columns, live: stream as unknown as NodeJS.WriteStream }
    const progress = await createProgress(terminal, 100, () => 0)
    for (let step = 1; step <= 30; step++)
      progress.update({ step, loss: 2.3 / step, diameter: 10 ** -(step / 10), bytes: 1e9 })
    progress.stop()
    return recorded.printed.at(-1)!
  }
  const wide = await last(80)
  t.regex(wide, /loss 0\.0767 █[▁-█]+▁ · diameter 0\.001 █[▁-█]+▁ · 1 GB/u)
  for (const columns of [40, 50, 60, 70, 80]) {
    const line = await last(columns)
    t.true(columnsOf(line) <= columns, line)
    t.regex(line, /^step {2}30\/100 .*loss 0\.0767/)
  }
  t.regex(await last(60), /diameter 0\.001/)
})

test('the time left follows the pace since the first step', t => {
  const estimate = createEstimate(10)
  t.is(estimate(0, 100), null)
  t.is(estimate(2, 110), null)
  t.is(estimate(4, 114), 12)
  t.is(estimate(10, 126), 0)
})

test('without a terminal a line comes every few seconds, with the time left, and the last state at the end', async t => {
  const terminal = recordedTerminal()
  let nowMs = 0
  const progress = await createProgress(terminal, 100, () => nowMs)
  for (let step = 1; step <= 10; step++) {
    progress.update({ step, loss: 0.5, bytes: 1e6 })
    nowMs += 1000
  }
  progress.note('something happened')
  progress.stop()
  progress.stop()
  t.deepEqual(terminal.printed, [
    'step 1/100 · loss 0.5 · 1 MB',
    'step 4/100 · loss 0.5 · 1 MB · 1 min 36 s left',
    'step 7/100 · loss 0.5 · 1 MB · 1 min 33 s left',
    'step 10/100 · loss 0.5 · 1 MB · 1 min 30 s left',
    'something happened',
  ])
})

test('the last state is not said twice, and is said where it was too soon for it', async t => {
  const terminal = recordedTerminal()
  const progress = await createProgress(terminal, 100, () => 0)
  for (const step of [1, 2]) progress.update({ step, loss: null })
  progress.stop()
  t.deepEqual(
    terminal.printed.map(line => line.split(' · ')[0]),
    ['step 1/100', 'step 2/100'],
  )
})

test('without a terminal a line that stands is printed when it changes, and not too often', async t => {
  const terminal = recordedTerminal()
  let nowMs = 0
  const progress = await createProgress(terminal, 100, () => nowMs)
  const stand = (line: string | null, atMs: number) => {
    nowMs = atMs
    progress.stand(line)
  }
  stand('a', 0)
  stand('b', 9999)
  stand('c', 9999)
  stand('c', 10_000)
  stand('c', 30_000)
  stand(null, 50_000)
  stand('d', 50_000)
  t.deepEqual(terminal.printed, ['a', 'c', 'd'])
})

test('on a terminal a line that stands is rewritten in place, fits the width, and goes', async t => {
  const stream = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY: true, columns: 20 })
  const recorded = recordedTerminal()
  const terminal = {
    ...recorded,
    live: stream as unknown as NodeJS.WriteStream,
    print: (line: string) => void stream.write(`${line}\n`),
  }
  const progress = await createProgress(terminal, 100)
  progress.stand('waiting for ada')
  progress.stand('waiting for ada and bob')
  progress.stand('waiting for ada and bob')
  progress.note('a note')
  progress.stand('waiting\u001b[2J')
  progress.stop()
  const again = '\u001b[1G\u001b[2K'
  t.is(
    stream.read(),
    `waiting for ada${again}waiting for ada an…${again}a note\nwaiting for ada an…${again}${terminal.shown('waiting\u001b[2J')}${again}`,
  )
})
