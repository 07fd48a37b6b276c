/**
 * `concord aggregate`, from a file to a file, against the definitions: for every rule and pre-aggregation that
 * `--list` offers, with every parameter that it offers there.
 */
import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { randomStream } from '../../../learning/random.ts'
import { aggregate } from '../../../node/cli/commands/aggregate.ts'
import { runProgram } from '../../../node/cli/program.ts'
import { parseNpyVectors } from '../../../node/files/npy.ts'
import { preAggregationReferences, type Reference, ruleReferences } from '../../agreement/naive/by-name.ts'
import { cwmed, faultsTaken, type Rows } from '../../agreement/naive/rules.ts'
import { recordedTerminal } from './terminals.ts'

interface Matrix {
  readonly name: string
  readonly f: number
  /** As the file has them. */
  readonly bytes: 4 | 8
  readonly rows: Rows
}

/**
 * Rows around one point of norm 9, of which no coordinate is near 0, so that nothing cancels; scattered, unless
 * told otherwise each more widely than the one before it, so that no two are equally good; the first `liars` of them elsewhere.
 */
function matrix(
  { n, f, d }: { n: number; f: number; d: number },
  liars: number,
  bytes: 4 | 8,
  scatter = (j: number) => 0.1 * (1 + j),
): Matrix {
  const random = randomStream(n, 'matrix', f, d)
  const centre = Array.from({ length: d }, () => (random.uniform() < 0.5 ? -1 : 1) * (1 + random.uniform()))
  const scale = 6 / Math.sqrt(d)
  const rows = Array.from({ length: n }, (_, j) =>
    centre.map(value => {
      const at = j < liars ? value * [-1.3, 40, 0.2][j % 3]! : value
      return Math.fround(scale * (at + scatter(j) * random.normal()))
    }),
  )
  return { name: `${n}x${d}`, f, bytes, rows }
}

const matrices = [
  matrix({ n: 5, f: 1, d: 2 }, 0, 8),
  matrix({ n: 9, f: 2, d: 7 }, 0, 8, () => 0.7),
  matrix({ n: 10, f: 3, d: 17 }, 3, 4),
  matrix({ n: 6, f: 1, d: 4101 }, 1, 4), // more than one of the kernels' blocks
]

let folder: string
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'concord-rules-'))
  await Promise.all(matrices.map(each => writeFile(fileOf(each), npyBytes(each))))
})
test.after.always(() => rm(folder, { recursive: true, force: true }))

const fileOf = ({ name }: Matrix): string => join(folder, `${name}.npy`)

/** The file that NumPy would write. */
function npyBytes({ rows, bytes }: Matrix): Uint8Array {
  const shape = `(${rows.length}, ${rows[0]!.length})`
  const dictionary = `{'descr': '<f${bytes}', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117)
  const numbers = bytes === 4 ? Float32Array.from(rows.flat()) : Float64Array.from(rows.flat())
  return Buffer.concat([
    Buffer.from(`\x93NUMPY\x01\x00\x76\x00${dictionary}\n`, 'latin1'),
    new Uint8Array(numbers.buffer),
  ])
}

/** The program in this process; what it says. */
async function concord(t: ExecutionContext, ...argv: readonly string[]): Promise<string> {
  const terminal = recordedTerminal()
  const options = { name: 'concord', version: '0', summary: '', commands: [aggregate], terminal, debug: true }
  const code = await runProgram(options, argv)
  t.is(code, 0, `${argv.join(' ')}: ${terminal.warned.join('\n')}`)
  return [...terminal.printed, ...terminal.written].join('\n')
}

type Parameters = Readonly<Record<string, number>>

const argumentsFor = (rule: string, { f, rows }: Matrix, parameters: Parameters): string[] => [
  ...['--rule', rule, '--faults', `${faultsTaken(rule, rows.length, f)}`],
  ...Object.entries(parameters).flatMap(([name, value]) => ['--param', `${name}=${value}`]),
]

/** The worst coordinate's error, relative to what it should be. */
function errorOf(bytes: Uint8Array, expected: readonly number[]): number {
  const { rows } = parseNpyVectors(bytes, 'the result')
  if (rows.length !== 1 || rows[0]!.length !== expected.length) return Infinity
  return Math.max(
    ...expected.map((value, i) => {
      const error = Math.abs(rows[0]![i]! - value)
      return error === 0 ? 0 : error / Math.abs(value)
    }),
  )
}

async function compare(
  t: ExecutionContext,
  rule: string,
  samples: (n: number, f: number) => readonly Parameters[],
  compute: (rows: Rows, f: number, parameters: Parameters) => readonly number[],
): Promise<void> {
  for (const each of matrices)
    for (const parameters of [{}, ...samples(each.rows.length, each.f)]) {
      const out = join(folder, `${rule}-of-${each.name}.npy`)
      await concord(t, 'aggregate', ...argumentsFor(rule, each, parameters), fileOf(each), '-o', out)
      const error = errorOf(
        await readFile(out),
        compute(each.rows, faultsTaken(rule, each.rows.length, each.f), parameters),
      )
      t.true(error <= 1e-5, `${rule} ${JSON.stringify(parameters)} of ${each.name}: error ${error}`)
    }
}

interface Listed {
  readonly name: string
  readonly kind: 'rule' | 'pre-aggregation'
  readonly parameters: readonly { readonly name: string }[]
}

async function listed(t: ExecutionContext, kind: Listed['kind']): Promise<readonly Listed[]> {
  const all: readonly Listed[] = JSON.parse(await concord(t, 'aggregate', '--list', '--json'))
  return all.filter(entry => entry.kind === kind)
}

/** Values to try for every parameter that the list tells of. */
function samplesOf<Result>(t: ExecutionContext, entry: Listed, reference: Reference<Result> | undefined) {
  if (reference === undefined) throw new Error(`${entry.name} is on the list but has no reference`)
  const { samples = () => [] } = reference
  const offered = entry.parameters.map(({ name }) => name)
  t.deepEqual(
    [...new Set(samples(5, 1).flatMap(Object.keys))].sort(),
    offered.sort(),
    `${entry.name}'s parameters`,
  )
  return samples
}

