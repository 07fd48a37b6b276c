/** Shows a run to people: on a page of this machine while it goes on, and in a file afterwards. */
import { writeOutput } from '../../files/output.ts'
import { createRecorder, type Recorder } from '../../page/recorder.ts'
import type { RunAbout, RunEnd } from '../../page/run.ts'
import type { PageServer } from '../../page/server.ts'
import type { PageApp } from '../../page/shell.ts'
import type { Terminal } from '../terminal.ts'
import { openBrowser } from './browser.ts'
import type { PageValues } from './page-options.ts'

export interface ShownRun {
  readonly recorder: Recorder
  /** The run has ended: tells the pages, writes the file, and closes the server; on a terminal not before its pages. */
  ended(end: Omit<RunEnd, 'ms'>): Promise<void>
  /** The run has failed, or somebody has ended it: what there is of it is written. Does nothing after `ended`. */
  broken(why: string): Promise<void>
}

/** Null where nobody wants to look. */
export async function showRun(
  about: RunAbout,
  values: PageValues,
  terminal: Pick<Terminal, 'print' | 'warn' | 'live'>,
): Promise<ShownRun | null> {
  const { watch, page } = values
  if (watch === null && page === null) return null
  return showRecorder(createRecorder(about, { isKept: true }), values, terminal, terminal.live !== null)
}

/**
 * The same of a run that is recorded already.
 * @param stays whether a page that is open when the run ends may be looked at until it is closed; null: nothing is said of it
 */
export async function showRecorder(
  recorder: Recorder,
  values: PageValues,
  terminal: Pick<Terminal, 'print' | 'warn'>,
  stays: boolean | null = null,
): Promise<ShownRun | null> {
  const { watch, page } = values
  if (watch === null && page === null) return null
  const { pageApp } = await import('../../page/built.ts')
  const app = await pageApp()
  const server = watch === null ? null : await serve(app, recorder, values, terminal)
  let isOver = false
  const close = async () => {
    isOver = true
    recorder.flush()
    if (page !== null) {
      await writePage(page, app, recorder)
      terminal.print(`page: ${page}`)
    }
    if (stays === true && server !== null && server.readers() > 0) {
      terminal.print(`${server.url} can be looked at until its pages are closed, or until you press Ctrl-C`)
      await server.unread()
    } else if (server !== null && stays !== null && page === null)
      terminal.print(`${server.url} ends here; --page FILE keeps a run`)
    await server?.close()
    recorder.close()
  }
  return {
    recorder,
    async ended(end) {
      if (isOver) return
      recorder.tell({ kind: 'end', end: { ...end, ms: recorder.document().ms } })
      await close()
    },
    async broken(why) {
      if (isOver) return
      recorder.tell({ kind: 'broken', ms: recorder.document().ms, why })
      await close()
    },
  }
}

async function serve(
  app: PageApp,
  recorder: Recorder,
  { watch, open }: PageValues,
  terminal: Pick<Terminal, 'print' | 'warn'>,
): Promise<PageServer | null> {
  const { servePage } = await import('../../page/server.ts')
  const port = typeof watch === 'number' ? watch : 0
  const server = await servePage({ app, title: recorder.about.title, port, source: recorder }).catch(
    (error: NodeJS.ErrnoException) => {
      if (port === 0) throw error
      terminal.warn(
        `--watch is ${port}, and that port cannot be had (${error.code ?? error.message}); taking a free one`,
      )
      return servePage({ app, title: recorder.about.title, port: 0, source: recorder })
    },
  )
  terminal.print(`watch it on ${server.url}`)
  if (open) openBrowser(server.url, why => terminal.warn(`the page was not opened: ${why}`))
  return server
}

async function writePage(path: string, app: PageApp, recorder: Recorder): Promise<void> {
  const { filePage, named } = await import('../../page/shell.ts')
  const run = recorder.document()
  await writeOutput(path, filePage(app, run.about.title, [named(run)]))
}
