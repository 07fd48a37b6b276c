/** The options of commands whose run can be looked at: on a page while it goes on, and in a file afterwards. */
import { flag, maybe, type Option, UsageError } from '../command.ts'
import { integer, text } from '../parse.ts'
import { requireOutput } from '../report-output.ts'

const port = integer({ min: 0, max: 65_535 })

/** True: any free port. */
type WatchPort = number | true | null

const watchOptions = {
  watch: {
    ...maybe<WatchPort>(
      '--watch [port]',
      'show the run on a page of this machine while it goes on, and print its address',
      port,
      'no page; without a port: a free one',
    ),
  } satisfies Option<WatchPort>,
  open: flag('--open', 'with --watch: open the page in a browser'),
} as const

export const pageOptions = {
  ...watchOptions,
  page: maybe('--page <file>', 'write a page of the run, one HTML file that needs nothing else', text),
} as const

export interface PageValues {
  readonly watch: WatchPort
  readonly open: boolean
  readonly page: string | null
}

/** @throws UsageError where an option has no use, or the page could not be written: better now than after the run */
export async function preparePage({ watch, open, page }: PageValues): Promise<void> {
  if (open && watch === null) throw new UsageError('--open is given without --watch; expected both, or none')
  await requireOutput('--page', page)
}
