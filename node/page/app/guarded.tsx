/** One view under its title; if it cannot be drawn, a sentence in its place. */
import type { ComponentChildren } from 'preact'
import { useErrorBoundary } from 'preact/hooks'

interface GuardedProps {
  readonly title: string
  /** What is drawn, and what of it holds something wrong then: `this run`, `the document`. */
  readonly of: readonly [whole: string, holder: string]
  readonly children: ComponentChildren
}

export function Guarded({ title, of: [whole, holder], children }: GuardedProps) {
  const [error] = useErrorBoundary()
  if (error !== undefined)
    return (
      <p class="trouble">
        This view cannot be drawn from {whole}: {holder} holds something that it should not. The other views
        may still work.
      </p>
    )
  return (
    <>
      <h2>{title}</h2>
      {children}
    </>
  )
}
