/**
 * Whole simulated cohorts by `concord simulate`, a process each: the time of a step is what more steps take longer. Two
 * checkouts take turns.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { type BenchRow, compared, median } from './bench.ts'

/** A cohort, and the two numbers of steps whose difference is measured. */
interface CohortCase {
  readonly name: string
  readonly options: readonly string[]
  readonly fewer: number
  readonly more: number
}

/** MNIST in this folder; without it the drawn digits, whose models are as large. */
export function cohortCases(data: string | null): readonly CohortCase[] {
  const set = data === null ? [] : ['--data', data]
  const large = (protocol: string): CohortCase => ({
    name: `${protocol}, n = 200, softmax on digits, a step`,
    options: ['--peers', '200', '--model', 'softmax', '--protocol', protocol],
    fewer: 1,
    more: 4,
  })
  return [
    {
      name: `mda, n = 7, mlp on ${data === null ? 'digits' : 'the given data'}, a step`,
      options: ['--peers', '7', '--faults', '1', ...set],
      fewer: 20,
      more: 100,
    },
    large('mda'),
    large('cva'),
    large('icwtm'),
  ]
}

interface Usage {
  readonly wallMs: number
  readonly cpuMs: number
  readonly peakMegabytes: number
}

const TURNS = 3

/** @param against another checkout, to compare with; null: none */
export function measureCohort(cohort: CohortCase, against: string | null): BenchRow {
  const own = join(import.meta.dirname, '..', '..')
  const turns = Array.from({ length: TURNS }, () => ({
    ours: stepOf(own, cohort),
    theirs: against === null ? null : stepOf(against, cohort),
  }))
  const middle = (of: (usage: Usage) => number) => median(turns.map(({ ours }) => of(ours)))
  const others = { 'CPU ms': middle(({ cpuMs }) => cpuMs), 'peak MB': middle(usage => usage.peakMegabytes) }
  const ms = middle(({ wallMs }) => wallMs)
  const theirs = turns.flatMap(turn => turn.theirs ?? [])
  if (theirs.length === 0) return { case: cohort.name, ours_ms: ms, baseline: null, ratio: null, others }
  return compared(
    cohort.name,
    ms,
    { name: 'the other checkout', ms: median(theirs.map(({ wallMs }) => wallMs)) },
    {
      ...others,
      'its CPU ms': median(theirs.map(({ cpuMs }) => cpuMs)),
      'its peak MB': median(theirs.map(({ peakMegabytes }) => peakMegabytes)),
    },
  )
}

/** What one more step takes, and the memory of the longer run. */
function stepOf(checkout: string, { options, fewer, more }: CohortCase): Usage {
  const [short, long] = [usageOf(checkout, options, fewer), usageOf(checkout, options, more)]
  const share = (of: (usage: Usage) => number) => (of(long) - of(short)) / (more - fewer)
  return {
    wallMs: share(({ wallMs }) => wallMs),
    cpuMs: share(({ cpuMs }) => cpuMs),
    peakMegabytes: long.peakMegabytes,
  }
}

function usageOf(checkout: string, options: readonly string[], steps: number): Usage {
  const folder = mkdtempSync(join(tmpdir(), 'concord-bench-'))
  const usage = join(folder, 'usage.json')
  try {
    const startedMs = performance.now()
    const { status, stderr } = spawnSync(
      process.execPath,
      [
        ...['--import', join(import.meta.dirname, 'simulate-usage.ts')],
        ...[join(checkout, 'node', 'cli', 'main.ts'), 'simulate', '--steps', `${steps}`, ...options],
      ],
      { cwd: checkout, env: { ...process.env, CONCORD_BENCH_USAGE: usage }, encoding: 'utf8' },
    )
    if (status !== 0) throw new Error(`simulate ${options.join(' ')} ended with code ${status}: ${stderr}`)
    return { wallMs: performance.now() - startedMs, ...JSON.parse(readFileSync(usage, 'utf8')) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
