/** `concord aggregate`: one rule on the rows of a matrix, or on several peers' models, in files or in a pipe. */

import { allocateVector } from '../../../agreement/kernels/index.ts'
import { THREADS_MAX } from '../../../agreement/kernels/slices.ts'
import { preAggregations, rules } from '../../../agreement/rules/registry.ts'
import {
  DATA_BYTES_MAX,
  inMemory,
  PIPED_BYTES_MAX,
  readWithin,
  withInput,
} from '../../../learning/data/read-file.ts'
import { FileError } from '../../files/error.ts'
import { type FamilyPart, familyOf, readPart } from '../../files/family.ts'
import { writeOutput } from '../../files/output.ts'
import { loadRule, ruleFileIn } from '../../files/rule-file.ts'
import { startKernelThreads } from '../../threads/pool.ts'
import { defineCommand, flag, maybe, option, UsageError } from '../command.ts'
import { integer, text } from '../parse.ts'
import { requireOutput } from '../report-output.ts'
import { ruleParameter, ruleReference } from '../rule-options.ts'
import type { Terminal } from '../terminal.ts'
import { counted } from '../view/format.ts'

export const aggregate = defineCommand({
  name: 'aggregate',
  summary: 'one rule on a matrix in a .npy or .safetensors file, or on several models',
  about:
    'A row of a matrix is one vector. Several .safetensors files are one vector each: all their tensors. The result ' +
    'is a file of the same kind. Numbers of any type are 32-bit floats inside. Integers of models are carried over.',
  arguments: [{ name: '[files...]', about: '.npy or .safetensors; - for standard input' }],
  options: {
    rule: option(
      '--rule <name>',
      'a rule, with pre-aggregations in front: nnm+cwtm; or a file such as ./mine.ts (docs/own-rule.md)',
      ruleReference,
      'mda',
    ),
    faults: maybe(
      '--faults <f>',
      'how many vectors may be faulty',
      integer({ min: 0 }),
      'the most below half',
    ),
    param: ruleParameter,
    dropNotFinite: flag(
      '--drop-not-finite',
      'leave out vectors with a NaN or an infinity, and count them towards f, rather than refuse them',
    ),
    keepType: flag(
      '--keep-type',
      'write the result in the type that it came in; 16-bit floats are otherwise written in 32 bits',
    ),
    out: option('-o, --out <file>', 'where to write the result; - for standard output', text, '-'),
    threads: option(
      '--threads <count>',
      'how many threads to use on long vectors',
      integer({ min: 1, max: THREADS_MAX }),
      1,
    ),
    list: flag('--list', 'list the rules and their parameters'),
    json: flag('--json', 'with --list: as JSON'),
  },
  examples: [
    '--rule mda --faults 5 vectors.npy -o out.npy',
    '--rule multi-krum --param m=3 --faults 2 - < vectors.npy > out.npy',
    '--rule nnm+cwtm --faults 1 a.safetensors b.safetensors c.safetensors -o merged.safetensors',
    '--rule mda --faults 1 --drop-not-finite vectors.npy -o out.npy',
    '--rule ./mine.ts --faults 1 vectors.npy -o out.npy',
    '--list',
  ],
  async handler(values, files, terminal) {
    const { rule, faults, param, dropNotFinite, keepType, out, threads, list, json } = values
    if (list) return listRules(json, terminal)
    if (json) throw new UsageError('--json goes with --list only; the result is a file of numbers')
    if (files.length === 0)
      throw new UsageError('no file is named; expected .npy or .safetensors files, or - for standard input')
    if (out === '-' && process.stdout.isTTY)
      throw new UsageError(
        'the result is binary and standard output is a terminal; expected -o <file>, or a pipe',
      )
    if (out !== '-') await requireOutput('--out', out)
    const chosen = await loadRule(rule, param)
    const family = familyOf(await readAll(files))
    const said = faults ?? Math.max(0, Math.ceil(family.vectors.length / 2) - 1)
    const { vectors, f, note } = finiteOf(family, said, dropNotFinite)
    const isOwn = ruleFileIn(rule) !== null
    if (isOwn && f >= vectors.length)
      throw new UsageError(
        `--faults is ${f}: at least one of ${counted(vectors.length, 'vector')} must be honest; expected at most ${vectors.length - 1}`,
      )
    const result = await onThreads(threads, vectors, given => chosen.aggregate(given, f))
    const bytes = family.write(result, keepType)
    if (out === '-') {
      terminal.reserveOutput()
      process.stdout.write(bytes)
    } else await writeOutput(out, bytes).catch(error => refuse(`--out is "${out}"`, error))
    const [n, d] = [vectors.length, result.length]
    terminal.print(
      ...family.notes,
      ...(note === null ? [] : [note]),
      `${chosen.name} of ${n} vectors of ${d} coordinates, ${f} of them possibly faulty${out === '-' ? '' : `: ${out}`}`,
      ...(isOwn ? [unguaranteed(n, f)] : []),
    )
    return 0
  },
})