test('every rule on the list is what its definition says', async t => {
  const entries = await listed(t, 'rule')
  t.deepEqual(Object.keys(ruleReferences).sort(), entries.map(({ name }) => name).sort())
  for (const entry of entries) {
    const reference = ruleReferences[entry.name]
    const samples = samplesOf(t, entry, reference)
    await compare(t, entry.name, samples, reference!.compute)
  }
})

test('every pre-aggregation on the list is what its definition says', async t => {
  const entries = await listed(t, 'pre-aggregation')
  t.deepEqual(Object.keys(preAggregationReferences).sort(), entries.map(({ name }) => name).sort())
  for (const entry of entries) {
    const reference = preAggregationReferences[entry.name]
    const samples = samplesOf(t, entry, reference)
    await compare(t, `${entry.name}+cwmed`, samples, (rows, f, parameters) =>
      cwmed(reference!.compute(rows, f, parameters)),
    )
  }
})

test('the matrices tell every two rules apart', t => {
  // By their defaults monna is cva, and the two multi-Krums drop the same f vectors.
  const parameters: Record<string, Record<string, number>> = {
    monna: { pivot: 1 },
    'multi-krum': { m: 2 },
    'multi-krum-original': { m: 2 },
  }
  const outputs = Object.entries(ruleReferences).map(([name, { compute }]) => ({
    name,
    output: matrices.flatMap(({ rows, f }) =>
      compute(rows, faultsTaken(name, rows.length, f), parameters[name] ?? {}),
    ),
  }))
  for (const [j, a] of outputs.entries())
    for (const b of outputs.slice(j + 1))
      t.true(
        a.output.some((value, i) => Math.abs(value - b.output[i]!) > 1e-3 * Math.abs(value)),
        `${a.name} and ${b.name} give the same`,
      )
})

const main = fileURLToPath(new URL('../../../node/cli/main.ts', import.meta.url))
const [, , liars] = matrices

for (const rule of ['mda', 'gm', 'nnm+cwmed'])
  test(`${rule} in a pipe, in a process of its own`, t => {
    const args = [main, 'aggregate', ...argumentsFor(rule, liars!, {}), '-']
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { input: npyBytes(liars!) })
    t.is(status, 0, `${stderr}`)
    const { rows, f } = liars!
    const mixed = rule.startsWith('nnm+') ? preAggregationReferences.nnm!.compute(rows, f, {}) : rows
    t.true(errorOf(stdout, ruleReferences[rule.split('+').at(-1)!]!.compute(mixed, f, {})) <= 1e-5)
  })
