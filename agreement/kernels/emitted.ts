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
import type { ColumnPass } from './passes.ts'
import { BLOCK } from './plain.ts'
import { inSlices } from './slices.ts'
import {
  kernel,
  pointTo,
  type ResultTile,
  type Run,
  resultTiles,
  roundUp,
  rowsOf,
  type Scratch,
  scratch,
} from './tiles.ts'
import { f64x2, get, set, v128 } from './wasm.ts'

export function meanOf(vectors: readonly Vector[]): Vector {
  return columns(vectors, { kind: 'sum', divisor: vectors.length })
}

export function sumOf(vectors: readonly Vector[]): Vector {
  return columns(vectors, { kind: 'sum', divisor: 1 })
}

export function combine(vectors: readonly Vector[], weights: ArrayLike<number>): Vector {
  return columns(vectors, { kind: 'combine', weights: Array.from(weights) })
}

export function meanOfRanks(vectors: readonly Vector[], from: number, to: number): Vector {
  return columns(vectors, { kind: 'ranks', from, to })
}

export function middleOfRanks(vectors: readonly Vector[], low: number, high: number): Vector {
  return columns(vectors, { kind: 'middle', low, high })
}

export function meanAroundMedian(vectors: readonly Vector[], drop: number): Vector {
  return columns(vectors, { kind: 'around', drop })
}

/** The kernel of a pass over `n` rows; its weights, if it has any, are put in place. */
export function columnRun(pass: ColumnPass, n: number, { doubles }: Scratch): Run {
  switch (pass.kind) {
    case 'sum':
      return kernel(`sum ${n} ${pass.divisor}`, 2, sumKernel(n, false, pass.divisor))
    case 'combine':
      doubles.set(pass.weights, WEIGHTS_OFFSET / 8)
      return kernel(`combine ${n}`, 2, sumKernel(n, true, 1))
    case 'ranks': {
      const { from, to } = pass
      const reduce: Reduce = wires => sumOfWires(wires.slice(from, to), to - from)
      return kernel(
        `ranks ${n} ${from} ${to}`,
        2,
        columnKernel(n, () => selectSet(n, from, to), reduce),
      )
    }
    case 'middle': {
      const { low, high } = pass
      const network = () => selectRanks(n, j => j === low || j === high)
      const reduce: Reduce = wires => sumOfWires([wires[low]!, wires[high]!], 2)
      return kernel(`middle ${n} ${low} ${high}`, 2, columnKernel(n, network, reduce))
    }
    case 'around':
      return kernel(
        `around ${n} ${pass.drop}`,
        2,
        columnKernel(n, () => selectRanks(n, () => true), around(n, pass.drop)),
      )
  }
}

/** The mean of the `n − drop` sorted wires nearest to the median. */
function around(n: number, drop: number): Reduce {
  const keep = n - drop
  return (wires, locals, emit) => {
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
}

function columns(vectors: readonly Vector[], pass: ColumnPass): Vector {
  const n = vectors.length
  const d = vectors[0]!.length
  const rows = rowsOf(vectors)
  const sliced = inSlices({ kind: 'columns', pass, addresses: rows.addresses, d })
  if (sliced !== undefined) return new Float32Array(sliced, 0, d)
  const space = scratch()
  const run = columnRun(pass, n, space)
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
