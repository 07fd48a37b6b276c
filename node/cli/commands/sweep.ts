/** `concord sweep FILE`: a grid of runs from one file; `results` prints tables of it, `merge` puts shards together. */
import { basename, extname, join } from 'node:path'
import { pageKinds } from '../../sweep/page-kinds.ts'
import type { Shard } from '../../sweep/shard.ts'
import { type CommandGroup, defineCommand, flag, maybe, option, UsageError } from '../command.ts'
import { stopSignals } from '../join/stop-signals.ts'
import { integer, oneOf, text } from '../parse.ts'
import { requireOutput } from '../report-output.ts'
import type { Terminal } from '../terminal.ts'
import { counted, duration } from '../view/format.ts'
import { createRunMeter } from '../view/run-progress.ts'

const run = defineCommand({
  name: 'run',
  summary: 'run all cells of a sweep, or go on where it stopped',
  about:
    'The file has a grid over anything that simulate takes (docs/sweeps.md). Each run is a row, in a file of its own: the ' +
    'same command takes finished runs over, and redoes only what changed. The folder gets results.csv, .jsonl and ' +
    '.parquet, and the series of every metric beside them.',
  arguments: [{ name: '<file>', about: 'the sweep, in YAML' }],
  options: {
    out: maybe('--out <dir>', 'the folder for runs and results', text, 'swept/NAME'),
    threads: maybe('--threads <count>', 'runs at a time', integer({ min: 1, max: 256 }), 'one a core'),
    shard: maybe('--shard <i/m>', 'only part i of m; sweep merge puts them together', shard, 'all'),
    budget: maybe('--budget <time>', 'begin no run after so long, such as 30m or 2h', text, 'no limit'),
    pages: option(
      '--pages <kind>',
      'what each run’s page shows: short, the figures of its report; full, every message as well (more time and space); none',
      oneOf(pageKinds),
      'short',
    ),
    dryRun: flag('--dry-run', 'list the runs and estimate the time from a few steps of each kind'),
    json: flag('--json', 'print the rows as JSON Lines on standard output; the rest goes to standard error'),
  },
  examples: [
    'docs/sweeps/rules-and-attacks.yaml',
    'mine.yaml --dry-run',
    'mine.yaml --shard 1/4 --out part-1',
  ],
  async handler(values, [file], terminal) {
    if (values.json) terminal.reserveOutput()
    const [{ readSweep }, { secondsOf }] = await Promise.all([
      import('../../sweep/read-sweep.ts'),
      import('../../sweep/read-search.ts'),
    ])
    const definition = await readSweep(file!)
    const folder = values.out ?? join('swept', basename(file!, extname(file!)))
    const options = {
      folder,
      pages: values.pages,
      ...(values.threads !== null && { threads: values.threads }),
      ...(values.shard !== null && { shard: values.shard }),
      ...(values.budget !== null && { budgetSeconds: secondsOf(values.budget, '--budget') }),
    }
    if (values.dryRun) return foresee(definition, options, terminal)
    return carryOut(definition, options, values.json, terminal)
  },
})

function shard(value: string, name: string): Shard {
  const [, index, of] = /^(\d{1,6})\/(\d{1,6})$/.exec(value) ?? []
  const [part, parts] = [Number(index), Number(of)]
  if (of === undefined || part < 1 || part > parts)
    throw new UsageError(`${name} is "${value}"; expected a part and how many there are, such as 1/4`)
  return { index: part, of: parts }
}

type Definition = Awaited<ReturnType<typeof import('../../sweep/read-sweep.ts').readSweep>>
type Options = Parameters<typeof import('../../sweep/run-sweep.ts').runSweep>[1] & { readonly folder: string }

async function foresee(definition: Definition, options: Options, terminal: Terminal): Promise<number> {
  const [{ dryRun }, { cellText }] = await Promise.all([
    import('../../sweep/dry-run.ts'),
    import('../../sweep/plan.ts'),
  ])
  const { runs, seconds } = await dryRun(definition, options)
  const below = runs.flatMap(({ planned: { skipped, axes } }) =>
    skipped === null ? [] : { why: skipped, axes },
  )
  for (const { planned, what, isStored, seconds: each } of runs) {
    const { run: name, axes, settings, skipped } = planned
    if (skipped !== null) continue
    const tuned =
      what === 'run'
        ? ''
        : `, tuning ${Object.keys(definition.tune!.choices)
            .map(key => `${key} ${settings[key]}`)
            .join(', ')}`
    const state = isStored ? 'done before' : each === null ? 'not estimated' : duration(each)
    terminal.print(`${name}  ${cellText(axes)}${tuned}  ${state}`)
  }
  tellSkipped(below, cellText, terminal)
  for (const why of new Set(runs.flatMap(({ why }) => why ?? [])))
    terminal.warn(`not estimated, because the first of its kind has failed: ${why}`)
  const missing = runs.filter(({ planned, isStored }) => planned.skipped === null && !isStored)
  const isKnown = missing.some(run => run.seconds !== null) || missing.length === 0
  const time = isKnown ? `, in about ${duration(seconds)}` : ''
  const unknown = missing.filter(run => run.seconds === null).length
  const beside =
    unknown > 0 && isKnown ? `, and the time of ${counted(unknown, 'run')} that is not known` : ''
  terminal.print(`${counted(missing.length, 'run')} of ${runs.length} to do${time}${beside}`)
  return unknown === 0 ? 0 : 1
}

