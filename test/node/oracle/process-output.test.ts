/** What an oracle prints: whole lines, no flood. */
import test from 'ava'
import { createProcessOutput, linesMax, windowMs } from '../../../node/oracle/process-output.ts'

test('lines come whole, whatever the pieces; a redrawn line comes once', t => {
  const lines: string[] = []
  const processOutput = createProcessOutput(
    line => lines.push(line),
    () => 0,
  )
  for (const piece of ['one\ntw', 'o\n\n', ' 10 %\r 50 %\r 90 %\r\n', 'three']) processOutput.add(piece)
  t.deepEqual(lines, ['one', 'two', ' 90 %'])
  t.true(processOutput.last().endsWith('three'))
})

test('of a flood only the first lines come, and later how many more there were', t => {
  const lines: string[] = []
  let nowMs = 0
  const processOutput = createProcessOutput(
    line => lines.push(line),
    () => nowMs,
  )
  for (let i = 0; i < linesMax + 5; i++) processOutput.add(`line ${i}\n`)
  t.is(lines.length, linesMax)
  nowMs += windowMs
  processOutput.add('later\n')
  t.deepEqual(lines.slice(linesMax), ['(5 more lines)', 'later'])
})

test('the last words are kept short', t => {
  const processOutput = createProcessOutput(
    () => {},
    () => 0,
  )
  processOutput.add('x'.repeat(10_000))
  processOutput.add('the end\n')
  t.true(processOutput.last().length <= 2000)
  t.true(processOutput.last().endsWith('the end'))
})
