/** What the page shows, and what is chosen on it. Documents change in place; `tick` counts the changes. */
import { signal } from '@preact/signals'
import type { RunDocument, RunPhase } from '../run.ts'

export interface Shown {
  readonly name: string
  readonly run: RunDocument
  readonly isLive: boolean
}

export const views = [
  ...(['cohort', 'learning', 'lie', 'schedule'] as const),
  ...(['iterations', 'faults', 'compare'] as const),
] as const
export type ViewName = (typeof views)[number]

export const runs = signal<readonly Shown[]>([])
/** Sentences about what could not be shown. */
export const troubles = signal<readonly string[]>([])
export const connection = signal<'none' | 'connecting' | 'open' | 'lost'>('none')
/** Changes with the documents, at most once a frame. */
export const tick = signal(0)

export const view = signal<ViewName>('cohort')
/** Which run the views show, but Compare. */
export const chosenRun = signal(0)
export const chosenStep = signal<number | null>(null)
export const chosenPhase = signal<RunPhase>('gradient')
/** Whose eyes "Why the lie does not work" looks through; null: of the first that saw something. */
export const chosenObserver = signal<number | null>(null)

let asked = false

/** The document as it is now: a component is drawn again only if it is handed something new. */
export function asNow(run: RunDocument): RunDocument {
  return { ...run }
}

/** Has the views drawn again in the next frame. */
export function redraw(): void {
  if (asked) return
  asked = true
  const draw = () => {
    asked = false
    tick.value++
  }
  // A hidden page has no frames, and would be stale when it is looked at.
  if (document.hidden) setTimeout(draw, 250)
  else requestAnimationFrame(draw)
}

/** The view in the address, so that a reload and a link keep it. */
export function viewOfAddress(): ViewName | null {
  const name = location.hash.slice(1)
  return views.find(one => one === name) ?? null
}
