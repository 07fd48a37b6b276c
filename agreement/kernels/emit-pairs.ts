/**
 * Emitted kernels for what rules need to know about pairs of rows, and the passes around them. Three rows against three
 * at a time: nine sums in registers, six loads for nine pairs.
 */
import { both, widen } from './emit-columns.ts'
import {
  type Code,
  f32x4,
  f64x2,
  get,
  i32,
  type Local,
  type Locals,
  loopWhile,
  set,
  v128,
  when,
} from './wasm.ts'

/** Bytes of a row that one block of pairs reads before the next block: all rows' fit the nearest cache. */
export const STRIP_BYTES = 1024
/** Bytes of a row that one step takes on: two registers, so that what a loop costs is halved. */
export const PAIR_STEP_BYTES = 32
/** Rows per side of a block of pairs. */
export const SIDE = 3
/** Bytes of sums per block: one pair of doubles for each of its pairs of rows. */
export const SUMS_BYTES = SIDE * SIDE * 16

/** How a term of a pair is made, and in how many bits it is added up within a strip. */
export type PairTerm = 'distance32' | 'distance64' | 'product64'

const TERMS: Record<PairTerm, (a: Code, b: Code, spare: Local) => Code> = {
  distance32: (a, b, spare) => [...set(spare, f32x4.sub(a, b)), ...f32x4.mul(get(spare), get(spare))],
  distance64: (a, b, spare) => [...set(spare, f64x2.sub(a, b)), ...f64x2.mul(get(spare), get(spare))],
  product64: (a, b) => f64x2.mul(a, b),
}

/**
 * `run(table, rows, sums, bytes)`: the table holds `rows` pointers, a multiple of `SIDE`, `bytes` is one of `PAIR_STEP_BYTES`; adds to the sums, block by
 * block, first the block of rows with themselves, then with all later ones.
 */
export function pairKernel(term: PairTerm): (locals: Locals) => Code {
  return locals => {
    const [table, rows, sums, bytes] = [0, 1, 2, 3]
    const [from, end, sum, left, right, last] = Array.from({ length: 6 }, () => locals.i32()) as [
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
    ]
    const block = blockEmitter(term, locals, from, end, sum)
    const step = (local: Local, by: number): Code => set(local, i32.add(get(local), i32.const(by)))
    const others = [
      ...set(right, i32.add(get(left), i32.const(4 * SIDE))),
      ...when(
        i32.lessUnsigned(get(right), get(last)),
        loopWhile([...block(left, right), ...step(right, 4 * SIDE)], i32.lessUnsigned(get(right), get(last))),
      ),
    ]
    const strip = [
      ...set(end, i32.min(i32.add(get(from), i32.const(STRIP_BYTES)), get(bytes))),
      ...set(sum, get(sums)),
      ...set(left, get(table)),
      ...loopWhile(
        [...block(left, left), ...others, ...step(left, 4 * SIDE)],
        i32.lessUnsigned(get(left), get(last)),
      ),
      ...set(from, get(end)),
    ]
    return [
      ...set(last, i32.add(get(table), i32.shiftLeft(get(rows), 2))),
      ...loopWhile(strip, i32.lessUnsigned(get(from), get(bytes))),
    ]
  }
}

/** Code for one block of pairs over `from … end`, which then moves `sum` on to the next block. */
function blockEmitter(term: PairTerm, locals: Locals, from: Local, end: Local, sum: Local) {
  const at = locals.i32()
  const pointers = Array.from({ length: 2 * SIDE }, () => locals.i32())
  const values = Array.from({ length: 2 * SIDE }, () => locals.v128())
  const totals = Array.from({ length: SIDE * SIDE }, () => locals.v128())
  const spare = locals.v128()
  const add = term === 'distance32' ? f32x4.add : f64x2.add

  return (left: Local, right: Local): Code => {
    const alone = left === right
    // Of a block with itself, one half; its diagonal is 0 unless it is products that are wanted.
    const wanted = totals.flatMap((total, index) => {
      const [j, k] = [Math.floor(index / SIDE), index % SIDE]
      return alone && (j > k || (j === k && term !== 'product64'))
        ? []
        : [{ total, j, k: alone ? k : k + SIDE, index }]
    })
    const used = alone ? SIDE : 2 * SIDE
    const address = (row: number): Code =>
      row < SIDE ? i32.load(get(left), 4 * row) : i32.load(get(right), 4 * (row - SIDE))
    const body: Code[] = []
    for (const offset of [0, 16]) {
      // Nine sums, three rows of the left and one of the right: as many as there are registers.
      for (let row = 0; row < used; row++) {
        body.push(set(values[row]!, v128.load(i32.add(get(pointers[row]!), get(at)), offset)))
        for (const { total, j, k } of wanted)
          if (Math.max(j, k) === row)
            body.push(set(total, add(get(total), TERMS[term](get(values[j]!), get(values[k]!), spare))))
      }
    }
    body.push(set(at, i32.add(get(at), i32.const(PAIR_STEP_BYTES))))
    return [
      ...pointers.slice(0, used).flatMap((pointer, row) => set(pointer, address(row))),
      ...wanted.flatMap(({ total }) => set(total, v128.zero())),
      ...set(at, get(from)),
      ...loopWhile(body.flat(), i32.lessUnsigned(get(at), get(end))),
      ...wanted.flatMap(({ total, index }) => addTo(sum, 16 * index, inDoubles(term, get(total)))),
      ...set(sum, i32.add(get(sum), i32.const(SUMS_BYTES))),
    ]
  }
}

function inDoubles(term: PairTerm, total: Code): Code {
  if (term !== 'distance32') return total
  const { low, high } = widen(total)
  return f64x2.add(low, high)
}

const addTo = (base: Local, offset: number, value: Code): Code =>
  v128.store(get(base), f64x2.add(v128.load(get(base), offset), value), offset)

/** `run(row, point, sums, bytes)`: four sums of squared differences (of squares, without a point) in 64 bits. */
export function distanceKernel(withPoint: boolean): (locals: Locals) => Code {
  return locals => {
    const [row, point, sums, bytes] = [0, 1, 2, 3]
    const at = locals.i32()
    const [value, other, a, b] = [locals.v128(), locals.v128(), locals.v128(), locals.v128()]
    const [low, high] = [locals.v128(), locals.v128()]
    const difference = withPoint ? both(f64x2.sub, widen(get(value)), widen(get(other))) : widen(get(value))
    const body = [
      ...set(value, v128.load(i32.add(get(row), get(at)))),
      ...(withPoint ? set(other, v128.load(i32.add(get(point), get(at)))) : []),
      ...set(a, difference.low),
      ...set(b, difference.high),
      ...set(low, f64x2.add(get(low), f64x2.mul(get(a), get(a)))),
      ...set(high, f64x2.add(get(high), f64x2.mul(get(b), get(b)))),
      ...set(at, i32.add(get(at), i32.const(16))),
    ]
    return [
      ...loopWhile(body, i32.lessUnsigned(get(at), get(bytes))),
      ...v128.store(get(sums), get(low)),
      ...v128.store(get(sums), get(high), 16),
    ]
  }
}
