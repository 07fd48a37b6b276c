/**
 * `npm run bench -- mixing [turns] [d=431080 ...]`: what nearest-neighbour mixing in front of an agreement costs within its exchange: one
 * all-to-all exchange among seven processes with signatures and log (exchange.ts), each followed by the rule: MDA, or
 * NNM and the trimmed mean in its place. The vectors are all different. The variants take turns.
 */
import { type BenchRow, compared, median, type RunBench } from './bench.ts'
import { type ExchangeCase, type Measured, measureInside } from './exchange.ts'
import type { MeasuredRule } from './exchange-inside-worker.ts'

const cases: readonly ExchangeCase[] = [
  { peers: 7, dimension: 79_510, rounds: 40, warmUpRounds: 10 },
  { peers: 7, dimension: 431_080, rounds: 20, warmUpRounds: 10 },
]

const TURNS = 3

export const run: RunBench = async ({ args, note }) => {
  const { turns, chosen } = parseArguments(args)
  const rows: BenchRow[] = []
  for (const each of chosen) {
    const bytes = `${(4 * each.dimension) / 1000} KB`
    const measured = { none: [] as Measured[], mda: [] as Measured[], mixed: [] as Measured[] }
    const once = (rule?: MeasuredRule) =>
      measureInside(each, 'tcp', { signed: true, logged: true, ...(rule && { rule }) })
    for (let turn = 1; turn <= turns; turn++) {
      note(`${bytes}, turn ${turn} of ${turns}`)
      measured.none.push(await once())
      measured.mda.push(await once('mda'))
      measured.mixed.push(await once('nnm+cwtm'))
    }
    rows.push(rowOf(`nnm+cwtm behind an exchange of ${bytes}`, measured))
  }
  return rows
}

function rowOf(name: string, { none, mda, mixed }: Readonly<Record<string, readonly Measured[]>>): BenchRow {
  const middle = (list: readonly Measured[] = []) => median(list.map(({ medianMs }) => medianMs))
  const cpu = (list: readonly Measured[] = []) => median(list.map(({ cpuMs }) => cpuMs))
  return compared(
    name,
    middle(mixed),
    { name: 'mda behind it', ms: middle(mda) },
    {
      'no rule': middle(none),
      'no rule cpu': cpu(none),
      'mda cpu': cpu(mda),
      'nnm+cwtm cpu': cpu(mixed),
    },
  )
}

/** @throws Error with what is expected */
function parseArguments(args: readonly string[]) {
  let turns = TURNS
  let chosen: readonly ExchangeCase[] = []
  for (const arg of args) {
    const known = cases.filter(({ dimension }) => `d=${dimension}` === arg)
    chosen = [...chosen, ...known]
    if (/^[1-9]\d*$/.test(arg)) turns = Number(arg)
    else if (known.length === 0)
      throw new Error(
        `${arg}: expected how many turns, such as ${TURNS}, or one of ${cases.map(({ dimension }) => `d=${dimension}`).join(', ')}`,
      )
  }
  return { turns, chosen: chosen.length > 0 ? chosen : cases }
}