async function carryOut(
  definition: Definition,
  options: Options,
  json: boolean,
  terminal: Terminal,
): Promise<number> {
  const { runSweep } = await import('../../sweep/run-sweep.ts')
  terminal.print(`${terminal.paint('bold', definition.title ?? definition.name)}, in ${options.folder}`)
  const startedMs = performance.now()
  const signals = stopSignals(null)
  const stop = new AbortController()
  void signals.asked.then(() => stop.abort())
  const meter = await createRunMeter(terminal)
  try {
    const { rows, open, workSeconds, notes } = await runSweep(definition, {
      ...options,
      signal: stop.signal,
      onPlan: ({ what, runs, earlier, skipped }) =>
        terminal.print(
          `${counted(runs, what === 'tuning' ? 'tuning run' : 'run')}` +
            `${earlier === 0 ? '' : `, ${earlier} of them done before`}` +
            `${skipped === 0 ? '' : `; ${counted(skipped, 'cell')} below the bound, skipped`}`,
        ),
      onProgress: meter.update,
    })
    meter.stop()
    if (json) for (const row of rows) terminal.json(row, 0)
    const problems = await tell(rows, terminal)
    const seconds = (performance.now() - startedMs) / 1000
    if (stop.signal.aborted) {
      terminal.warn(`interrupted; ${counted(open, 'run')} left. The same command goes on from there.`)
      return signals.exitCode()
    }
    for (const note of notes) terminal.print(note)
    if (open > 0) terminal.print(`${counted(open, 'run')} left; the same command goes on from there`)
    terminal.print(
      `Figures: ${join(options.folder, 'index.html')}`,
      `A table: concord sweep results ${options.folder}`,
    )
    terminal.print(
      `${options.folder}: ${duration(seconds)}, of which runs took ${duration(workSeconds)} of a core`,
    )
    return problems ? 1 : 0
  } finally {
    meter.stop()
    signals.dispose()
  }
}

type Axes = Awaited<ReturnType<typeof import('../../sweep/run-sweep.ts').runSweep>>['rows'][number]['axes']

/** A line for each reason, with its cells; their seeds say nothing. */
function tellSkipped(
  below: readonly { readonly why: string; readonly axes: Axes }[],
  cellText: (axes: Axes) => string,
  terminal: Terminal,
): void {
  const cells = new Map<string, Set<string>>()
  for (const { why, axes } of below) {
    const { seed: _, ...others } = axes
    cells.set(why, (cells.get(why) ?? new Set()).add(cellText(others)))
  }
  for (const [why, of] of cells) terminal.print(`skipped: ${[...of].join('; ')}: ${why}`)
}

/** Names what was skipped and what failed. Returns whether anything did. */
async function tell(
  rows: Awaited<ReturnType<typeof import('../../sweep/run-sweep.ts').runSweep>>['rows'],
  terminal: Terminal,
): Promise<boolean> {
  const { cellText } = await import('../../sweep/plan.ts')
  const below = rows.flatMap(({ status, axes, why = '' }) => (status === 'skipped' ? { why, axes } : []))
  tellSkipped(below, cellText, terminal)
  const diverged = rows.filter(({ status }) => status === 'diverged')
  if (diverged.length > 0) terminal.print(`${counted(diverged.length, 'run')} diverged`)
  const failed = rows.filter(({ status }) => status === 'failed')
  for (const { run: name, axes, why } of failed)
    terminal.warn(`${terminal.paint('red', 'failed:')} ${name}: ${cellText(axes)}: ${why}`)
  return failed.length > 0
}

