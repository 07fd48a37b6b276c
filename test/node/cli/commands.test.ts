/** The commands from outside: what they print for people and for machines, and the files that they leave. */
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { protocolNames } from '../../../agreement/bounds.ts'
import { reportSchema } from '../../../node/daemon/report.ts'
import { run } from './concord.ts'
import { runInside } from './inside.ts'

async function folder(t: ExecutionContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'concord-'))
  t.teardown(() => rm(path, { recursive: true }))
  return path
}

test('keygen makes a private file, prints the id alone, and never replaces a key', async t => {
  const path = join(await folder(t), 'alice.pem')
  const { code, stdout } = await runInside('keygen', path)
  t.is(code, 0)
  t.regex(stdout, /^12D3KooW\w+\n$/)
  t.is((await stat(path)).mode & 0o777, 0o600)
  const key = await readFile(path, 'utf8')
  const again = await runInside('keygen', '-o', path)
  t.is(again.code, 2)
  t.regex(again.stderr, /alice\.pem exists already/)
  t.is(await readFile(path, 'utf8'), key)
})

test('a cohort is made, extended, checked and shown', async t => {
  const path = await folder(t)
  const file = join(path, 'c.yaml')
  const made = await Promise.all(
    [0, 1, 2, 3, 4].map(i => runInside('keygen', '--json', join(path, `${i}.pem`))),
  )
  const ids = made.map(({ stdout }) => String(JSON.parse(stdout).id))
  const member = (i: number) => `m${i}=${ids[i]}@/ip4/10.0.0.${i + 1}/tcp/4001`
  const created = await runInside(
    'cohort',
    'create',
    file,
    ...[0, 1, 2, 3].map(member),
    '--protocol',
    'rb-tm',
    '--steps',
    '7',
  )
  t.is(created.code, 0, created.stderr)
  const shown = JSON.parse((await runInside('cohort', 'show', file, '--json')).stdout)
  t.true(created.stdout.includes(shown.id))
  t.like(shown.cohort, { faults: 1, protocol: 'rb-tm', steps: 7 })
  t.deepEqual(shown.cohort.members[2], { name: 'm2', id: ids[2], addresses: ['/ip4/10.0.0.3/tcp/4001'] })
  t.is((await runInside('cohort', 'show', file, '--field', 'id')).stdout.trim(), shown.id)

  const checked = await runInside('cohort', 'check', file)
  t.regex(
    checked.stdout.replaceAll(/\s+/g, ' '),
    /: 4 members, of whom 1 may be faulty, rb-tm, nnm\+cwtm first on gradients, vectors by digest, 7 steps of mlp /,
  )

  const copy = join(path, 'copy.yaml')
  await runInside(
    'cohort',
    'create',
    copy,
    ...[0, 1, 2, 3].map(member),
    '--protocol',
    'rb-tm',
    '--steps',
    '8',
  )
  const compared = await runInside('cohort', 'check', file, copy)
  t.is(compared.code, 1)
  t.regex(compared.stderr, /differ in steps\n/)

  const added = await runInside('cohort', 'add', file, member(4))
  t.is(added.code, 0)
  t.notRegex(added.stdout, /a new cohort/)
  const { cohort, id } = JSON.parse((await runInside('cohort', 'show', file, '--json')).stdout)
  t.is(cohort.members.length, 5)
  t.not(id, shown.id)
  const twice = await runInside('cohort', 'add', file, member(4))
  t.is(twice.code, 2)
  t.regex(twice.stderr, /members\[5\]\.name is "m4", as members\[4\]\.name is/)
  t.is((await runInside('cohort', 'create', file, member(0))).code, 2, 'it does not replace a file')
})

test('a new cohort mixes gradients first, where liars are feared and nobody says otherwise', async t => {
  const path = await folder(t)
  const ids = await Promise.all(
    Array.from({ length: 6 }, (_, i) => runInside('keygen', '--json', join(path, `${i}.pem`))),
  )
  const members = ids.map(({ stdout }, i) => `m${i}=${JSON.parse(stdout).id}`)
  const ruleOf = async (...settings: string[]) => {
    const file = join(path, 'c.yaml')
    const made = await runInside('cohort', 'create', file, '--force', ...settings, ...members)
    t.is(made.code, 0, made.stderr)
    return JSON.parse((await runInside('cohort', 'show', file, '--json')).stdout).cohort.gradientRule
  }
  t.is(await ruleOf('--protocol', 'rb-tm'), 'nnm+cwtm')
  t.is(await ruleOf('--protocol', 'icwtm'), 'nnm+cwtm')
  t.is(await ruleOf('--protocol', 'rb-tm', '--gradient-rule', 'nnm'), 'nnm')
  t.is(await ruleOf('--protocol', 'rb-tm', '--gradient-rule', 'none'), undefined)
  t.is(await ruleOf('--faults', '0'), undefined)
  t.is(await ruleOf('--protocol', 'mean', '--unsafe', '--faults', '1'), undefined)
  t.is(await ruleOf('--topology', 'complete'), undefined)
  t.is(await ruleOf('--protocol', 'box-geom'), undefined)
  await runInside('cohort', 'create', join(path, 'd.yaml'), ...members.slice(0, 3), '--protocol', 'rb-tm')
  const added = await runInside('cohort', 'add', join(path, 'd.yaml'), members[3]!, '--faults', '1')
  t.regex(added.stdout, /members may be faulty now, and a new cohort would have gradientRule: nnm\+cwtm/)
})

