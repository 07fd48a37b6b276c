/** `concord aggregate` on files: every rule gives what the library gives, and wrong usage says what would be right. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { aggregator, preAggregations, rules } from '../../../agreement/rules/index.ts'
import { FLOAT32 } from '../../../learning/data/number-type.ts'
import { randomStream } from '../../../learning/random.ts'
import { aggregate } from '../../../node/cli/commands/aggregate.ts'
import { runProgram } from '../../../node/cli/program.ts'
import { parseNpyVectors, writeNpy } from '../../../node/files/npy.ts'
import { npyFile } from '../../learning/data/npy-writer.ts'
import { recordedTerminal } from './terminals.ts'

let folder: string
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'concord-aggregate-'))
})
test.after.always(() => rm(folder, { recursive: true, force: true }))

const family = Array.from({ length: 9 }, (_, j) => {
  const random = randomStream(j, 'aggregate')
  return Float32Array.from({ length: 33 }, () => random.normal())
})

/** The family as NumPy would write it: a matrix of doubles. */
function matrix(): Uint8Array {
  const dictionary = "{'descr': '<f8', 'fortran_order': False, 'shape': (9, 33), }".padEnd(117)
  const numbers = Float64Array.from(family.flatMap(vector => Array.from(vector)))
  return Buffer.concat([
    Buffer.from(`\x93NUMPY\x01\x00\x76\x00${dictionary}\n`, 'latin1'),
    new Uint8Array(numbers.buffer),
  ])
}

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const terminal = recordedTerminal()
  const options = {
    name: 'concord',
    version: '0',
    summary: '',
    commands: [aggregate],
    terminal,
    debug: false,
  }
  const code = await runProgram(options, ['aggregate', ...argv])
  return { code, out: [...terminal.printed, ...terminal.written].join('\n'), err: terminal.warned.join('\n') }
}

test('every rule, and every pre-aggregation, on a file', async t => {
  const input = join(folder, 'family.npy')
  await writeFile(input, matrix())
  for (const name of [...Object.keys(rules), ...Object.keys(preAggregations).map(part => `${part}+cwtm`)]) {
    const out = join(folder, `${name}.npy`)
    const faults = name === 'bulyan' ? 1 : 2
    const { code, err } = await run('--rule', name, '--faults', `${faults}`, input, '-o', out)
    t.is(code, 0, `${name}: ${err}`)
    const { rows, type } = parseNpyVectors(await readFile(out), out)
    t.deepEqual(rows, [aggregator(name).aggregate(family, faults)], name)
    t.is(type.bytes, 8, 'the result has the numbers of the input')
  }
})

test('parameters are given one by one', async t => {
  const [input, out] = [join(folder, 'parameters.npy'), join(folder, 'out.npy')]
  await writeFile(input, matrix())
  const { code } = await run('--rule', 'cc', '--param', 'tau=0.5', '--param', 'passes=3', input, '-o', out)
  t.is(code, 0)
  t.deepEqual(parseNpyVectors(await readFile(out), out).rows, [
    aggregator('cc', { tau: 0.5, passes: 3 }).aggregate(family, 4),
  ])
})

test('threads change nothing but the time', async t => {
  const [input, out] = [join(folder, 'long.npy'), join(folder, 'threads.npy')]
  const vector = Float32Array.from({ length: 70_000 }, (_, i) => i % 97)
  await writeFile(input, writeNpy(vector, FLOAT32))
  const { code, err } = await run('--rule', 'cwtm', '--threads', '2', input, input, input, '-o', out)
  t.is(code, 0, err)
  t.deepEqual(parseNpyVectors(await readFile(out), out).rows, [vector])
})

