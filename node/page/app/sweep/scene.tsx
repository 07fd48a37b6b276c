/** Marks on the page: the same as in files, in the page's colours. */
import type { Mark, Paint, Scene } from '../../../sweep/figures/scene.ts'

interface DrawingProps {
  readonly scene: Scene
  readonly label: string
  /** The target that is ringed. */
  readonly current?: string | null
  readonly onPoint?: (target: string | null) => void
  readonly onPick?: (target: string) => void
}

const paintOf = (paint: Paint) => (paint.startsWith('--') ? `var(${paint})` : paint)

export function Drawing({ scene, label, current = null, onPoint, onPick }: DrawingProps) {
  const targetOf = (event: Event) =>
    event.target instanceof Element
      ? (event.target.closest('[data-target]')?.getAttribute('data-target') ?? null)
      : null
  return (
    <svg
      class="drawing scene"
      width={scene.width}
      height={scene.height}
      role="img"
      aria-label={label}
      onPointerMove={event => onPoint?.(targetOf(event))}
      onPointerLeave={() => onPoint?.(null)}
      onClick={event => {
        const target = targetOf(event)
        if (target !== null) onPick?.(target)
      }}
    >
      {scene.marks.map((mark, at) => (
        <MarkElement
          key={at}
          mark={mark}
          isCurrent={mark.kind === 'path' && mark.target !== undefined && mark.target === current}
        />
      ))}
    </svg>
  )
}

function MarkElement({ mark, isCurrent }: { mark: Mark; isCurrent: boolean }) {
  const [dx, dy] = mark.at ?? [0, 0]
  if (mark.kind === 'text')
    return (
      <text
        x={mark.x + dx}
        y={mark.y + dy}
        text-anchor={mark.anchor}
        transform={mark.turned === 0 ? undefined : `rotate(${mark.turned} ${mark.x + dx} ${mark.y + dy})`}
        pointer-events={mark.title ? undefined : 'none'}
        style={{ fill: paintOf(mark.fill), fontSize: `${mark.size}px`, fontWeight: mark.bold ? 600 : 400 }}
      >
        {mark.title && <title>{mark.title}</title>}
        {mark.text}
      </text>
    )
  const { d, fill, stroke, opacity, title, target } = mark
  const ring = isCurrent ? { stroke: 'var(--accent)', strokeWidth: 3 } : {}
  const line =
    stroke === undefined
      ? {}
      : {
          stroke: paintOf(stroke.paint),
          strokeWidth: stroke.width,
          strokeDasharray: stroke.dash || undefined,
        }
  return (
    <path
      d={d}
      transform={dx === 0 && dy === 0 ? undefined : `translate(${dx} ${dy})`}
      opacity={opacity}
      data-target={target}
      pointer-events={target === undefined && !title ? 'none' : undefined}
      style={{ ...line, ...ring, fill: fill === undefined ? 'none' : paintOf(fill) }}
    >
      {title && <title>{title}</title>}
    </path>
  )
}
