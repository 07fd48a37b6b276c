/** The schedule's canvas on the page: drawn once a frame when something has changed, and its pointers. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { type Drawn, drawScene } from './draw.ts'
import { listen } from './gestures.ts'
import type { Model } from './model.ts'
import { canvasPen } from './pen.ts'
import type { Paint, Scene } from './scene.ts'
import { type Filter, type Layout, pick, type Span } from './window.ts'

interface Seen {
  readonly layout: Layout
  readonly span: Span
  readonly all: Span
  readonly filter: Filter
  readonly model: Model
}

/** Listens to pointers once, with what is seen at the time of each. */
export function useGestures(
  canvas: { readonly current: HTMLCanvasElement | null },
  seen: Seen,
  show: (span: Span) => void,
  choose: (at: number | null) => void,
): void {
  const now = useRef(seen)
  now.current = seen
  useEffect(() => {
    if (canvas.current === null) return
    return listen(canvas.current, {
      layout: () => now.current.layout,
      span: () => now.current.span,
      all: () => now.current.all,
      show(span) {
        // A second gesture may come before the page is drawn again.
        now.current = { ...now.current, span }
        show(span)
      },
      pickAt(x, y) {
        const { model, layout, span, filter } = now.current
        choose(pick(model, layout, span, filter, x, y))
      },
    })
  }, [])
}

/** Colours as the style sheet has them now, looked up once a frame. */
export function cssPaint(): Paint {
  const style = getComputedStyle(document.documentElement)
  const known = new Map<string, string>()
  return name => {
    const value = known.get(name) ?? style.getPropertyValue(name).trim()
    known.set(name, value)
    return value
  }
}

export function useDrawing(
  canvas: { readonly current: HTMLCanvasElement | null },
  scene: () => Scene,
  changes: readonly unknown[],
): Drawn | null {
  const [drawn, setDrawn] = useState<Drawn | null>(null)
  const [theme, setTheme] = useState(0)
  useEffect(() => {
    const dark = matchMedia('(prefers-color-scheme: dark)')
    const change = () => setTheme(count => count + 1)
    dark.addEventListener('change', change)
    return () => dark.removeEventListener('change', change)
  }, [])
  useEffect(() => {
    // Many changes in one frame are drawn once.
    const frame = requestAnimationFrame(() => {
      const element = canvas.current
      const context = element?.getContext('2d')
      if (!element || !context) return
      const { layout, ...rest } = scene()
      const ratio = Math.min(2, devicePixelRatio)
      const [width, height] = [Math.round(layout.width * ratio), Math.round(layout.height * ratio)]
      if (element.width !== width || element.height !== height) Object.assign(element, { width, height })
      context.setTransform(ratio, 0, 0, ratio, 0, 0)
      context.clearRect(0, 0, layout.width, layout.height)
      const next = drawScene(canvasPen(context), { ...rest, layout })
      setDrawn(before =>
        before?.messages === next.messages && before.asLines === next.asLines ? before : next,
      )
    })
    return () => cancelAnimationFrame(frame)
  }, [...changes, theme])
  return drawn
}
