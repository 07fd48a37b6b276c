/** `concord reproduce NAME`: an experiment of the papers, its claim beside what was measured. */
import { join } from 'node:path'
import type { Findings, GridChoice } from '../../reproduce/experiment.ts'
import { experimentNames } from '../../reproduce/names.ts'
import { suggestion } from '../../text/nearest.ts'
import { defineCommand, flag, maybe, type Options, UsageError, type Values } from '../command.ts'
import { decimal, integer, oneOf, text } from '../parse.ts'
import { requireOutput } from '../report-output.ts'
import type { Terminal } from '../terminal.ts'
import { duration } from '../view/format.ts'
import { createRunMeter } from '../view/run-progress.ts'

const options = {
  list: flag('--list', 'name the experiments, and each figure and table of the papers'),
  quick: flag('--quick', 'a minute or two: fewer seeds and steps, smaller models'),
  data: maybe(
    '--data <dir>',
    'IDX files of MNIST, or a folder that holds mnist/ and fashion-mnist/',
    text,
    'the embedded digits',
  ),
  out: maybe('--out <dir>', 'the folder for the results', text, 'reproduced/NAME, or NAME-quick'),
  seeds: maybe(
    '--seeds <count>',
    'runs of each configuration',
    integer({ min: 1, max: 1000 }),
    "the experiment's own",
  ),
  model: maybe(
    '--model <name>',
    'resam: mlp, resam-cnn, or resam-cifar with CIFAR-10, 25 workers and 2,500 steps',
    oneOf(['mlp', 'resam-cnn', 'resam-cifar']),
    'mlp',
  ),
  faults: maybe(
    '--faults <f>',
    'resam: how many of the 15 workers are faulty, 1, 3, 5, 6 or 7; 5 or 11 of 25 with resam-cifar',
    faultCount,
    '5',
  ),
  momentum: maybe(
    '--momentum <beta>',
    'resam: the momentum beside 0, up to 0.999',
    decimal({ min: 0, max: 0.999 }),
    '0.99; 0.9 for CC',
  ),
  threads: maybe('--threads <count>', 'runs at a time', integer({ min: 1, max: 256 }), 'one a core'),
  fresh: flag('--fresh', 'do not reuse earlier runs'),
  page: maybe(
    '--page <file>',
    'write the page to this file too: one HTML file that needs nothing else',
    text,
  ),
  figures: maybe(
    '--figures <dir>',
    'write each figure as SVG, and verdicts and tables with the version as JSON, to this folder',
    text,
  ),
  json: flag('--json', 'print results.json on standard output; the rest goes to standard error'),
} as const

export const reproduceCommand = defineCommand({
  name: 'reproduce',
  summary: 'run an experiment of the papers and compare its claims with measurements',
  about:
    'Writes results.json and a page (open it in a browser) to a folder. The same command run again goes on where it stopped, and keeps finished runs.',
  arguments: [{ name: '[name]', about: 'which one; --list names them', choices: experimentNames }],
  options,
  examples: [
    '--list',
    'redundancy',
    'resam --faults 7 --momentum 0.999',
    'resam --model resam-cifar --data path/to/cifar-10',
    'resam --quick --data path/to/mnist',
  ],
  async handler(values, [name], terminal) {
    const { list, json, quick, out } = values
    if (json) terminal.reserveOutput()
    const { experiments, experimentNamed } = await import('../../reproduce/registry.ts')
    if (list) checkList(values, name)
    if (list) return listExperiments(experiments, json, terminal)
    if (name === undefined)
      throw new UsageError(`which experiment? One of ${experimentNames.join(', ')}; --list says more`)
    const experiment = experimentNamed(name)
    if (experiment === undefined)
      throw new UsageError(
        `no experiment is called "${name}"; expected one of ${experimentNames.join(', ')}${suggestion(name, experimentNames)}`,
      )
    if (!experiment.needsData && values.data !== null)
      throw new UsageError(`--data is "${values.data}"; ${name} needs no data, its own is made from the seed`)
    const { chooseData } = await import('../../reproduce/data-choice.ts')
    const grid = gridOf(name, values)
    const settings = {
      quick,
      seeds: values.seeds,
      data: await chooseData(values.data),
      ...(Object.keys(grid).length > 0 && { grid }),
    }
    const place = [name, ...Object.values(grid), ...(quick ? ['quick'] : [])].join('-')
    const folder = out ?? join('reproduced', place)
    const page = join(folder, `${name}.html`)
    const { makeFolder, whyNotWritten } = await import('../../files/make-folder.ts')
    for (const [option, path] of [['--out', folder] as const, ['--figures', values.figures] as const])
      if (path !== null)
        await makeFolder(path).catch(error => {
          throw new UsageError(`${option} is "${path}", which cannot be made: ${whyNotWritten(error)}`)
        })
    await requireOutput('--out', page)
    await requireOutput('--page', values.page)
    const run = await runExperiment(experiment, settings, folder, values, terminal)
    await printFindings(run.findings, terminal)
    const [{ pageOf }, { writeWhole }, { writeOutput }] = await Promise.all([
      import('../../reproduce/page.ts'),
      import('../../files/safe-open.ts'),
      import('../../files/output.ts'),
    ])
    const command = [
      'concord reproduce',
      name,
      ...(quick ? ['--quick'] : []),
      ...Object.entries(grid).flatMap(([key, value]) => [`--${key}`, String(value)]),
      ...(values.data === null ? [] : ['--data', values.data]),
    ].join(' ')
    const html = await pageOf({ experiment, settings, ...run, command })
    await writeWhole(page, html)
    if (values.page !== null) await writeOutput(values.page, html)
    if (values.figures !== null) {
      const { keep } = await import('../../reproduce/keep.ts')
      const kept = { name, command, findings: run.findings, seconds: run.used.workSeconds }
      const files = await keep(values.figures, kept)
      terminal.print(`${values.figures}: ${files.join(', ')}`)
    }
    const took = duration(run.results.wallSeconds)
    terminal.print(`page: ${values.page === null ? page : `${values.page}, and ${page}`} (${took})`)
    if (json) terminal.json(run.results)
    return 0
  },
})