test('wrong usage is exit 2 and says what would be right', async t => {
  const input = join(folder, 'wrong.npy')
  await writeFile(input, matrix())
  const out = ['-o', join(folder, 'never.npy')]
  const cases: [string[], RegExp][] = [
    [[...out], /no file is named/],
    [['--rule', 'medain', input, ...out], /"medain" is none of the rules/],
    [['--rule', 'nmm+cwtm', input, ...out], /"nmm" is none of the pre-aggregations nnm, .*did you mean nnm/],
    [['--faults', '5', input, ...out], /5 faults among 9 vectors, needs 2f < n: at most 4/],
    [['--param', 'keep', input, ...out], /expected a name and a number/],
    [['--param', 'keep=3', '--param', 'keep=4', input, ...out], /gives keep twice/],
    [['--rule', 'krum', '--param', 'm=3', input, ...out], /krum: has no parameter m/],
    [['--json', input, ...out], /--json goes with --list/],
    [['-', '-', ...out], /named twice/],
    [[join(folder, 'missing.npy'), ...out], /missing\.npy: there is no such file/],
    [[input, '-o', join(folder, 'no', 'folder.npy')], /--out is .*there is no folder/],
  ]
  for (const [argv, message] of cases) {
    const { code, err } = await run(...argv)
    t.is(code, 2, argv.join(' '))
    t.regex(err, message)
  }
})

test('the list names every rule with its parameters, for people and machines', async t => {
  const { code, out } = await run('--list')
  t.is(code, 0)
  for (const [name, { parameters = [] }] of Object.entries({ ...rules, ...preAggregations })) {
    t.true(out.includes(`  ${name} `), name)
    for (const { summary } of parameters) t.true(out.includes(summary))
  }
  const listed = JSON.parse((await run('--list', '--json')).out)
  t.is(listed.length, Object.keys(rules).length + Object.keys(preAggregations).length)
})

test('a vector that is not finite is refused with its row, or left out and counted towards f', async t => {
  const [input, out] = [join(folder, 'nan.npy'), join(folder, 'kept.npy')]
  const rows = [
    [1, 2],
    [Number.NaN, 2],
    [3, 4],
    [5, Number.POSITIVE_INFINITY],
    [5, 6],
    [7, 8],
    [9, 1],
  ]
  await writeFile(input, npyFile([7, 2], rows.flat(), { type: 'f4' }))
  const refused = await run('--rule', 'cwtm', '--faults', '3', input, '-o', out)
  t.is(refused.code, 2)
  t.regex(refused.err, /nan\.npy, row 1; .*nan\.npy, row 3: not finite .*or --drop-not-finite/)
  const kept = await run('--rule', 'cwtm', '--faults', '3', '--drop-not-finite', input, '-o', out)
  t.is(kept.code, 0, kept.err)
  t.regex(kept.out, /left out .*row 3: not finite\. Of the other 5 vectors 1 may be faulty/)
  const finite = rows.filter(row => row.every(Number.isFinite)).map(row => Float32Array.from(row))
  t.deepEqual(parseNpyVectors(await readFile(out), out).rows, [aggregator('cwtm').aggregate(finite, 1)])
  const tooMany = await run('--rule', 'cwtm', '--faults', '1', '--drop-not-finite', input, '-o', out)
  t.is(tooMany.code, 2)
  t.regex(tooMany.err, /2 vectors are not finite, more than the 1 that may be faulty \(--faults\)/)
})

test('16-bit floats are written in 32 bits, and as they came where asked', async t => {
  const [input, out] = [join(folder, 'half.npy'), join(folder, 'half-out.npy')]
  await writeFile(input, npyFile([3, 2], [1, 2, 3, 4, 5, 6], { type: 'f2', big: true }))
  const typeOf = async (...more: string[]) => {
    t.is((await run('--rule', 'mean', '--faults', '0', input, '-o', out, ...more)).code, 0)
    const { rows, type } = parseNpyVectors(await readFile(out), out)
    t.deepEqual(rows, [Float32Array.of(3, 4)])
    return type
  }
  t.deepEqual(await typeOf(), FLOAT32)
  t.deepEqual(await typeOf('--keep-type'), { kind: 'float', bytes: 2, little: false })
})
