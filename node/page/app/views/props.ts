/** What every view of a run gets. */
import type { RunDocument } from '../../run.ts'

export interface ViewProps {
  readonly run: RunDocument
  /** Changes with the document, which keeps its identity. */
  readonly now: number
}
