/** Of coordinate-wise rules: in which share of the coordinates each received vector was trimmed. */
import { Figure } from '../chart/figure.tsx'
import { type Look, paint, peerName, plain } from '../chart/palette.ts'
import { useWidth } from '../chart/size.ts'
import { isLiar, type PlaneProps } from './plane.tsx'
import { trimmedText } from './trimmed-text.ts'

const BAR = 22
const LEFT = 110

const low: Look = { colour: '--c1', dash: '', shape: plain.shape }
const high: Look = { colour: '--c4', dash: '', shape: plain.shape }

/** In what share of the coordinates each vector was among the lowest and the highest. */
export function TrimmedFigure({ run, plane }: PlaneProps) {
  const { box: container, width } = useWidth()
  const perShare = (width - LEFT - 12) / 2
  const height = plane.points.length * BAR + 46
  return (
    <Figure
      title="Where each vector was trimmed"
      caption={trimmedText(run, plane)}
      legend={[
        { label: 'trimmed as low', look: low, as: 'box' },
        { label: 'trimmed as high', look: high, as: 'box' },
      ]}
      numbers={() => ({
        head: ['peer', 'share low', 'share high'],
        rows: plane.points.map(point => [peerName(run, point.from), point.low, point.high]),
      })}
    >
      <div ref={container}>
        <svg
          class="drawing"
          width={width}
          height={height}
          role="img"
          aria-label="Shares of trimmed coordinates"
        >
          {plane.points.map((point, at) => (
            <g key={point.from} transform={`translate(0 ${at * BAR + 8})`}>
              <text
                x={LEFT - 8}
                y="13"
                text-anchor="end"
                class={isLiar(run, point.from) ? 'lies' : undefined}
              >
                {peerName(run, point.from).slice(0, 14)}
              </text>
              <Bars low={point.low ?? 0} high={point.high ?? 0} perShare={perShare} />
            </g>
          ))}
          <ShareAxis perShare={perShare} height={height} width={width} />
        </svg>
      </div>
    </Figure>
  )
}

function Bars(shares: { readonly low: number; readonly high: number; readonly perShare: number }) {
  const { perShare } = shares
  const middle = LEFT + perShare
  return (
    <>
      <rect
        x={middle - shares.low * perShare}
        width={shares.low * perShare}
        height={BAR - 6}
        style={{ fill: paint(low.colour) }}
      />
      <rect x={middle} width={shares.high * perShare} height={BAR - 6} style={{ fill: paint(high.colour) }} />
    </>
  )
}

function ShareAxis({ perShare, height, width }: { perShare: number; height: number; width: number }) {
  const middle = LEFT + perShare
  const anchor = (share: number) => (share === 1 ? 'end' : share === -1 ? 'start' : 'middle')
  return (
    <g class="axis" transform={`translate(0 ${height - 34})`}>
      <line x1={middle} x2={middle} y1={-height + 42} y2="0" />
      {[-1, -0.5, 0, 0.5, 1].map(share => (
        <text key={share} x={middle + share * perShare} y="14" text-anchor={anchor(share)}>
          {Math.abs(share) * 100}
        </text>
      ))}
      <text class="axis-label" x={width - 12} y="30" text-anchor="end">
        coordinates (%)
      </text>
    </g>
  )
}