/** @throws UsageError if something was given beside --list that it would ignore */
function checkList(values: Values<typeof options>, name: string | undefined): void {
  const stray = Object.entries<Options[string]>(options).find(
    ([key, { fallback }]) =>
      key !== 'list' && key !== 'json' && values[key as keyof typeof options] !== fallback,
  )
  const given = stray === undefined ? name : `--${stray[0]}`
  if (given !== undefined)
    throw new UsageError(
      `${given} is given beside --list, which runs nothing; expected --list alone, or with --json`,
    )
}

/** As in RESAM's §5. */
function faultCount(value: string, name: string): number {
  return Number(oneOf(['1', '3', '5', '6', '7', '11'])(value, name))
}

interface GridValues {
  readonly model: string | null
  readonly faults: number | null
  readonly momentum: number | null
}

/** What was chosen of the grid of `resam`. @throws UsageError for another experiment */
function gridOf(name: string, { model, faults, momentum }: GridValues): GridChoice {
  const grid = {
    ...(model !== null && { model }),
    ...(faults !== null && { faults }),
    ...(momentum !== null && { momentum }),
  }
  const [first] = Object.keys(grid)
  if (first !== undefined && name !== 'resam')
    throw new UsageError(`--${first} is for resam, whose grid it chooses from; expected none with ${name}`)
  const counts = model === 'resam-cifar' ? [5, 11] : [1, 3, 5, 6, 7]
  if (faults !== null && !counts.includes(faults))
    throw new UsageError(
      `--faults is ${faults}; expected one of ${counts.join(', ')} with --model ${model ?? 'mlp'}`,
    )
  return grid
}

type Registry = typeof import('../../reproduce/registry.ts')
type Reproduce = typeof import('../../reproduce/reproduce.ts')
type Settings = Parameters<Reproduce['reproduce']>[0]['settings']

async function listExperiments(
  experiments: Registry['experiments'],
  json: boolean,
  terminal: Terminal,
): Promise<number> {
  const rows = experiments.map(({ name, title, source, summary, needsData }) => ({
    name,
    title,
    source,
    summary,
    needsData,
  }))
  if (json) terminal.json(rows)
  else {
    for (const { name, source, summary } of rows)
      terminal.print(terminal.paint('bold', name), `  ${summary}`, `  ${source}`)
    await listItems(terminal)
  }
  return 0
}

/** The figures and tables of the papers, and how to have each. */
async function listItems(terminal: Terminal): Promise<void> {
  const { paperItems } = await import('../../reproduce/paper-items.ts')
  for (const paper of new Set(paperItems.map(each => each.paper))) {
    terminal.print('', terminal.paint('bold', paper))
    for (const { item, command, shows, why } of paperItems.filter(each => each.paper === paper))
      terminal.print(`  ${item}: ${shows}`, `    ${command === null ? why : `concord reproduce ${command}`}`)
  }
}

async function runExperiment(
  experiment: Registry['experiments'][number],
  settings: Settings,
  folder: string,
  { fresh, threads }: { readonly fresh: boolean; readonly threads: number | null },
  terminal: Terminal,
) {
  const [{ reproduce }, { usedData }] = await Promise.all([
    import('../../reproduce/reproduce.ts'),
    import('../../reproduce/experiment.ts'),
  ])
  const data = experiment.needsData ? ` on ${usedData(experiment, settings).join(' and ')}` : ''
  terminal.print(`${terminal.paint('bold', experiment.title)}${data}`)
  const meter = await createRunMeter(terminal)
  try {
    return await reproduce({
      experiment,
      settings,
      fresh,
      threads,
      path: join(folder, 'results.json'),
      onPlan: ({ runs, earlier }) =>
        terminal.print(
          earlier === 0 ? `${runs} runs` : `${runs} runs, ${earlier} of them taken from ${folder}`,
        ),
      onProgress: meter.update,
    })
  } finally {
    meter.stop()
  }
}

async function printFindings({ tables, verdicts, notes }: Findings, terminal: Terminal): Promise<void> {
  const { tableLines } = await import('../view/table.ts')
  for (const { title, head, rows } of tables)
    terminal.print('', title, ...(await tableLines(head, rows, { columns: terminal.columns })))
  terminal.print('')
  for (const { claim, measured, holds } of verdicts) {
    const [colour, word] =
      holds === null
        ? (['yellow', 'open'] as const)
        : holds
          ? (['green', 'reproduced'] as const)
          : (['red', 'not reproduced'] as const)
    terminal.print(`${terminal.paint(colour, `${word}:`)} ${claim}`, `    ${measured}`)
  }
  for (const note of notes) terminal.print(terminal.paint('dim', `note: ${note}`))
}
