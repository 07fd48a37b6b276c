/** A drawing that is read by the arrow keys, so that it takes the focus. */
import type { ComponentChildren } from 'preact'

interface ReadingProps {
  readonly title: string
  /** What the keys lead along: `values`, `cells`. */
  readonly of: string
  readonly onKeyDown: (event: KeyboardEvent) => void
  readonly children: ComponentChildren
}

export function Reading({ title, of, onKeyDown, children }: ReadingProps) {
  return (
    <div
      class="reading"
      tabIndex={0}
      role="group"
      aria-label={`${title}: arrow keys read the ${of}`}
      onKeyDown={onKeyDown}
    >
      {children}
    </div>
  )
}
