/** The passes that make one vector of all, as emitted kernels: the same bits as in `plain.ts`. */
import type { Vector } from '../vector.ts'
import {
  both,
  columnKernel,
  constant,
  type Reduce,
  sumKernel,
  sumOfWires,
  WEIGHTS_OFFSET,
  widen,
} from './emit-columns.ts'
import { selectRanks, selectSet } from './network.ts'
import { BLOCK } from './plain.ts'
import { kernel, pointTo, type ResultTile, type Run, resultTiles, roundUp, rowsOf, scratch } from './tiles.ts'
import { f64x2, get, set, v128 } from './wasm.ts'

export function meanOf(vectors: readonly Vector[]): Vector {
  const n = vectors.length
  return columns(vectors, kernel(`mean ${n}`, 2, sumKernel(n, false, n)))
}

export function sumOf(vectors: readonly Vector[]): Vector {
  const n = vectors.length
  return columns(vectors, kernel(`sum ${n}`, 2, sumKernel(n, false, 1)))
}

export function combine(vectors: readonly Vector[], weights: ArrayLike<number>): Vector {
  const n = vectors.length
  scratch().doubles.set(weights, WEIGHTS_OFFSET / 8)
  return columns(vectors, kernel(`combine ${n}`, 2, sumKernel(n, true, 1)))
}

export function meanOfRanks(vectors: readonly Vector[], from: number, to: number): Vector {
  const n = vectors.length
  const reduce: Reduce = wires => sumOfWires(wires.slice(from, to), to - from)
  return columns(
    vectors,
    kernel(
      `ranks ${n} ${from} ${to}`,
      2,
      columnKernel(n, () => selectSet(n, from, to), reduce),
    ),
  )
}

export function middleOfRanks(vectors: readonly Vector[], low: number, high: number): Vector {
  const n = vectors.length
  const network = () => selectRanks(n, j => j === low || j === high)
  const reduce: Reduce = wires => sumOfWires([wires[low]!, wires[high]!], 2)
  return columns(vectors, kernel(`middle ${n} ${low} ${high}`, 2, columnKernel(n, network, reduce)))
}

export function meanAroundMedian(vectors: readonly Vector[], drop: number): Vector {
  const n = vectors.length
  const keep = n - drop
  const reduce: Reduce = (wires, locals, emit) => {
    const medians = [locals.v128(), locals.v128()] as const
    const median = sumOfWires([wires[(n - 1) >> 1]!, wires[n >> 1]!], 1)
    emit(set(medians[0], median.low))
    emit(set(medians[1], median.high))
    const twiceMedian = { low: get(medians[0]), high: get(medians[1]) }
    const certain = wires.slice(drop, keep).map(wire => widen(get(wire)))
    const rivals = wires.slice(0, drop).map((wire, j) => {
      const [low, high] = [widen(get(wire)), widen(get(wires[j + keep]!))]
      return both(v128.select, low, high, both(f64x2.lessOrEqual, twiceMedian, both(f64x2.add, low, high)))
    })
    const total = [...certain, ...rivals].reduce((sum, value) => both(f64x2.add, sum, value), constant(0))
    return both(f64x2.div, total, constant(keep))
  }
  return columns(
    vectors,
    kernel(
      `meamed ${n} ${drop}`,
      2,
      columnKernel(n, () => selectRanks(n, () => true), reduce),
    ),
  )
}

function columns(vectors: readonly Vector[], run: Run): Vector {
  const n = vectors.length
  const d = vectors[0]!.length
  const space = scratch()
  const rows = rowsOf(vectors)
  const [tile] = resultTiles(n, 1, BLOCK, space) as [ResultTile]
  const result = new Float32Array(d)
  for (let from = 0; from < d; from += BLOCK) {
    const to = Math.min(d, from + BLOCK)
    pointTo(rows, from, to, space)
    space.pointers[n] = tile.address
    run(space.base, roundUp(to - from, 4) * 4)
    result.set(to - from === BLOCK ? tile.values : tile.values.subarray(0, to - from), from)
  }
  return result
}
