/** `concord page`: one page of several runs, side by side. */
import { basename } from 'node:path'
import { writeOutput } from '../../files/output.ts'
import { DATA_BYTES_MAX } from '../../page/documents.ts'
import { readAll } from '../../page/read-runs.ts'
import { defineCommand, maybe, UsageError } from '../command.ts'
import { text } from '../parse.ts'
import { requireOutput } from '../report-output.ts'

export const page = defineCommand({
  name: 'page',
  summary: 'one page of several runs, side by side: from their pages and their reports',
  about:
    'Takes pages, and the reports of demo, simulate and join. A report holds figures alone; a page holds the messages and what each peer received as well.',
  arguments: [{ name: '<files...>', about: 'pages (.html) and reports (.json) of runs' }],
  options: {
    out: maybe('-o, --out <file>', 'the page to write, one HTML file', text, 'required'),
  },
  examples: ['mda.html mean.html -o both.html', 'a.json b.json -o compare.html'],
  async handler({ out }, positional, terminal) {
    // Commander hands a list of arguments over as one.
    const paths = positional.flat() as readonly string[]
    if (out === null)
      throw new UsageError('--out is missing; expected the page to write, such as -o both.html')
    await requireOutput('--out', out)
    const runs = []
    for (const path of paths)
      for (const run of await readAll(path, DATA_BYTES_MAX))
        runs.push({ name: `${basename(path)}: ${run.about.title}`, run })
    const [{ pageApp }, { filePage }] = await Promise.all([
      import('../../page/built.ts'),
      import('../../page/shell.ts'),
    ])
    const title = `${runs.length} runs side by side`
    await writeOutput(out, filePage(await pageApp(), title, runs))
    terminal.print(`page: ${out}, of ${runs.length} ${runs.length === 1 ? 'run' : 'runs'}`)
    return 0
  },
})
