/** `concord agree --seeds N --csv FILE`: many agreements, a table of how they went, and a row for each iteration. */
import { writeOutput } from '../files/output.ts'
import { jsonText } from '../text/printable.ts'
import type { Agreement, AgreeReport } from './agreement.ts'
import type { Terminal } from './terminal.ts'
import { counted, significant } from './view/format.ts'

interface SeedsValues {
  readonly seed: number
  readonly seeds: number
  readonly csv: string | null
  readonly report: string | null
  readonly json: boolean
}

/** Of many agreements the vectors are left out: their seeds bring them back. */
interface SeedsReport {
  readonly command: 'agree'
  readonly seeds: { readonly from: number; readonly count: number; readonly agreed: number }
  readonly runs: readonly AgreeReport[]
}

/** @returns the exit code: 0, or 1 if in one of them the peers did not agree */
export async function agreeBySeed(
  values: SeedsValues,
  agreements: (seed: number) => Agreement,
  run: (agreement: Agreement) => Promise<AgreeReport>,
  terminal: Terminal,
): Promise<number> {
  const runs: AgreeReport[] = []
  for (let seed = values.seed; seed < values.seed + values.seeds; seed++) {
    const report = await run(agreements(seed))
    for (const { checker, detail } of report.violations)
      terminal.warn(`seed ${seed}: violated: ${checker}: ${detail}`)
    runs.push({ ...report, outputs: report.outputs.map(output => ({ ...output, vector: null })) })
  }
  const agreed = runs.filter(hasAgreed).length
  const report: SeedsReport = {
    command: 'agree',
    seeds: { from: values.seed, count: values.seeds, agreed },
    runs,
  }
  await printSeeds(report, terminal)
  if (values.json) terminal.json(report)
  if (values.report !== null) {
    await writeOutput(values.report, `${jsonText(report)}\n`)
    terminal.print(`report: ${values.report}`)
  }
  await writeRows(values.csv, runs, terminal)
  return agreed === runs.length ? 0 : 1
}

/**
 * Every honest peer has an output, within what is guaranteed. Where nothing is: no farther from the others, or from
 * where they all were, than they had been apart.
 */
export function hasAgreed({
  within,
  diameter: { before, after },
  averaging: { measured },
}: AgreeReport): boolean {
  return within ?? (after !== null && after <= before && (measured ?? 0) <= before)
}

/** By iteration, over the seeds. */
async function printSeeds({ seeds, runs }: SeedsReport, terminal: Terminal): Promise<void> {
  const most = Math.max(0, ...runs.map(({ perIteration }) => perIteration.length))
  const rows = Array.from({ length: most }, (_, at) => {
    const each = runs.flatMap(({ perIteration }) => perIteration[at] ?? [])
    const of = (values: readonly (number | null)[]) => values.filter(value => value !== null)
    const contractions = of(each.map(({ contraction }) => contraction.measured))
    const moved = of(each.map(({ averaging }) => averaging.measured))
    return [
      ...[at + 1, significant(meanOf(each.map(({ diameter }) => diameter)))],
      ...[significant(meanOf(contractions)), significant(greatest(contractions))],
      significant(each[0]?.contraction.bound ?? null),
      ...[significant(meanOf(moved)), significant(greatest(moved))],
    ]
  })
  const head = [
    'iteration',
    'diameter, mean',
    'contraction, mean',
    'worst',
    'at most',
    'mean moved, mean',
    'worst',
  ]
  const { tableLines } = await import('./view/table.ts')
  if (rows.length > 0)
    terminal.print(...(await tableLines(head, rows, { columns: terminal.columns, spare: ['at most'] })))
  const { from, count, agreed } = seeds
  const wording =
    runs[0]?.unguaranteed === null
      ? 'within the guarantee'
      : 'came no farther apart, where nothing is guaranteed'
  const line = `${agreed} of ${counted(count, 'agreement')} (seeds ${from} … ${from + count - 1}) ${wording}`
  terminal.print(terminal.paint(agreed === count ? 'green' : 'red', line))
}

function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length
}

function greatest(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((a, b) => Math.max(a, b))
}

const columns = [
  ...['seed', 'protocol', 'peers', 'faults', 'byzantine', 'attack', 'dimension', 'synchrony', 'iteration'],
  ...['diameter', 'contraction', 'contraction_bound', 'mean_moved', 'mean_moved_bound', 'shared'],
]

/** A row for each seed and iteration; iteration 0 is what the peers began with. Unknown values are empty. */
export async function writeRows(
  path: string | null,
  runs: readonly AgreeReport[],
  terminal: Terminal,
): Promise<void> {
  if (path === null) return
  const { stringify } = await import('csv-stringify/sync')
  await writeOutput(path, stringify([columns, ...runs.flatMap(rowsOf)]))
  terminal.print(`rows: ${path}`)
}

function rowsOf(report: AgreeReport): readonly (readonly (string | number | null)[])[] {
  const { seed, protocol, peers, faults, byzantine, dimension, synchrony, diameter } = report
  const same = [seed, protocol, peers, faults, byzantine.peers.length, byzantine.attack, dimension, synchrony]
  return [
    [...same, 0, diameter.before, null, null, 0, null, null],
    ...report.perIteration.map(({ iteration, diameter: left, contraction, averaging, shared }) => [
      ...[...same, iteration, left, contraction.measured, contraction.bound],
      ...[averaging.measured, averaging.bound, shared],
    ]),
  ]
}