/** Of a rule of the user's. Its bound is not known; that of all rules is. */
function unguaranteed(n: number, f: number): string {
  const beyond = `, and with ${f} faulty of ${n} no rule can tell which are honest: that takes 2f < n`
  return `nothing is guaranteed: nothing is known of a rule of your own${2 * f >= n ? beyond : ''}`
}

/** How many bad vectors are named. */
const NAMED_MAX = 3

/** @throws UsageError for a vector that is not finite, if it is not to be left out or more are left out than f */
function finiteOf({ vectors, names }: ReturnType<typeof familyOf>, f: number, drops: boolean) {
  const bad = names.filter((_, index) => !vectors[index]!.every(Number.isFinite))
  if (bad.length === 0) return { vectors, f, note: null }
  const more = bad.length > NAMED_MAX ? ` and ${bad.length - NAMED_MAX} more` : ''
  const named = `${bad.slice(0, NAMED_MAX).join('; ')}${more}`
  if (!drops)
    throw new UsageError(
      `${named}: not finite (a NaN or an infinity); expected finite numbers, or --drop-not-finite, which leaves such vectors out and counts them towards f`,
    )
  if (bad.length > f)
    throw new UsageError(
      `${named}: ${bad.length} vectors are not finite, more than the ${f} that may be faulty (--faults)`,
    )
  const out = new Set(bad)
  const kept = vectors.filter((_, index) => !out.has(names[index]!))
  const left = f - bad.length
  return {
    vectors: kept,
    f: left,
    note: `left out ${named}: not finite. Of the other ${kept.length} vectors ${left} may be faulty`,
  }
}

/** Threads share the kernels' memory, so the vectors move there first. */
async function onThreads(
  count: number,
  vectors: readonly Float32Array[],
  work: (vectors: readonly Float32Array[]) => Float32Array,
): Promise<Float32Array> {
  if (count === 1) return work(vectors)
  const threads = await startKernelThreads(count)
  const shared = vectors.map(vector => {
    const slot = allocateVector(vector.length)
    slot.set(vector)
    return slot
  })
  try {
    return work(shared)
  } finally {
    await threads.close()
  }
}

async function readAll(files: readonly string[]): Promise<FamilyPart[]> {
  if (files.filter(file => file === '-').length > 1)
    throw new UsageError('standard input (-) is named twice; it can be read once')
  const read: FamilyPart[] = []
  // One after the other: if several are bad, the first of them is named each time.
  for (const file of files) read.push(await (file === '-' ? fromInput() : fromFile(file)))
  return read
}

function fromFile(file: string): Promise<FamilyPart> {
  return withInput(file, DATA_BYTES_MAX, input => readPart(input, file)).catch(error => refuse(file, error))
}

async function fromInput(): Promise<FamilyPart> {
  const source = 'standard input'
  const bytes = await readWithin(process.stdin, PIPED_BYTES_MAX).catch(error => refuse(source, error))
  return readPart(inMemory(bytes), source)
}

function refuse(what: string, error: NodeJS.ErrnoException): never {
  if (error instanceof FileError) throw error
  const why = error.code === 'ENOENT' ? 'there is no such file or folder' : error.message
  throw new FileError('unreadable', `${what}: ${why}`)
}

function listRules(json: boolean, terminal: Terminal): number {
  const entries = (kind: string, all: typeof rules | typeof preAggregations) =>
    Object.entries(all).map(([name, { summary, parameters = [] }]) => ({ name, kind, summary, parameters }))
  const all = [...entries('rule', rules), ...entries('pre-aggregation', preAggregations)]
  if (json) {
    terminal.json(all)
    return 0
  }
  for (const kind of ['rule', 'pre-aggregation']) {
    terminal.print(...(kind === 'rule' ? ['Rules'] : ['', 'In front of a rule, as in nnm+cwtm']))
    for (const { name, summary, parameters } of all.filter(entry => entry.kind === kind)) {
      terminal.print(`  ${terminal.paint('bold', name.padEnd(15))} ${summary}`)
      for (const parameter of parameters)
        terminal.print(`${' '.repeat(18)}${parameter.name}: ${parameter.summary}`)
    }
  }
  return 0
}
