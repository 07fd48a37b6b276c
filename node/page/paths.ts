/** The honest vectors of one averaging agreement, iteration by iteration, in the plane of their inputs. */
import type { AveragingOutput } from '../../agreement/averaging/averaging.ts'
import { averagingConstantOf, type BoundsQuery, bounds, contractionOf } from '../../agreement/bounds.ts'
import { squaredDistances, squaredDistancesTo } from '../../agreement/kernels/index.ts'
import type { PeerIndex } from '../../agreement/protocol.ts'
import { isCoordinateWise } from '../../agreement/protocols/registry.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { LearnOutput } from '../../learning/learn-contract.ts'
import { meanShift, measured } from '../checkers/measures.ts'
import { mainPlane } from './main-directions.ts'
import type { Paths } from './run.ts'

interface PathRecorder {
  output(peer: PeerIndex, output: AveragingOutput | LearnOutput): void
  /** Null: some honest peer never gave its input, or the vectors are too long to be kept. */
  paths(): Paths | null
}

type PathQuery = BoundsQuery & { readonly iterations: number; readonly dimension: number }

/** Vectors are kept until the end, so not more coordinates than this. */
const COORDINATES_MAX = 2e7

export function createPathRecorder(query: PathQuery, honest: readonly PeerIndex[]): PathRecorder {
  const rows = new Map<number, Map<PeerIndex, Vector>>()
  const isKept = honest.length * (query.iterations + 1) * query.dimension <= COORDINATES_MAX
  const put = (iteration: number, peer: PeerIndex, vector: Vector) => {
    if (!isKept || !honest.includes(peer)) return
    const row = rows.get(iteration) ?? new Map<PeerIndex, Vector>()
    rows.set(iteration, row.set(peer, vector))
  }
  return {
    output(peer, output) {
      if (output.kind === 'sealed' && output.slot.iteration === 0) put(0, peer, output.vector)
      if (output.kind === 'iterated') put(output.exchange.iteration + 1, peer, output.vector)
    },
    paths() {
      const inputs = rows.get(0)
      if (inputs === undefined || inputs.size !== honest.length) return null
      return pathsOf(query, inputs, rows)
    },
  }
}

function pathsOf(
  query: PathQuery,
  inputs: ReadonlyMap<PeerIndex, Vector>,
  rows: ReadonlyMap<number, ReadonlyMap<PeerIndex, Vector>>,
): Paths {
  const family = [...inputs.values()]
  const plane = mainPlane(squaredDistances(family), family.length)
  const start = measured(family)
  const guarantee = bounds(query).feasible ? contractionOf(query) : null
  const width = isCoordinateWise(query.protocol) ? Math.sqrt(widths(start.range())) : start.diameter()
  const constant = guarantee === null ? null : averagingConstantOf(query)
  return {
    shown: plane.shown,
    iterations: [...rows]
      .sort(([a], [b]) => a - b)
      .map(([iteration, row]) => {
        const now = measured([...row.values()])
        return {
          iteration,
          points: [...row].map(([peer, vector]) => ({
            peer,
            ...(iteration === 0
              ? plane.points[[...inputs.keys()].indexOf(peer)]!
              : plane.place(squaredDistancesTo(family, vector))),
          })),
          diameter: now.diameter(),
          bound: guarantee === null ? null : width * guarantee ** iteration,
          shift: row.size === inputs.size ? meanShift(start, now) : null,
        }
      }),
    ball: constant === null ? null : { x: 0, y: 0, radius: constant * start.diameter() },
  }
}

function widths({ low, high }: { readonly low: Float64Array; readonly high: Float64Array }): number {
  let sum = 0
  for (let i = 0; i < low.length; i++) sum += (high[i]! - low[i]!) ** 2
  return sum
}
