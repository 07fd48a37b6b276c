/** Tables fit a terminal of 80 columns, whatever is in them, and lose nothing; on narrower ones they say what they lose. */
import test, { type ExecutionContext } from 'ava'
import { columnsWithin } from '../../../../node/cli/terminal.ts'
import { partitionTableText } from '../../../../node/cli/view/partition-table.ts'
import { resultTable } from '../../../../node/cli/view/result.ts'
import { statusHead, statusRow } from '../../../../node/cli/view/status.ts'
import { tableLines } from '../../../../node/cli/view/table.ts'
import { columnsOf, wrapped } from '../../../../node/cli/view/wrap.ts'
import { run } from '../concord.ts'
import { recordedTerminal } from '../terminals.ts'

function fits(t: ExecutionContext, lines: readonly string[], what: string, width = 80): void {
  t.true(lines.length > 0, what)
  for (const line of lines) t.true(columnsOf(line) <= width, `${what}: ${columnsOf(line)} columns: ${line}`)
}

/** The words of a table, in the order of its rows' lines, without the borders. */
const words = (lines: readonly string[]) =>
  lines
    .join(' ')
    .replace(/[─│┌┐└┘├┤┬┴┼]/gu, ' ')
    .split(/\s+/u)

test('the table at the end of a run, with the longest that it can hold', async t => {
  const row = {
    peer: 1023,
    role: 'Byzantine, killed by SIGKILL',
    accuracy: 0.99999,
    loss: 1.79e6,
    distance: 1.23e-12,
    bytes: 123_456_789,
    faultsSeen: '12345 × unexpected-kind by peer 1022\n3 × bad-signature by a stranger',
  }
  const lines = await resultTable([row], recordedTerminal())
  fits(t, lines, 'result')
  for (const word of ['honest', 'mean', 'SIGKILL', 'unexpected-kind', 'stranger', '1.23e-12'])
    t.true(words(lines).includes(word), `${word} in ${lines.join('\n')}`)
})

test('at 60 columns the table at the end of a demo leaves columns out and names them', async t => {
  const rows = [0, 1].map(peer => ({
    peer,
    role: 'Byzantine: sign-flip',
    accuracy: 0.896,
    loss: 0.316,
    distance: 0,
    bytes: 198e6,
    peakBytes: 350e6,
    faultsSeen: 'none',
  }))
  const whole = await resultTable(rows, recordedTerminal())
  fits(t, whole, 'result')
  t.true(words(whole).join(' ').includes('350 MB'))
  t.false(whole.join().includes('not shown'))
  const lines = await resultTable(rows, recordedTerminal(60))
  fits(t, lines, 'result', 60)
  t.is(lines.at(-1), 'not shown, for want of room: peak memory, sent')
  t.false(lines.slice(0, -1).join().includes('MB'))
  const text = words(lines).join(' ')
  for (const kept of ['89.6 %', '0.316', 'none', 'sign-flip'])
    t.true(text.includes(kept), `${kept} in ${text}`)
  fits(t, await resultTable(rows, recordedTerminal(40)), 'result', 40)
})

test('a number is not parted from its unit where there is room for both', async t => {
  const lines = await tableLines(['peer', 'sent'], [['a peer with a long name', '198 MB']], { columns: 22 })
  t.true(
    lines.some(line => line.includes('198 MB')),
    lines.join('\n'),
  )
})

test('a terminal’s width counts between 40 and 80 columns, and 80 where it is not known', t => {
  t.deepEqual([undefined, 0, 20, 60, 80, 200].map(columnsWithin), [80, 80, 40, 60, 80, 80])
})

test('the members of a cohort, with names of any length', async t => {
  const name = 'a-machine-with-a-long-name.of-an-organisation.example.org'
  const other = {
    peer: 12,
    name,
    connected: true,
    seconds: 3600,
    step: 123_456,
    lag: 1234,
    faults: [{ kind: 'unexpected-kind', count: 12345 }],
    convicted: false,
    evidence: null,
    link: {
      unacknowledged: 12,
      keptMessages: 3456,
      keptBytes: 123_456_789,
      resentBytes: 0,
      withheld: 7,
      finished: false,
    },
  }
  const lines = await tableLines(statusHead, [statusRow(other)], { columns: 80 })
  fits(t, lines, 'status')
  const whole = lines.map(line => line.split('│')[1]?.trim() ?? '').join('')
  t.is(whole, `member${name}`, 'a word that fits no column is broken, and nothing of it is lost')
})

test('who holds what, of many classes', async t => {
  for (const classes of [1, 10, 47, 100]) {
    const counts = Array.from({ length: 3 }, (_, peer) => Array.from({ length: classes }, () => 5000 + peer))
    const table = { partition: 'iid', classes: [], counts } as never
    const lines = await partitionTableText(table, 80)
    fits(t, lines, `${classes} classes`)
    if (classes > 1) t.is(words(lines).filter(word => word === '5001').length, classes)
    t.true(words(lines).includes(String(5002 * classes)), 'the sum')
  }
})

test('who holds what, of classes with names as long as a file likes', async t => {
  const classNames = ['\u001b[31mA'.repeat(500), `Bb\u001b${'b'.repeat(3000)}`]
  const counts = Array.from({ length: 3 }, () => [1, 2])
  const lines = await partitionTableText(
    {
      data: 'd',
      partition: 'iid',
      seed: 1,
      notes: [],
      counts,
      classNames,
    },
    80,
  )
  fits(t, lines, 'long names')
  t.true(lines.length < 30, lines.join('\n'))
  t.true(words(lines).join('').includes('Bb\\x1b'), 'a name is cut where it is shown')
})

test('wide signs count as two columns', t => {
  t.deepEqual(wrapped('会議室 会議室', 6), ['会議室', '会議室'])
  t.deepEqual(wrapped('abcdefgh ij', 4), ['abcd', 'efgh', 'ij'])
  t.deepEqual(wrapped('a bad-signature of 1.5', 9), ['a bad-', 'signature', 'of 1.5'])
})

const COMMANDS = [
  ['bounds', '--peers', '1000', '--dimension', '431080'],
  ['bounds', '--peers', '1000', '--dimension', '431080', '--synchronous'],
  ['agree', '--iterations', '3'],
  ['data', 'show', '--peers', '3'],
  ['simulate', '--seeds', '3'],
  ['simulate', '--peers', '4', '--faults', '0', '--steps', '1', '--model', 'softmax', '--protocol', 'mean'],
]

for (const command of COMMANDS)
  test(`concord ${command.join(' ')}: its tables fit`, async t => {
    const { stdout, stderr } = await run(...command)
    const lines = stdout.split('\n').filter(line => /^[┌│├└]/u.test(line))
    fits(t, lines, `${stdout}\n${stderr}`)
  })
