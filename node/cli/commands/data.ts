/** `concord data fetch|show|inspect|check`: data sets from their mirrors, who holds what of them, and members' own data. */

import { join } from 'node:path'
import { type CommandGroup, defineCommand, flag, JobError, maybe, option, UsageError } from '../command.ts'
import { dataOptions } from '../options.ts'
import { integer, text } from '../parse.ts'
import { requireOutput } from '../report-output.ts'
import { check, inspect } from './data-schema.ts'

const fetchCommand = defineCommand({
  name: 'fetch',
  summary: 'fetch a data set: mnist, fashion-mnist or cifar-10',
  about:
    'Files are checked by their SHA-256. A file that was fetched before is not fetched again, and an interrupted fetch is resumed.',
  arguments: [{ name: '<name>', about: 'mnist, fashion-mnist or cifar-10' }],
  options: {
    out: maybe('--out <dir>', 'where to put it', text, 'data/NAME'),
    mirror: maybe('--mirror <url>', 'a folder on the web to try before the others', text),
  },
  examples: ['mnist', 'cifar-10 --out /data/cifar-10'],
  async handler({ out, mirror }, [name], terminal) {
    const [{ catalogue }, { fetchDataSet, FetchError }, { suggestion }] = await Promise.all([
      import('../../data/catalogue.ts'),
      import('../../data/fetch.ts'),
      import('../../text/nearest.ts'),
    ])
    const known = catalogue.find(set => set.name === name)
    const names = catalogue.map(set => set.name)
    if (known === undefined)
      throw new UsageError(
        `data set is "${name}"; expected one of ${names.join(', ')}${suggestion(name ?? '', names)}`,
      )
    const set = mirror === null ? known : { ...known, mirrors: [folderAddress(mirror), ...known.mirrors] }
    const directory = out ?? join('data', known.name)
    const { createFetchView } = await import('../view/fetching.ts')
    const view = createFetchView(terminal)
    try {
      await fetchDataSet({ set, directory, onProgress: view.update, onNote: view.note })
    } catch (error) {
      view.stop()
      if (error instanceof FetchError) throw new JobError(error.message)
      throw error
    }
    view.stop()
    terminal.print(`${known.name} is in ${directory}: use it with --data ${directory}`)
    return 0
  },
})

const show = defineCommand({
  name: 'show',
  summary: 'show how many examples of each class each peer holds',
  options: {
    ...dataOptions,
    peers: option('--peers <n>', 'how many peers', integer({ min: 1, max: 1024 }), 7),
    seed: option('--seed <n>', 'decides the partition', integer({ min: 0 }), 1),
    svg: maybe('--svg <file>', 'write it as a picture', text),
    json: flag('--json', 'print it as JSON'),
  },
  examples: ['--partition dirichlet:0.5 --peers 10', '--data data/mnist --partition label --svg shares.svg'],
  async handler({ data, partition, peers, seed, svg, json }, _, terminal) {
    const [{ openData }, { partitionTableOf, partitionTableSvg }] = await Promise.all([
      import('../../../learning/data/open.ts'),
      import('../../data/partition-table.ts'),
    ])
    await requireOutput('--svg', svg)
    const source = await openData(data)
    const partitionTable = partitionTableOf(source, partition, peers, seed)
    if (json) terminal.json(partitionTable, 0)
    else {
      const [{ partitionTableText }, { counted }] = await Promise.all([
        import('../view/partition-table.ts'),
        import('../view/format.ts'),
      ])
      const { shape, classes } = source
      const kind = classes === 0 ? 'real targets' : `${classes} classes`
      const size = shape.length === 1 ? counted(shape[0]!, 'value') : shape.join(' × ')
      const tests = source.test().labels.length
      terminal.print(
        `${source.name}: ${source.trainLabels.length} training and ${tests} test examples of ${size}, ${kind}; ${partition} over ${peers} peers, seed ${seed}`,
      )
      terminal.print(...source.notes, ...(await partitionTableText(partitionTable, terminal.columns)))
    }
    if (svg !== null) {
      const { writeOutput } = await import('../../files/output.ts')
      await writeOutput(svg, partitionTableSvg(partitionTable)).catch(error => {
        throw new UsageError(`--svg is "${svg}", which cannot be written: ${error.message}`)
      })
      if (!json) terminal.print(`wrote ${svg}`)
    }
    return 0
  },
})

export const data: CommandGroup = {
  name: 'data',
  summary: 'fetch a data set, show which peer holds what of it, or look at data of your own',
  commands: [fetchCommand, show, inspect, check],
}

function folderAddress(mirror: string): string {
  if (!URL.canParse(mirror) || !/^https?:/.test(mirror))
    throw new UsageError(`--mirror is "${mirror}"; expected an address such as https://example.org/mnist/`)
  return mirror.endsWith('/') ? mirror : `${mirror}/`
}
