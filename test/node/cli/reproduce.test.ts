/** `reproduce`, `bounds learn` and `simulate --architecture server` from outside. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { reportSchema } from '../../../node/daemon/report.ts'
import { experimentNames } from '../../../node/reproduce/names.ts'
import { experiments } from '../../../node/reproduce/registry.ts'
import { run } from './concord.ts'
import { runInside } from './inside.ts'

test('reproduce --list names every experiment, for people and for machines', async t => {
  const [people, machines] = await Promise.all([
    runInside('reproduce', '--list'),
    runInside('reproduce', '--list', '--json'),
  ])
  const names = JSON.parse(machines.stdout).map(({ name }: { name: string }) => name)
  t.true(names.includes('resam') && names.includes('peer-to-peer'))
  for (const name of names) t.true(people.stdout.includes(name))
  for (const text of ['Figure 16', 'CIFAR-10', 'reproduce resam --faults 7'])
    t.true(people.stdout.includes(text))
})

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

test('reproduce leaves results and a page, and goes on from there', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'concord-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const args = [
    'reproduce',
    'linear-regression',
    '--quick',
    '--seeds',
    '1',
    '--threads',
    '1',
    '--out',
    folder,
  ]
  const { code, stdout, stderr } = await run(...args)
  t.is(code, 0, stderr)
  t.is(stdout.match(/^reproduced: /gm)?.length, 4, stdout)
  t.true((await readFile(join(folder, 'linear-regression.html'), 'utf8')).includes('<svg'))
  const page = join(folder, 'elsewhere.html')
  const again = await run(...args, '--json', '--page', page)
  t.is(again.code, 0, again.stderr)
  const html = await readFile(page, 'utf8')
  t.is(html, await readFile(join(folder, 'linear-regression.html'), 'utf8'))
  for (const { claim, measured } of JSON.parse(again.stdout).verdicts)
    t.true(
      [claim, measured].every(text => html.includes(escaped(text))),
      claim,
    )
  t.regex(again.stderr, /(\d+) runs, \1 of them taken from/)
  t.deepEqual(JSON.parse(again.stdout), JSON.parse(await readFile(join(folder, 'results.json'), 'utf8')))
})

test('reproduce says what is wrong with a name, with data, with results', async t => {
  const [none, near, data, missing, grid, faults] = await Promise.all([
    runInside('reproduce'),
    runInside('reproduce', 'resma'),
    runInside('reproduce', 'redundancy', '--data', '.'),
    runInside('reproduce', 'resam', '--data', '/no/such/folder'),
    runInside('reproduce', 'redundancy', '--faults', '3'),
    runInside('reproduce', 'resam', '--faults', '4'),
  ])
  for (const { code } of [none, near, data, missing, grid, faults]) t.is(code, 2)
  t.regex(none.stderr, /which experiment\? One of redundancy, /)
  t.regex(near.stderr, /no experiment is called "resma".*did you mean resam/)
  t.regex(data.stderr, /redundancy needs no data/)
  t.regex(grid.stderr, /--faults is for resam.*expected none with redundancy/)
  t.regex(faults.stderr, /--faults.*4/)
  t.regex(missing.stderr, /\/no\/such\/folder: no train-images-idx3-ubyte/)
})

test('the names that shells offer are those of the experiments', t => {
  t.deepEqual(
    experiments.map(({ name }) => name),
    [...experimentNames],
  )
})

test('bounds learn gives η and T_LEARN, as text and as JSON; its options belong to it', async t => {
  const args = [
    'bounds',
    'learn',
    '--delta',
    '1.2',
    '--averaging-constant',
    '1',
    '--deviation',
    '0',
    '--greatest-loss',
    '2',
  ]
  const [people, machines, stray, other, suspected] = await Promise.all([
    runInside(...args, '--peers', '4', '--faults', '0'),
    runInside(...args, '--peers', '4', '--faults', '0', '--json'),
    runInside('bounds', '--delta', '1'),
    runInside('bounds', 'everything'),
    runInside('bounds', 'learn', '--peers', '4', '--faults', '1'),
  ])
  t.regex(people.stdout, /η = δ\/\(12L\) = 0\.1\n/)
  const { rate, A, B, steps } = JSON.parse(machines.stdout)
  t.deepEqual([rate, Math.round(A), B], [0.09999999999999999, 1430, 897.5])
  t.true(people.stdout.includes(`T_LEARN = ${Number(steps.toPrecision(4))}`))
  t.regex(stray.stderr, /--delta is for "bounds learn"/)
  t.regex(other.stderr, /bounds of "everything"\?/)
  t.regex(suspected.stderr, /6f \+ 1 = 7.*--averaging-constant/)
  for (const { code } of [stray, other, suspected]) t.is(code, 2)
})

test('bounds of the theorems with a server: as text and as JSON, and what is refused', async t => {
  const [resam, redundancy, cge, regression, machines, ...refused] = await Promise.all([
    runInside('bounds', 'resam', '--peers', '15', '--faults', '5', '--steps', '1e6'),
    runInside(
      'bounds',
      'redundancy',
      '--peers',
      '6',
      '--faults',
      '1',
      '--smoothness',
      '2',
      '--convexity',
      '0.712',
    ),
    runInside('bounds', 'cge', '--peers', '10', '--faults', '1', '--epsilon', '5'),
    runInside('bounds', 'linear-regression', '--peers', '10', '--faults', '1', '--dimension', '5'),
    runInside(
      'bounds',
      'resam',
      '--peers',
      '5',
      '--faults',
      '1',
      '--lambda',
      '0.5',
      '--steps',
      '10000',
      '--json',
    ),
    runInside('bounds', 'cge', '--delta', '1'),
    runInside('bounds', 'resam', '--rule', 'cge'),
    runInside('bounds', 'cge', '--peers', '7', '--faults', '4'),
    runInside('bounds', 'redundancy', '--protocol', 'mda'),
  ])
  t.regex(resam.stdout, /with 15 workers, 5 faulty, λ = 1:/)
  t.regex(resam.stdout, /momentum β +0\.\d+\n/)
  t.regex(redundancy.stdout, /CGE, Theorem 4 +α = .* is -0\.1030, and must be above 0/)
  t.regex(cge.stdout, /as printed, which is too small: /)
  t.regex(cge.stdout, /P\(‖w − w\*‖² ≤ 5\) ≥ /)
  t.regex(regression.stdout, /a round multiplies by +0\.\d+\n/)
  const { theorem, a1, lambda, rate } = JSON.parse(machines.stdout)
  t.deepEqual([theorem, a1, lambda], ['resam', 6912, 0.5])
  t.true(rate > 0)
  const told = [/--delta is for "bounds learn"/, /cge has no λ/, /f is 4; .* from 0 to 3/, /no --protocol/]
  for (const [i, { code, stderr }] of refused.entries()) {
    t.is(code, 2)
    t.regex(stderr, told[i]!)
  }
})

test('what counts for a missing vector, and what lies are made of, belongs to the server', async t => {
  const server = [
    'simulate',
    '--architecture',
    'server',
    '--model',
    'softmax',
    '--steps',
    '3',
    '--peers',
    '5',
  ]
  const liar = [...server, '--faults', '1', '--attack', 'silence', '--rule', 'cge-sum', '--json']
  const [peers, other, unknown, left, zero] = await Promise.all([
    runInside('simulate', '--missing', 'zero'),
    runInside('simulate', '--forged-from', 'gradient'),
    runInside(...server, '--missing', 'perhaps'),
    run(...liar),
    run(...liar, '--missing', 'zero'),
  ])
  t.regex(peers.stderr, /--missing is about a server; expected --architecture server beside it/)
  t.regex(other.stderr, /--forged-from is about a server/)
  t.regex(unknown.stderr, /--missing is "perhaps"; expected .*left-out, eliminated, zero/)
  for (const { code } of [peers, other, unknown]) t.is(code, 2)
  // CGE's sum of four vectors, or of the three smallest and a zero: another way to learn.
  const [first, second] = [left, zero].map(({ stdout }) => JSON.parse(stdout).honest[0].loss)
  t.true(first > 0 && second > 0 && first !== second)
})

test('simulate --architecture server learns with a rule, and reports as the peers do', async t => {
  const args = [
    'simulate',
    '--architecture',
    'server',
    '--model',
    'softmax',
    '--steps',
    '15',
    '--faults',
    '2',
  ]
  const { code, stdout, stderr } = await run(...args, '--rule', 'multi-krum', '--param', 'm=3', '--json')
  t.is(code, 0, stderr)
  const report = reportSchema.parse(JSON.parse(stdout))
  t.is(report.cohort.protocol, 'server multi-krum')
  t.deepEqual(report.byzantine, { peers: [5, 6], attack: 'sign-flip' })
  t.is(report.honest.length, 5)
  t.is(report.steps, 15)
  t.true(report.accuracy.min! > 0.3, String(report.accuracy.min))
  t.is(report.bytes, 2 * 7 * 15 * 7850 * 4)
})

test('options of the other architecture are refused', async t => {
  const [missing, protocol, faults] = await Promise.all([
    runInside('simulate', '--missing', 'zero'),
    runInside('simulate', '--architecture', 'server', '--protocol', 'rb-tm'),
    runInside('simulate', '--architecture', 'server', '--faults', '4'),
  ])
  t.regex(missing.stderr, /--missing is about a server/)
  t.regex(protocol.stderr, /--protocol is about agreement between peers/)
  t.regex(faults.stderr, /no rule stands more than 3 of 7 workers/)
  for (const { code } of [missing, protocol, faults]) t.is(code, 2)
})

test('what has no page says so, and writes none', async t => {
  const [server, served, swarm] = await Promise.all([
    runInside('simulate', '--architecture', 'server', '--page', 'none.html'),
    runInside('simulate', '--architecture', 'server', '--watch'),
    runInside('simulate', '--seeds', '3', '--watch'),
  ])
  t.regex(server.stderr, /--page is given, but a page shows what peers send each other/)
  t.regex(served.stderr, /--watch is given, .* expected none with --architecture server/)
  t.regex(swarm.stderr, /--watch is given, but a page shows one run, and --seeds makes many/)
  for (const { code } of [server, served, swarm]) t.is(code, 2)
})

test('bounds of a theorem: what is given, and whether a bound says more than what holds at the start', async t => {
  const cohort = ['--peers', '7', '--faults', '1']
  const [none, few, many, learn, vacuous, limit, floor] = await Promise.all([
    runInside('bounds', 'resam', ...cohort, '--steps', '1'),
    runInside('bounds', 'resam', ...cohort),
    runInside('bounds', 'resam', ...cohort, '--steps', '1e9'),
    runInside('bounds', 'learn', '--peers', '13', '--faults', '1'),
    runInside('bounds', 'learn', '--peers', '13', '--faults', '1', '--heterogeneity', '5'),
    runInside('bounds', 'cge', ...cohort, '--epsilon', '1'),
    runInside('bounds', 'linear-regression', '--peers', '10', '--radius', '0.01'),
  ])
  for (const { stdout } of [none, few, many, learn, limit, floor]) t.regex(stdout, /^ {2}given +\S+ = /m)
  t.regex(none.stdout, /nothing is promised: T is below 3\n/)
  t.regex(few.stdout, /at most +359\.3: vacuous, it is at most 4\.605 at the start\n/)
  t.notRegex(many.stdout, /vacuous|nothing/)
  t.notRegex(learn.stdout, /vacuous|\d{8}/)
  t.regex(learn.stdout, /T₁ = \d\.\d+e9, .*T₈ = /)
  t.regex(vacuous.stdout, /vacuous +any start has a gradient of at most .* = 2\.146/)
  t.regex(limit.stdout, /≥ +0: vacuous\n/)
  t.regex(floor.stdout, /down to +0\.0\d+: vacuous, the search stays within r√d = 0\.01 anyway\n/)
})
