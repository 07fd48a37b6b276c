/** What is drawn of a schedule, and how. */
import type { RunDocument } from '../../run.ts'
import type { Model } from './model.ts'
import type { Filter, Layout, Span } from './window.ts'

/** Colours as the page has them now. */
export type Paint = (name: string) => string

export interface Scene {
  readonly run: RunDocument
  readonly model: Model
  readonly layout: Layout
  readonly span: Span
  readonly filter: Filter
  /** A message, with what caused it and what it caused. */
  readonly picked: { readonly at: number; readonly related: readonly number[] } | null
  readonly paint: Paint
}
