/** `--topology` of real cohorts: `cohort create`, and a demo whose peers gossip. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { reportSchema } from '../../../node/daemon/report.ts'
import { memberId } from '../cohorts.ts'
import { run } from './concord.ts'
import { runInside } from './inside.ts'

const members = (count: number) => Array.from({ length: count }, (_, i) => `peer-${i}=${memberId(i)}`)

test('cohort create writes a topology, and its file of edges out; what does not fit is refused by name', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'concord-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const [drawn, listed, edges] = ['drawn.yaml', 'listed.yaml', 'edges.txt'].map(name => join(folder, name))
  await writeFile(edges!, '0 1\n1 2 # and so on\n')
  const create = ['cohort', 'create']
  const [regular, file, ring, pulls, alone, beside, judging] = await Promise.all([
    runInside(...create, drawn!, '--topology', 'regular:6', ...members(12)),
    runInside(...create, listed!, '--topology', edges!, '--rule', 'clipped-gossip', ...members(3)),
    runInside(...create, join(folder, 'a'), '--topology', 'ring', '--faults', '1', ...members(6)),
    runInside(...create, join(folder, 'b'), '--topology', 'pull:3', ...members(6)),
    runInside(...create, join(folder, 'c'), '--rule', 'monna', ...members(6)),
    runInside(...create, join(folder, 'd'), '--topology', 'complete', '--quorum', '4', ...members(6)),
    runInside(...create, join(folder, 'e'), '--topology', 'complete', '--rule', 'ubar', ...members(6)),
  ])
  t.is(regular.code, 0, regular.stderr)
  t.regex(
    regular.stdout,
    /12 members, of whose neighbours 1 may be faulty, gossip monna over regular:6, vectors whole/,
  )
  const text = await readFile(drawn!, 'utf8')
  t.regex(text, /^topology: regular:6$/m)
  t.regex(text, /^rule: monna$/m)
  t.regex(text, /^unsafe: false$/m)
  t.is(file.code, 0, file.stderr)
  t.regex(file.stdout, /of whose neighbours 0 may be faulty, gossip clipped-gossip over 2 edges/)
  const shown = await runInside('cohort', 'show', listed!, '--field', 'topology')
  t.deepEqual(JSON.parse(shown.stdout), [
    [0, 1],
    [1, 2],
  ])
  t.regex(ring.stderr, /--topology ring: peer 0 has 2 neighbours, and f = 1 .*; --unsafe runs it anyway/)
  t.regex(pulls.stderr, /--topology is "pull:3", which draws other peers in every step/)
  t.regex(alone.stderr, /--rule is "monna", which is for peers that gossip; expected --topology beside it/)
  t.regex(beside.stderr, /--quorum is about agreement among all; expected none with --topology/)
  t.regex(
    judging.stderr,
    /--rule is "ubar"; expected a rule that looks at vectors alone: ubar goes by the losses/,
  )
  for (const { code } of [ring, pulls, alone, beside, judging]) t.is(code, 2)
})

test('a demo over a graph: peers connect along its edges, learn, and are contrasted with plain averaging over it', async t => {
  const args = ['--topology', 'complete', '--peers', '6', '--byzantine', '1', '--attack', 'random']
  const small = ['--model', 'softmax', '--batch', '8', '--steps', '6', '--json']
  const { code, stdout, stderr } = await run('demo', ...args, ...small)
  t.is(code, 0, stderr)
  const report = reportSchema.parse(JSON.parse(stdout))
  t.is(report.cohort.protocol, 'gossip monna')
  t.is(report.cohort.topology, 'complete')
  t.is(report.outcome, 'finished')
  t.deepEqual(report.byzantine, { peers: [5], attack: 'random' })
  t.is(report.honest.length, 5)
  t.is(report.diameter.gradient, null)
  // Those who all hear the same average the same: 0 is right. With a vector of the liar among them, it is not below 1.
  t.true(report.diameter.last !== null && report.diameter.last < 1, String(report.diameter.last))
  t.is(report.contrast!.protocol, 'mean')
  t.deepEqual(report.violations, [])
  t.regex(
    stderr,
    /6 peers, one process each, at most 1 faulty among a peer’s neighbours; gossip monna over complete/,
  )
})

test('a demo refuses liars that the graph does not take, and attacks that gossip has no use for', async t => {
  const [many, messages] = await Promise.all([
    runInside('demo', '--topology', 'regular:6', '--peers', '12', '--byzantine', '6'),
    runInside('demo', '--topology', 'regular:6', '--peers', '12', '--attack', 'forge'),
  ])
  t.regex(many.stderr, /--topology regular:6: peer \d+ has \d liars among its 6 neighbours/)
  t.regex(messages.stderr, /--attack forge acts on what agreements say/)
  for (const { code } of [many, messages]) t.is(code, 2)
})
