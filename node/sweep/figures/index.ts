/** Writes what a sweep's folder has to look at: `index.html`, and `figures/` as SVG and PDF. */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder } from '../../files/make-folder.ts'
import { writeOutput } from '../../files/output.ts'
import { pageApp } from '../../page/built.ts'
import { sweepPage } from '../../page/shell.ts'
import type { RunRow } from '../rows.ts'
import { documentOf, type SweepAbout } from './document.ts'
import { pdfOf } from './pdf.ts'
import { type FiguresOptions, isFigureName, plannedFigures } from './plan.ts'
import { svgOf } from './svg.ts'

interface WrittenFigures {
  /** Paths within the folder. */
  readonly files: readonly string[]
  /** What was left out or shortened, in sentences. */
  readonly notes: readonly string[]
}

/**
 * Writes the page and the figures of these rows, whole files only, and takes away figures of an earlier grid. The same
 * rows give the same bytes. Where `runs/` has files of a run (`.html`, `.json`), the page links to them.
 * @throws PageError where the page's application cannot be read or built; the system's errors
 */
export async function writeFigures(
  rows: readonly RunRow[],
  about: SweepAbout,
  folder: string,
  options: FiguresOptions = {},
): Promise<WrittenFigures> {
  const document = documentOf(rows, about, await filesOfRuns(join(folder, 'runs')))
  const { figures, notes } = plannedFigures(document, options)
  const target = join(folder, 'figures')
  await makeFolder(target)
  const files: string[] = []
  for (const { name, scene } of figures) {
    await writeOutput(join(target, `${name}.svg`), svgOf(scene))
    await writeOutput(join(target, `${name}.pdf`), await pdfOf(scene))
    files.push(join('figures', `${name}.svg`), join('figures', `${name}.pdf`))
  }
  const written = new Set(files)
  for (const name of await readdir(target))
    if (isFigureName(name) && !written.has(join('figures', name))) await rm(join(target, name))
  await writeOutput(join(folder, 'index.html'), sweepPage(await pageApp('sweep'), document.title, document))
  return { files: ['index.html', ...files], notes: [...document.thinned, ...notes] }
}

/** What each run has in `runs/`, by the endings of its files. */
async function filesOfRuns(folder: string): Promise<(run: string) => readonly string[]> {
  const names = new Set(await readdir(folder).catch(() => []))
  return run => ['html', 'json'].filter(ending => names.has(`${run}.${ending}`))
}
