/** `concord simulate --seeds N`: the swarm's progress, its table, and the replay of a seed that fails. */
import { performance } from 'node:perf_hooks'
import { writeOutput } from '../files/output.ts'
import type { Counterexample, SwarmKind, SwarmRow } from '../simulation/swarm/swarm.ts'
import { jsonText, quotedLines } from '../text/printable.ts'
import type { Terminal } from './terminal.ts'
import { duration, significant } from './view/format.ts'

interface SwarmValues {
  readonly seeds: number
  readonly from: number
  readonly kind: SwarmKind
  readonly report: string | null
  readonly json: boolean
}

interface SwarmReport {
  readonly command: 'simulate'
  readonly seeds: { readonly from: number; readonly count: number; readonly run: number }
  readonly events: number
  readonly wallSeconds: number
  /** By protocol and attack: the worst contraction and averaging error over their guarantees, never above 1. */
  readonly table: readonly SwarmRow[]
  readonly violations: readonly Counterexample[]
}

/** What a seed draws, in the plural. */
const worlds: Readonly<Record<SwarmKind, string>> = {
  agreement: 'agreements',
  'box-geom': 'agreements by box-geom',
  'box-mean': 'agreements by box-mean',
  learning: 'cohorts that learn while peers come and go',
  gossip: 'cohorts that gossip over a graph while peers come and go',
}

/** The least time between two plain lines of progress. */
const LINE_EVERY_SECONDS = 5

/** @returns the exit code: 0, or 1 if a guarantee was violated */
export async function swarm(values: SwarmValues, terminal: Terminal): Promise<number> {
  const [{ runSwarm }, { explainSeed }] = await Promise.all([
    import('../simulation/swarm/run.ts'),
    import('../simulation/swarm/swarm.ts'),
  ])
  const { seeds, from, kind } = values
  terminal.print(
    `${seeds} simulated ${worlds[kind]}, everything drawn from seeds ${from} … ${from + seeds - 1}; every guarantee checked`,
  )
  const startedMs = performance.now()
  const seconds = () => (performance.now() - startedMs) / 1000
  const result = await runSwarm({ kind, from, seeds, onProgress: createTicker(seeds, seconds, terminal) })
  const example = result.failed === null ? null : explainSeed(result.failed.seed, kind)
  const report: SwarmReport = {
    command: 'simulate',
    seeds: { from, count: seeds, run: result.runs },
    events: result.events,
    wallSeconds: seconds(),
    table: result.rows,
    violations: example === null ? [] : [example],
  }
  await printTable(report, terminal)
  if (example !== null) for (const line of explain(example)) terminal.warn(...quotedLines(line))
  if (values.json) terminal.json(report)
  if (values.report !== null) {
    await writeOutput(values.report, `${jsonText(report)}\n`)
    terminal.print(`report: ${values.report}`)
  }
  return example === null ? 0 : 1
}

function createTicker(seeds: number, seconds: () => number, { live, print }: Terminal) {
  let toldAt = 0
  return (done: number) => {
    const now = seconds()
    const left = done > 0 ? duration((now / done) * (seeds - done)) : '?'
    const line = `${done}/${seeds} seeds · ${(done / now).toFixed(0)} a second · ${left} left`
    if (live !== null) live.write(`\r\u001b[2K${done < seeds ? line : ''}`)
    else if (now - toldAt >= LINE_EVERY_SECONDS && done < seeds) {
      toldAt = now
      print(line)
    }
  }
}

async function printTable({ table, seeds, events, wallSeconds }: SwarmReport, terminal: Terminal) {
  const number = (value: number | null) => (value === null ? '–' : significant(value))
  const head = ['protocol', 'attack', 'runs', 'violations', 'contraction / bound', 'averaging / bound']
  const rows = table.map(({ protocol, attack, runs, violations, contraction, averaging }) => [
    ...[protocol, attack, runs],
    violations === 0 ? '0' : terminal.paint('red', String(violations)),
    ...[number(contraction), number(averaging)],
  ])
  const { tableLines } = await import('./view/table.ts')
  terminal.print(
    ...(await tableLines(head, rows, { columns: terminal.columns, spare: ['averaging / bound', 'runs'] })),
  )
  terminal.print(`${seeds.run} seeds, ${events} events, ${duration(wallSeconds)}`)
}

function explain({ seed, violation, prefix, command, scenario }: Counterexample): readonly string[] {
  return [
    `seed ${seed} violates: ${violation.checker}: ${violation.detail}`,
    `seen after ${violation.events} events, at ${violation.timeMs.toFixed(3)} ms of virtual time`,
    `injected faults in its first ${prefix} events are enough; with fewer it does not happen`,
    `drawn: ${JSON.stringify(scenario)}`,
    `replay: ${command}`,
  ]
}