test('bounds: one object for a protocol, an array for all of them, lines for people', async t => {
  const one = await runInside('bounds', '--protocol', 'icwtm', '--peers', '5', '--faults', '1', '--json')
  t.is(one.code, 0)
  t.like(JSON.parse(one.stdout), {
    protocol: 'icwtm',
    peers: 5,
    faults: 1,
    feasible: false,
    needs: { peers: 6 },
  })
  t.deepEqual(Object.keys(JSON.parse(one.stdout)), [
    ...['protocol', 'peers', 'faults', 'synchrony', 'feasible', 'why', 'needs', 'quorum'],
    ...['contraction', 'iterations', 'averagingConstant', 'lowerBound'],
  ])
  const all = JSON.parse((await runInside('bounds', '--peers', '7', '--json')).stdout)
  t.deepEqual(
    all.map(({ protocol }: { protocol: string }) => protocol),
    protocolNames.filter(name => name !== 'mean'),
  )
  const people = await runInside('bounds', '--peers', '7', '--faults', '1', '--protocol', 'mda')
  t.regex(people.stdout, /mda with 7 peers, 1 faulty, asynchronous: feasible/)
  t.false((await run('bounds')).stdout.includes('\u001b'), 'no colours where nobody sees them')
})

const short = [
  'simulate',
  '--peers',
  '4',
  '--protocol',
  'rb-tm',
  '--model',
  'softmax',
  '--steps',
  '3',
  '--batch',
  '8',
]

test('bounds with a dimension: a step of LEARN sends what a simulated cohort sends', async t => {
  const bounds = ['bounds', '--protocol', 'mda', '--dimension', '7_850', '--precision', 'bf16']
  const { traffic, trafficByDigest, stepTraffic } = JSON.parse((await runInside(...bounds, '--json')).stdout)
  const f32 = JSON.parse(
    (await runInside('bounds', '--protocol', 'mda', '--dimension', '7850', '--json')).stdout,
  )
  t.deepEqual(trafficByDigest, f32.trafficByDigest, 'parameters are in f32')
  t.is(stepTraffic.whole.bytes, traffic.bytes + f32.traffic.bytes)
  const { least } = stepTraffic.byDigest
  const learning = 'simulate --byzantine 0 --model softmax --batch 8 --steps 4 --precision bf16 --json'
  for (const [exchange, stated] of [
    ['whole', stepTraffic.whole],
    ['digest-first', least],
  ]) {
    const report = JSON.parse((await run(...learning.split(' '), '--exchange', exchange)).stdout)
    t.like(report.cohort, { exchange, precision: 'bf16', localSteps: 1 })
    t.true(Math.abs(report.bytes / 4 / stated.bytes - 1) < 0.05, `${report.bytes / 4} ≠ ${stated.bytes}`)
  }
  const { stdout } = await runInside(...bounds)
  t.regex(stdout, /a step of LEARN sends {2}1\.99 MB whole/)
  for (const line of stdout.split('\n').filter(each => /LEARN|digest/.test(each)))
    t.true(line.length <= 80, line)
})

test('simulate: one trace a seed, and a report of the stated shape', async t => {
  const path = await folder(t)
  const files = [join(path, 'a.json'), join(path, 'b.json')]
  const [a, b, other] = await Promise.all([
    run(...short, '--seed', '7', '--report', files[0]!),
    run(...short, '--seed', '7', '--report', files[1]!),
    run(...short, '--seed', '8', '--json'),
  ])
  t.deepEqual([a!.code, b!.code, other!.code], [0, 0, 0], a!.stderr + other!.stderr)
  const [first, second] = await Promise.all(
    files.map(async file => reportSchema.parse(JSON.parse(await readFile(file, 'utf8')))),
  )
  t.is(first!.trace, second!.trace)
  const third = reportSchema.parse(JSON.parse(other!.stdout))
  t.not(first!.trace, third.trace)
  t.like(third, {
    command: 'simulate',
    steps: 3,
    outcome: 'finished',
    byzantine: { peers: [3], attack: 'sign-flip' },
  })
  t.is(third.honest.length, 3)
  t.regex(a!.stdout, /3 honest peers agree .*although peer 3 sent/)
})