const results = defineCommand({
  name: 'results',
  summary: 'print a table of results: means over the seeds, and the worst over an axis',
  about:
    'A line is the mean over the seeds; over other axes that --group leaves out, the mean is taken within each seed first. ' +
    '± is half of the 95 % confidence interval of the mean over the seeds (Student’s t).',
  arguments: [{ name: '<folder>', about: 'the folder of a sweep' }],
  options: {
    group: maybe(
      '--group <axes>',
      'a line for each combination, such as rule,attack',
      names,
      'every axis but the seed',
    ),
    metric: option('--metric <name>', 'what is shown', text, 'accuracyMean'),
    worst: maybe('--worst <axis>', 'the worst over this axis, in place of the mean over it', text, 'none'),
    json: flag('--json', 'print the lines of the table as JSON'),
  },
  examples: [
    'swept/mine --group rule,attack --metric accuracyMin',
    'swept/mine --group rule,faults --worst attack',
  ],
  async handler({ group, metric, worst, json }, [folder], terminal) {
    if (json) terminal.reserveOutput()
    const [{ readResults }, { grouped }, { tableLines }, { numberText }] = await Promise.all([
      import('../../sweep/folder.ts'),
      import('../../sweep/table.ts'),
      import('../view/table.ts'),
      import('../../sweep/table-text.ts'),
    ])
    const { definition, rows, open, notes } = await readResults(folder!)
    for (const note of notes) terminal.warn(note)
    if (open > 0) terminal.warn(missingText(folder!, open, open + rows.length))
    if (rows.length === 0) return 1
    const every = definition.axes.map(({ name }) => name).filter(name => name !== 'seed' && name !== worst)
    const wanted = group ?? every
    const lines = grouped(rows, { group: wanted, metric, worst })
    if (json) terminal.json(lines)
    else
      terminal.print(
        ...(await tableLines(
          [...wanted, ...(worst === null ? [] : [`worst ${worst}`]), metric, 'seeds', 'without'],
          lines.map(line => [
            ...wanted.map(name => String(line.group[name])),
            ...(worst === null ? [] : [String(line.worst)]),
            numberText(metric, line),
            String(line.count),
            String(line.without),
          ]),
          { columns: terminal.columns, spare: ['without'] },
        )),
        ...(lines.some(({ half }) => half !== null) ? [INTERVAL] : []),
        ...(lines.some(({ without }) => without > 0) ? [WITHOUT] : []),
      )
    return 0
  },
})

const INTERVAL = '±: half of the 95 % confidence interval of the mean over the seeds (Student’s t)'
const WITHOUT = 'without: runs that ended without a value; they are not in the mean'

/** What is not there yet, and how to get it. */
function missingText(folder: string, open: number, runs: number): string {
  return `${folder}: ${open} of ${counted(runs, 'run')} have no result yet; the same "concord sweep" runs them`
}

function names(value: string, name: string): readonly string[] {
  const found = value.split(',').map(each => each.trim())
  if (found.includes(''))
    throw new UsageError(`${name} is "${value}"; expected names with commas between them`)
  return found
}

const merge = defineCommand({
  name: 'merge',
  summary: 'put shards of a sweep together; runs that two of them have must agree to the bit',
  arguments: [{ name: '<folders...>', about: 'the folders of the shards' }],
  options: { out: maybe('-o, --out <dir>', 'the folder for all of them', text, 'required') },
  examples: ['part-1 part-2 part-3 -o whole'],
  async handler({ out }, folders, terminal) {
    if (out === null)
      throw new UsageError('--out is missing; expected a folder for all of them, as in -o whole')
    const { mergeSweeps } = await import('../../sweep/merge.ts')
    const { rows, open, compared, notes } = await mergeSweeps(folders.flat(), out)
    terminal.print(
      `${out}: ${counted(rows.length, 'run')}${compared === 0 ? '' : `; ${compared} that two folders have agree to the bit`}`,
    )
    for (const note of notes) terminal.warn(note)
    if (open > 0) terminal.print(`${counted(open, 'run')} of the grid are in none of the folders`)
    return (await tell(rows, terminal)) ? 1 : 0
  },
})

const page = defineCommand({
  name: 'page',
  summary: 'run one run of a sweep again, and write its page with every message',
  about:
    'The run must come to what the folder has of it, to the bit. Its page replaces the short one, so that the sweep’s own ' +
    'page leads to it.',
  arguments: [
    { name: '<folder>', about: 'the folder of a sweep' },
    { name: '<run>', about: 'the run’s name, or its first digits' },
  ],
  options: {
    out: maybe(
      '-o, --out <file>',
      'write it there, as one HTML file that needs nothing else',
      text,
      'runs/RUN.html in the folder',
    ),
  },
  examples: ['swept/mine 3f2a9c11', 'swept/mine 3f2a9c11d0e4b7a6 -o run.html'],
  async handler({ out }, [folder, name], terminal) {
    await requireOutput('--out', out)
    const { pageOfRun } = await import('../../sweep/page-of-run.ts')
    const signals = stopSignals(null)
    const stop = new AbortController()
    void signals.asked.then(() => stop.abort())
    try {
      const written = await pageOfRun(folder!, name!, { out, signal: stop.signal })
      if (written === null) return signals.exitCode()
      const { path, row, isCompared, isOfPeers } = written
      terminal.print(
        isCompared
          ? `run ${row.run} came to what the folder has of it, to the bit`
          : `run ${row.run} was ended by the machine, so it may have come further or less far than before`,
      )
      if (!isOfPeers) terminal.print('A server’s workers send each other nothing: the page has its figures.')
      terminal.print(`page: ${path}`)
      return 0
    } finally {
      signals.dispose()
    }
  },
})

/** A whole comparison from one file. */
export const sweep: CommandGroup = {
  name: 'sweep',
  summary: 'a whole comparison from one file: a grid of simulated runs, on all cores or in shards',
  usual: 'run',
  commands: [run, results, page, merge],
}
