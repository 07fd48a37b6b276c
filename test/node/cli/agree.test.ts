/** `concord agree` and the swarm from outside: reports, files of the user's, and what is refused. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { networkNamed } from '../../../node/cli/agree-options.ts'
import { loadAttack } from '../../../node/files/attack-file.ts'
import { run } from './concord.ts'
import { runInside } from './inside.ts'

async function folder(t: ExecutionContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'concord-'))
  t.teardown(() => rm(path, { recursive: true }))
  return path
}

const least = { 'rb-tm': [7, 2], mda: [7, 1], cva: [8, 1], icwtm: [6, 1] } as const

for (const [protocol, [peers, faults]] of Object.entries(least))
  test(`agree ${protocol} at its least n: bound and measured side by side, per iteration`, async t => {
    const file = join(await folder(t), 'a.json')
    const args = ['--protocol', protocol, '--peers', `${peers}`, '--faults', `${faults}`]
    const more = ['--attack', 'equivocate', '--dimension', '1000', '--seed', '3', '--report', file]
    const { code, stderr } = await run('agree', ...args, ...more)
    t.is(code, 0, stderr)
    const report = JSON.parse(await readFile(file, 'utf8'))
    t.true(report.within)
    t.is(report.outputs.length, peers - faults)
    t.is(report.outputs[0].vector.length, 1000)
    t.true(report.diameter.after <= report.diameter.bound)
    t.true(report.averaging.measured <= report.averaging.bound)
    t.true(report.averaging.constant >= report.averaging.lowestConstant)
    t.is(report.perIteration.length, report.iterations)
    for (const { contraction, averaging } of report.perIteration) {
      t.true((contraction.measured ?? 0) <= contraction.bound)
      t.true(averaging.measured <= averaging.bound)
    }
  })

test('the same seed, the same trace; over libp2p without one', async t => {
  const args = ['agree', '--protocol', 'rb-tm', '--peers', '4', '--json', '--attack', 'lie']
  const [first, second, real] = await Promise.all([run(...args), run(...args), run(...args, '--real')])
  t.is(first.code, 0, first.stderr)
  t.is(JSON.parse(first.stdout).trace, JSON.parse(second.stdout).trace)
  t.is(real.code, 0, real.stderr)
  const report = JSON.parse(real.stdout)
  t.is(report.world, 'real')
  t.true(report.within)
})

/** A .npy file of version 1.0 with 64-bit floats. */
function npy(rows: readonly (readonly number[])[]): Uint8Array {
  const header = `{'descr': '<f8', 'fortran_order': False, 'shape': (${rows.length}, ${rows[0]!.length}), }`
  const padded = `${header.padEnd(128 - 10 - 1)}\n`
  const preamble = Uint8Array.from([0x93, ...Buffer.from('NUMPY'), 1, 0, padded.length, 0])
  return Buffer.concat([preamble, Buffer.from(padded), Buffer.from(Float64Array.from(rows.flat()).buffer)])
}

test('vectors come from a .npy file, a row a peer, and an attack from a file of the user', async t => {
  const path = join(await folder(t), 'rows.npy')
  await writeFile(path, npy([0, 1, 2, 3, 4, 5, 6].map(x => [x, -x])))
  const { code, stdout, stderr } = await run(
    ...['agree', '--vectors', path, '--protocol', 'mda', '--attack', 'docs/examples/attack.ts', '--json'],
  )
  t.is(code, 0, stderr)
  const report = JSON.parse(stdout)
  t.is(report.peers, 7)
  t.is(report.dimension, 2)
  t.is(report.byzantine.attack, 'push-apart')
  const wrong = await runInside('agree', '--vectors', path, '--peers', '8')
  t.is(wrong.code, 2)
  t.regex(wrong.stderr, /--peers is 8, and .*rows\.npy has 7/)
})

test('what cannot be run is refused, and what would do is said', async t => {
  const cases: [string[], RegExp][] = [
    [['--protocol', 'icwtm', '--peers', '5', '--faults', '1'], /5f \+ 1 = 6/],
    [['--attack', 'lies'], /--attack is "lies"; expected one of .*did you mean lie/],
    [['--attack', 'nowhere.ts'], /nowhere\.ts/],
    [['--network', 'uniform:5-1'], /--network is "uniform:5-1"; expected lan, wan/],
    [['--byzantine', '3'], /--byzantine is 3; expected at most f = 1/],
    [['--vectors', 'nothing.npy'], /--vectors nothing\.npy: .*no such file/],
  ]
  for (const [args, message] of cases) {
    const { code, stderr } = await runInside('agree', ...args)
    t.is(code, 2, args.join(' '))
    t.regex(stderr, message)
  }
})

