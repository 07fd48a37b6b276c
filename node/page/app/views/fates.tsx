/** Of rules that take or leave whole vectors: how much of each entered, and how far it was from the result. */
import { Figure } from '../chart/figure.tsx'
import { numberText, percentText } from '../chart/format.ts'
import { paint, peerLook, peerName, shapePath } from '../chart/palette.ts'
import { useWidth } from '../chart/size.ts'
import { isLiar, type PlaneProps } from './plane.tsx'

const BAR = 24
const LEFT = 110
const RIGHT = 136

export function FateFigure({ run, plane }: PlaneProps) {
  const { box, width } = useWidth()
  const { points, result } = plane
  const most = Math.max(...points.map(({ weight }) => weight), 1 / Math.max(1, points.length))
  const perShare = Math.max(20, width - LEFT - RIGHT) / most
  const distance = (x: number, y: number) => Math.hypot(x - result.x, y - result.y)
  return (
    <Figure
      title="What became of each vector"
      caption="The share with which each vector entered the result, and its distance to the result in this plane."
      numbers={() => ({
        head: ['peer', 'fate', 'weight', 'distance in the plane'],
        rows: points.map(({ from, fate, weight, x, y }) => [
          peerName(run, from),
          fate,
          weight,
          distance(x, y),
        ]),
      })}
    >
      <div ref={box}>
        <svg
          class="drawing"
          width={width}
          height={points.length * BAR + 8}
          role="img"
          aria-label="Weights of the received vectors"
        >
          {points.map(({ from, weight, x, y }, at) => {
            const look = peerLook(run, from)
            return (
              <g key={from} transform={`translate(0 ${at * BAR + 6})`}>
                <path
                  d={shapePath(look.shape, 60)}
                  transform={`translate(8 ${BAR / 2 - 4})`}
                  style={{
                    fill: weight > 0 ? paint(look.colour) : 'var(--paper)',
                    stroke: paint(look.colour),
                  }}
                />
                <text x={LEFT - 8} y="13" text-anchor="end" class={isLiar(run, from) ? 'lies' : undefined}>
                  {peerName(run, from).slice(0, 12)}
                </text>
                <rect
                  x={LEFT}
                  width={Math.max(1, weight * perShare)}
                  height={BAR - 8}
                  style={{ fill: paint(look.colour) }}
                />
                <text x={LEFT + weight * perShare + 6} y="13">
                  {weight > 0 ? percentText(weight) : 'left out'}, at {numberText(distance(x, y))}
                </text>
              </g>
            )
          })}
        </svg>
      </div>
    </Figure>
  )
}
