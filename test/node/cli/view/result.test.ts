/** The end of a run: table and contrast. */
import test from 'ava'
import {
  contrastTable,
  faultsText,
  resultTable,
  stuckLines,
  wantedText,
} from '../../../../node/cli/view/result.ts'
import { recordedTerminal } from '../terminals.ts'

test('faults are listed with who did them', t => {
  t.is(faultsText([]), 'none')
  const faults = [
    { peer: null, kind: 'stranger', count: 1 },
    { peer: 6, kind: 'bad-signature', count: 3 },
  ]
  t.is(faultsText(faults), '1 × stranger by a stranger\n3 × bad-signature by peer 6')
  t.is(
    faultsText(faults, peer => `m${peer}`),
    '1 × stranger by a stranger\n3 × bad-signature by m6',
  )
})

test('whom a peer waits for, and for how many of them', t => {
  t.is(wantedText({ phase: 'gradient', needed: 1 }, ['dora', 'bob']), '1 more vector, from dora or bob')
  t.is(wantedText({ phase: 'parameters', needed: 2 }, ['dora']), '2 more vectors, from dora')
  const many = Array.from({ length: 41 }, (_, peer) => `peer ${peer}`)
  t.is(
    wantedText({ phase: 'gradient', needed: 38 }, many),
    '38 more vectors, from peer 0, peer 1, peer 2, peer 3, peer 4, peer 5 or one of 35 others',
  )
  t.is(
    wantedText({ phase: 'gradient', needed: 1 }, many.slice(0, 7)),
    '1 more vector, from peer 0, peer 1, peer 2, peer 3, peer 4, peer 5 or peer 6',
  )
  t.is(
    wantedText({ phase: 'catching-up', needed: 1 }, ['cleo', 'dora']),
    '1 more peer to answer, cleo or dora',
  )
})

test('peers that are stuck alike are told of in one line', t => {
  const stuck = [
    { peer: 0, step: 1, waitingFor: [3, 4] },
    { peer: 1, step: 2, waitingFor: [4] },
    { peer: 2, step: 1, waitingFor: [3, 4] },
  ]
  t.deepEqual(stuckLines(stuck, 1), [
    'peers 0 and 2 are stuck at step 1, waiting for peers 3 and 4, more peers than f = 1',
    'peer 1 is stuck at step 2, waiting for peer 4',
  ])
})

test('the table has a row a peer, with dashes for what does not exist', async t => {
  const honest = {
    peer: 0,
    role: 'honest',
    accuracy: 0.9,
    loss: 0.25,
    distance: 0.001,
    bytes: 5e6,
    faultsSeen: 'none',
  }
  const liar = {
    peer: 1,
    role: 'Byzantine: zero',
    accuracy: null,
    loss: null,
    distance: null,
    bytes: null,
    faultsSeen: '–',
  }
  const table = (await resultTable([honest, liar], recordedTerminal())).join('\n')
  const cells = table
    .split('\n')
    .filter(line => /[│] \d/.test(line))
    .map(line =>
      line
        .split('│')
        .slice(1, -1)
        .map(cell => cell.trim()),
    )
  t.deepEqual(cells, [
    ['0', 'honest', '90.0 %', '0.25', '0.001', '5 MB', 'none'],
    ['1', 'Byzantine: zero', '–', '–', '–', '–', '–'],
  ])
  const words = table.split(/[│\s]+/u)
  for (const word of ['accuracy', 'loss', 'to', 'honest', 'mean', 'sent', 'faults', 'seen'])
    t.true(words.includes(word), word)
})

test('what a peer saw of several others has a line for each', async t => {
  const faultsSeen = faultsText([
    { peer: 3, kind: 'flooding', count: 2 },
    { peer: null, kind: 'stranger', count: 1 },
  ])
  const row = { peer: 0, role: 'honest', accuracy: null, loss: null, distance: null, bytes: null, faultsSeen }
  const lines = await resultTable([row], recordedTerminal())
  t.regex(lines.at(-3)!, /│ 2 × flooding by peer 3 +│$/)
  t.regex(lines.at(-2)!, /│ 1 × stranger by a stranger +│$/)
})

test('two runs stand side by side', async t => {
  const lines = await contrastTable(
    [
      { title: 'with mda', accuracy: { min: 0.9, mean: 0.92 }, loss: 0.3, diameter: 0 },
      { title: 'with plain averaging', accuracy: { min: 0.1, mean: 0.11 }, loss: 2.3, diameter: 4 },
    ],
    recordedTerminal(),
  )
  const table = lines.join('\n')
  t.regex(table, /with mda +│ with plain averaging/)
  t.regex(table, /accuracy, worst +│ 90\.0 % +│ 10\.0 %/)
  t.regex(table, /honest diameter +│ 0 +│ 4 /)
})