test('networks by name', t => {
  t.deepEqual(networkNamed('wan', '--network'), { kind: 'wan' })
  t.deepEqual(networkNamed('constant:5', '--network'), { kind: 'constant', ms: 5 })
  t.deepEqual(networkNamed('uniform:1-20.5', '--network'), { kind: 'uniform', minMs: 1, maxMs: 20.5 })
  t.deepEqual(networkNamed('log-normal:10,0.5', '--network'), {
    kind: 'log-normal',
    medianMs: 10,
    sigma: 0.5,
  })
})

test('an attack file: defaults for what it leaves out, errors that name the field', async t => {
  const path = await folder(t)
  const write = async (name: string, text: string) => {
    await writeFile(join(path, name), text)
    return join(path, name)
  }
  const small = await loadAttack(await write('small.mjs', 'export const attack = { delayMs: 5 }'))
  t.is(small.name, 'small')
  t.false(small.rushing)
  const own = Float32Array.of(1)
  t.is(small.forge({ own } as never), own)
  const wrong: [string, string, RegExp][] = [
    ['none.mjs', 'export const other = 1', /exports no attack/],
    ['typo.mjs', 'export const attack = { forgee() {} }', /attack.*forgee/],
    ['kind.mjs', 'export const attack = { forge: 3 }', /attack\.forge/],
    ['broken.mjs', 'export const attack = {', /broken\.mjs/],
  ]
  for (const [name, text, message] of wrong)
    await t.throwsAsync(loadAttack(await write(name, text)), { message, code: 'ATTACK_FILE' })
  const lies: [string, string, RegExp][] = [
    [
      'throws.mjs',
      'forge() {\n throw new Error("no!") }',
      /throws\.mjs: forge throws: throws\.mjs, line 2: no!/,
    ],
    ['number.mjs', 'forge: () => 3', /number\.mjs: forge gives a number; expected a Float32Array, or null/],
    ['say.mjs', 'say: () => undefined', /say\.mjs: say gives undefined; expected a list/],
  ]
  for (const [name, field, message] of lies) {
    const attack = await write(name, `export const attack = { ${field} }`)
    const { code, stderr } = await runInside('agree', '--attack', attack)
    t.is(code, 2, stderr)
    t.regex(stderr, message)
  }
})

test('an attack file beside a package.json of CommonJS, as npm init writes it', async t => {
  const path = await folder(t)
  await writeFile(join(path, 'package.json'), '{ "type": "commonjs" }')
  const attack = 'export const attack = { delayMs: 5 as number }'
  await writeFile(join(path, 'mine.mts'), attack)
  await writeFile(join(path, 'mine.mjs'), attack.replace(' as number', ''))
  await writeFile(join(path, 'mine.ts'), attack)
  for (const name of ['mine.mts', 'mine.mjs', 'mine.ts'])
    t.is((await loadAttack(join(path, name))).delayMs, 5)
})

test('simulate takes an attack file too, and --seeds runs the swarm', async t => {
  const few = ['simulate', '--peers', '7', '--steps', '2', '--json', '--model', 'softmax']
  const learnt = await run(...few, '--attack', 'docs/examples/attack.ts')
  t.is(learnt.code, 0, learnt.stderr)
  t.is(JSON.parse(learnt.stdout).byzantine.attack, 'push-apart')
  const file = join(await folder(t), 'swarm.json')
  const { code, stdout, stderr } = await run('simulate', '--seeds', '20', '--from', '100', '--report', file)
  t.is(code, 0, stderr)
  t.regex(stdout, /contraction.*averaging/)
  const report = JSON.parse(await readFile(file, 'utf8'))
  t.deepEqual(report.violations, [])
  t.is(report.seeds.run, 20)
  t.true(report.table.length > 5)
})

test('an attack file stands alone: no modifier in front, no parameter behind', async t => {
  const path = await folder(t)
  const file = join(path, 'mine.ts')
  await writeFile(file, 'export const attack = { delayMs: 5 }')
  for (const [reference, message] of [
    [`late+${file}`, /late stands in front of attacks by name/],
    [join(path, 'parameters-only+mine.ts'), /parameters-only stands in front of attacks by name/],
    [`${file}:from=2`, /a file takes no parameters; expected '.*mine\.ts'/],
  ] as const)
    await t.throwsAsync(loadAttack(reference), { message, code: 'ATTACK_FILE' }, reference)
})
