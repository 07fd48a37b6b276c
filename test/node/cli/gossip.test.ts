/** `simulate --architecture gossip` and `bounds --topology` from outside. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { reportSchema } from '../../../node/daemon/report.ts'
import { createDigests } from '../../../node/sweep/inputs.ts'
import { prepare, prepareOrSkip } from '../../../node/sweep/prepare.ts'
import { createPrograms } from '../../../node/sweep/programs.ts'
import { withPaths } from '../../../node/sweep/settings.ts'
import { run } from './concord.ts'
import { runInside } from './inside.ts'

const short = ['--model', 'softmax', '--steps', '15']
const gossip = ['simulate', '--architecture', 'gossip', ...short]

test('peers that gossip learn although some lie, and report as others do', async t => {
  const args = [
    ...gossip,
    '--topology',
    'regular:4',
    '--peers',
    '10',
    '--faults',
    '2',
    '--attack',
    'little',
    '--rule',
    'clipped-gossip',
    '--json',
  ]
  const [first, again] = await Promise.all([run(...args), run(...args)])
  t.is(first.code, 0, first.stderr)
  const report = reportSchema.parse(JSON.parse(first.stdout))
  t.is(report.cohort.protocol, 'gossip clipped-gossip')
  t.is(report.cohort.topology, 'regular:4')
  t.deepEqual(report.byzantine, { peers: [8, 9], attack: 'little' })
  t.is(report.honest.length, 8)
  t.is(report.steps, 15)
  t.true(report.accuracy.min! > 0.3 && report.accuracy.min! <= report.accuracy.mean!)
  t.true(report.diameter.last! > 0)
  // Every honest peer sends to its four neighbours, and hears liars, which say nothing to each other.
  t.is(report.bytes, report.messages * 4 * 7850)
  t.is(report.honest[0]!.bytesSent, 15 * 4 * 4 * 7850)
  const { wallSeconds: _, learningSeconds: __, ...same } = JSON.parse(again.stdout)
  t.like(report, same)
})

test('a rule that goes by losses asks the oracles for them', async t => {
  const ubar = ['--rule', 'ubar', '--peers', '8', '--topology', 'regular:4', '--attack', 'little', '--json']
  const few = await run(...gossip, ...ubar, '--batch', '4')
  t.is(few.code, 0, few.stderr)
  const { accuracy, cohort } = reportSchema.parse(JSON.parse(few.stdout))
  t.is(cohort.protocol, 'gossip ubar')
  t.true(accuracy.min! > 0.3)
})

test('--liars names the peers that lie in gossip, too, without their number beside it', async t => {
  const settings = { architecture: 'gossip', topology: 'regular:6', peers: 20, faults: 3, model: 'softmax' }
  const { scenario } = await prepare({ ...settings, liars: '0,3' }, createPrograms())
  t.deepEqual(scenario.liars, [0, 3])
})

test('a checkpoint of one run is the start of another; a file of edges is a graph; pulls are another', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'concord-gossip-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const edges = join(folder, 'edges.txt')
  writeFileSync(edges, '0 1\n1 2\n2 3\n3 0\n')
  const saved = join(folder, 'learnt.safetensors')
  const few = [...gossip, '--peers', '4', '--faults', '0']
  const first = await run(...few, '--topology', edges, '--save', saved, '--evaluate-every', '5')
  t.is(first.code, 0, first.stderr)
  t.regex(first.stdout, /over .*edges\.txt \(degree 2\)/)
  t.true(readFileSync(saved).length > 7850 * 4)
  const second = await run(...few, '--topology', 'pull:2', '--init', saved, '--evaluate-every', '5', '--json')
  t.is(second.code, 0, second.stderr)
  const report = reportSchema.parse(JSON.parse(second.stdout))
  t.deepEqual(
    report.honest[0]!.series!.map(({ step }) => step),
    [0, 5, 10],
  )
  t.true(report.honest[0]!.series![0]!.accuracy! > 0.3)
  t.is(report.messages, 4 * 2 * 15)
})

const refused: readonly (readonly [Readonly<Record<string, string | number>>, RegExp])[] = [
  [{ topology: 'ring', faults: 2 }, /peer 0 has 2 neighbours, and f = 2 .*; --unsafe runs it anyway/],
  [
    { topology: 'regular:3', peers: 20, byzantine: 10, faults: 1 },
    /peer 2 has 2 liars among its 3 neighbours/,
  ],
  [{ topology: 'regular:3' }, /the ends of edges would be an odd number/],
  [{ topology: 'star' }, /"star" is no topology; expected complete, ring/],
  [{ topology: './none.txt' }, /there is no such file; expected a file of edges/],
  [{ attack: 'crash' }, /--attack crash acts on what agreements say/],
  [
    { protocol: 'rb-tm' },
    /--protocol is about agreement between peers; expected none with --architecture gossip/,
  ],
  [{ keepBytes: '100M' }, /--keep-bytes is about agreement between peers/],
  [{ averaging: 0.5 }, /--averaging is about a server/],
  [{ oracle: 'true' }, /peers that gossip learn our models/],
  [{ model: 'external' }, /peers that gossip learn our models/],
  [{ partition: 'shared' }, /every worker of a server/],
  [{ rule: 'monna', param: 'pivot=1' }, /each peer trusts its own vector/],
  [{ rule: 'clipped-gossip', param: 'm=1' }, /has no parameter m; it has tau/],
]

for (const [settings, message] of refused)
  test(`refused: ${JSON.stringify(settings)}`, async t => {
    const gossips = Object.assign({ architecture: 'gossip', model: 'softmax', steps: 15 }, settings)
    await t.throwsAsync(prepare(gossips, createPrograms()), { message })
  })

test('a graph that liars break is skipped by a sweep, with the reason', async t => {
  const cell = { architecture: 'gossip', model: 'softmax', peers: 9, topology: 'ring', faults: 2 }
  t.regex(String(await prepareOrSkip(cell, createPrograms())), /peer 0 has 2 neighbours/)
  const fit = await prepareOrSkip(Object.assign(cell, { faults: 1 }), createPrograms())
  t.like(fit, { kind: 'gossip', rule: { name: 'monna' }, scenario: { liars: [8], topology: 'ring' } })
})

test('a graph that has changed is another run', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'concord-graph-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const edges = join(folder, 'edges.txt')
  const topology = withPaths({ topology: './edges.txt' }, folder).topology!
  t.is(topology, edges)
  const digest = async (text: string) => {
    writeFileSync(edges, text)
    return (await createDigests().of({ topology }))[edges]
  }
  const [square, line] = [await digest('0 1\n1 2\n2 3\n3 0\n'), await digest('0 1\n1 2\n2 3\n')]
  t.truthy(square)
  t.not(square, line)
  t.deepEqual(await createDigests().of({ topology: 'ring' }), {})
})

test('what is of gossip alone is refused elsewhere; --unsafe studies the failure', async t => {
  const [topology, rule, server, page, unsafe] = await Promise.all([
    runInside('simulate', '--topology', 'ring'),
    runInside('simulate', '--rule', 'balance'),
    runInside('simulate', '--architecture', 'server', '--rule', 'clipped-gossip'),
    runInside(...gossip, '--page', 'none.html'),
    run(
      ...gossip,
      '--topology',
      'ring',
      '--byzantine',
      '3',
      '--unsafe',
      '--rule',
      'clipped-gossip',
      '--json',
    ),
  ])
  t.regex(topology.stderr, /--topology is about gossip; expected --architecture gossip/)
  t.regex(page.stderr, /gossip has none; expected none with --architecture gossip/)
  for (const { code, stderr } of [rule, server]) {
    t.is(code, 2)
    t.regex(stderr, /asks whose vector is the peer's own; expected --architecture gossip/)
  }
  t.is(unsafe.code, 0, unsafe.stderr)
  t.deepEqual(JSON.parse(unsafe.stdout).byzantine.peers, [4, 5, 6])
})

test('bounds of a graph that holds: at most so many liars, and one of one', async t => {
  const why = async (...args: string[]) =>
    (await runInside('bounds', '--peers', '8', '--topology', ...args)).stdout
  t.regex(await why('ring', '--faults', '1'), /every honest peer has at most 1 liar among its neighbours/)
  t.regex(
    await why('regular:4', '--faults', '2'),
    /every honest peer has at most 2 liars among its neighbours/,
  )
  t.regex(await why('regular:4', '--faults', '1', '--rule', 'bulyan'), /infeasible[\s\S]*needs 4f \+ 3 ≤ n/)
  t.regex(await why('pull:4', '--faults', '1'), /no honest peer pulls more than 1 liar in/)
})

test('bounds of a graph: what it takes, and what breaks it', async t => {
  const bounds = ['bounds', '--peers', '50']
  const [graph, pulls, text, stray, beside] = await Promise.all([
    runInside(...bounds, '--topology', 'regular:10', '--byzantine', '4', '--faults', '3', '--json'),
    runInside(...bounds, '--topology', 'pull:10', '--byzantine', '4', '--faults', '2', '--json'),
    runInside(...bounds, '--topology', 'ring', '--faults', '2'),
    runInside('bounds', '--seed', '3'),
    runInside('bounds', '--topology', 'ring', '--protocol', 'mda'),
  ])
  t.like(JSON.parse(graph.stdout), {
    feasible: true,
    mostFaults: 5,
    mostFaultsWithoutClock: 2,
    degree: { least: 10, most: 10 },
    excess: null,
  })
  t.is(JSON.parse(graph.stdout).byzantineWeight.toFixed(4), (3 / 11).toFixed(4))
  const drawn = JSON.parse(pulls.stdout)
  t.false(drawn.feasible)
  t.regex(drawn.why, /pulls 3 liars among 10 peers, more than f = 2/)
  t.true(drawn.excess > 0.02 && drawn.excess < 0.03)
  t.regex(text.stdout, /infeasible\n {2}rule +monna\n {2}why +peer 0 has 2 neighbours, and f = 2/)
  t.regex(stray.stderr, /--seed is about a graph; expected --topology beside it/)
  t.regex(beside.stderr, /--protocol is about agreements, and --topology about gossip/)
  for (const { code } of [stray, beside]) t.is(code, 2)
})

test('a swarm of cohorts that gossip: each seed draws its graph, and the rules are named', async t => {
  const args = ['simulate', '--seeds', '3', '--from', '7', '--learn', '--architecture', 'gossip', '--json']
  const { code, stdout, stderr } = await runInside(...args)
  t.is(code, 0, stderr)
  t.regex(stdout, /3 simulated cohorts that gossip over a graph .* drawn from seeds 7 … 9/)
  const { table, violations } = JSON.parse(stdout.slice(stdout.indexOf('\n{')))
  t.deepEqual(violations, [])
  t.is(table.length, 3)
  for (const { protocol } of table) t.regex(protocol, /^gossip (monna|clipped-gossip|balance|cwtm|nnm\+)/)
})
