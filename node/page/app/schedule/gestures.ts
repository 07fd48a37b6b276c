/** Pointer, wheel and keys on the schedule: drag moves, two fingers or the wheel zoom, a tap picks. */
import { type Layout, moved, msOf, pixelsPerMs, type Span, zoomed } from './window.ts'

interface Target {
  layout(): Layout
  span(): Span
  all(): Span
  show(span: Span): void
  pickAt(x: number, y: number): void
}

/** A pointer that has moved less has tapped. */
const TAP = 4

/** Listens until the function that it returns is called. */
export function listen(canvas: HTMLCanvasElement, target: Target): () => void {
  const pointers = new Map<number, { x: number; y: number }>()
  let travelled = 0
  const place = (event: MouseEvent) => {
    const { left, top } = canvas.getBoundingClientRect()
    return { x: event.clientX - left, y: event.clientY - top }
  }
  const down = (event: PointerEvent) => {
    canvas.setPointerCapture(event.pointerId)
    pointers.set(event.pointerId, place(event))
    if (pointers.size === 1) travelled = 0
  }
  const move = (event: PointerEvent) => {
    const before = pointers.get(event.pointerId)
    if (before === undefined) return
    const now = place(event)
    travelled += Math.hypot(now.x - before.x, now.y - before.y)
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1]
    pointers.set(event.pointerId, now)
    const span = target.span()
    if (other === undefined) {
      if (travelled > TAP)
        target.show(moved(span, target.all(), (before.x - now.x) / pixelsPerMs(target.layout(), span)))
      return
    }
    const factor = Math.abs(now.x - other.x) / Math.max(1, Math.abs(before.x - other.x))
    const middle = msOf(target.layout(), span, (now.x + other.x) / 2)
    if (factor > 0) target.show(zoomed(span, target.all(), factor, middle))
  }
  const up = (event: PointerEvent) => {
    const isLast = pointers.delete(event.pointerId) && pointers.size === 0
    const { x, y } = place(event)
    if (isLast && travelled <= TAP && event.type === 'pointerup') target.pickAt(x, y)
  }
  const wheel = (event: WheelEvent) => {
    // Else the page could not be scrolled past the drawing.
    if (!event.ctrlKey && document.activeElement !== canvas) return
    event.preventDefault()
    const span = target.span()
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY))
      target.show(moved(span, target.all(), event.deltaX / pixelsPerMs(target.layout(), span)))
    else
      target.show(
        zoomed(span, target.all(), 1.0015 ** -event.deltaY, msOf(target.layout(), span, place(event).x)),
      )
  }
  const handlers = { pointerdown: down, pointermove: move, pointerup: up, pointercancel: up } as const
  for (const [name, handler] of Object.entries(handlers))
    canvas.addEventListener(name, handler as (event: Event) => void)
  canvas.addEventListener('wheel', wheel, { passive: false })
  return () => {
    for (const [name, handler] of Object.entries(handlers))
      canvas.removeEventListener(name, handler as (event: Event) => void)
    canvas.removeEventListener('wheel', wheel)
  }
}
