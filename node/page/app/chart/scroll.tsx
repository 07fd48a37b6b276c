/** A region that scrolls, and says so where a reader could not know: a table cut at the edge looks whole. */
import type { ComponentChildren, RefObject } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

interface ScrollProps {
  readonly label: string
  readonly children: ComponentChildren
}

export function Scroll({ label, children }: ScrollProps) {
  const region = useRef<HTMLElement>(null)
  return (
    <>
      <Cue region={region} />
      {/* A region that scrolls must be reachable by keyboard. */}
      <section class="scroll" ref={region} tabIndex={0} aria-label={label}>
        {children}
      </section>
    </>
  )
}

/** Beside the text of a cell, in pixels. */
const PADDING = 8

/** Above a region that scrolls: says so while there is more than is seen. */
export function Cue({ region }: { region: RefObject<HTMLElement | null> }) {
  const [beyond, setBeyond] = useState({ aside: false, below: false })
  useEffect(() => {
    const element = region.current
    if (element === null) return
    const measure = () => {
      // What is hidden at the edge may be no more than the last cell's padding.
      const aside = element.scrollWidth > element.clientWidth + PADDING
      const below = element.scrollHeight > element.clientHeight + 1
      setBeyond(was => (was.aside === aside && was.below === below ? was : { aside, below }))
    }
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    if (element.firstElementChild !== null) observer.observe(element.firstElementChild)
    return () => observer.disconnect()
  }, [])
  const { aside, below } = beyond
  if (!aside && !below) return null
  return (
    <p class="cue" aria-hidden="true">
      {aside && below
        ? 'Scroll for more rows and columns →'
        : aside
          ? 'Scroll sideways for more columns →'
          : 'Scroll for more rows ↓'}
    </p>
  )
}
