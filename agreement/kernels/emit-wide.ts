/** Emitted kernels over a strip of rows in 64 bits, short enough for all rows to stay in the nearest cache. */
import { both, narrow, widen } from './emit-columns.ts'
import { GROUP } from './plain.ts'
import { type Code, f64x2, get, i32, type Locals, loopWhile, set, v128 } from './wasm.ts'

/** Choices of some rows of a `GROUP`. */
export const CHOICES = (1 << GROUP) - 1

/** Columns that one step of `widenKernel` takes on; what lies past the end of a row comes along, and is not looked at. */
const WIDEN_STEP = 16

/**
 * `run(table, last, offset, wide, bytes)`: writes each row that the table from `table` to `last` points to, from
 * `offset` on, in 64 bits to `wide`, one every `stride` bytes; less the row that `last` points to if `centred`.
 */
export function widenKernel(centred: boolean, stride: number): (locals: Locals) => Code {
  return locals => {
    const [table, last, offset, wide, bytes] = [0, 1, 2, 3, 4]
    const [row, centre, at, to] = [locals.i32(), locals.i32(), locals.i32(), locals.i32()]
    const [value, other] = [locals.v128(), locals.v128()]
    const result = centred ? both(f64x2.sub, widen(get(value)), widen(get(other))) : widen(get(value))
    const four = (step: number): Code => [
      ...set(value, v128.load(i32.add(get(row), get(at)), 16 * step)),
      ...(centred ? set(other, v128.load(i32.add(get(centre), get(at)), 16 * step)) : []),
      ...v128.store(get(to), result.low, 32 * step),
      ...v128.store(get(to), result.high, 32 * step + 16),
    ]
    const columns = [
      ...Array.from({ length: WIDEN_STEP / 4 }, (_, step) => four(step)).flat(),
      ...set(at, i32.add(get(at), i32.const(4 * WIDEN_STEP))),
      ...set(to, i32.add(get(to), i32.const(8 * WIDEN_STEP))),
    ]
    const rows = [
      ...set(row, i32.add(i32.load(get(table)), get(offset))),
      ...set(at, i32.const(0)),
      ...set(to, get(wide)),
      ...loopWhile(columns, i32.lessUnsigned(get(at), get(bytes))),
      ...set(wide, i32.add(get(wide), i32.const(stride))),
      ...set(table, i32.add(get(table), i32.const(4))),
    ]
    return [
      ...(centred ? set(centre, i32.add(i32.load(get(last)), get(offset))) : []),
      ...loopWhile(rows, i32.lessUnsigned(get(table), get(last))),
    ]
  }
}

/**
 * `run(table, last, offset, wide, bytes)`: for each `GROUP` of rows that the table points to, from `offset` on, the
 * sums of all choices among them in 64 bits to `wide`, one every `stride` bytes: choice `1`, the first row, to choice
 * `2^GROUP − 1`, all.
 */
export function choicesKernel(stride: number): (locals: Locals) => Code {
  return locals => {
    const [table, last, offset, wide, bytes] = [0, 1, 2, 3, 4]
    const [at, to] = [locals.i32(), locals.i32()]
    const rows = Array.from({ length: GROUP }, () => locals.i32())
    const values = rows.map(() => locals.v128())
    const sums = Array.from({ length: CHOICES + 1 }, () => locals.v128())
    const choose = (half: 'low' | 'high') => (choice: number) => {
      const top = 31 - Math.clz32(choice)
      const [others, own] = [choice - (1 << top), sums[1 << top]!]
      const sum = others > 0 ? f64x2.add(get(sums[others]!), get(own)) : widen(get(values[top]!))[half]
      const place = (choice - 1) * stride + (half === 'high' ? 16 : 0)
      return [...set(sums[choice]!, sum), ...v128.store(get(to), get(sums[choice]!), place)]
    }
    const choices = Array.from({ length: CHOICES }, (_, index) => index + 1)
    const columns = [
      ...rows.flatMap((row, j) => set(values[j]!, v128.load(i32.add(get(row), get(at))))),
      ...choices.flatMap(choose('low')),
      ...choices.flatMap(choose('high')),
      ...set(at, i32.add(get(at), i32.const(16))),
      ...set(to, i32.add(get(to), i32.const(32))),
    ]
    const each = [
      ...rows.flatMap((row, j) => set(row, i32.add(i32.load(get(table), 4 * j), get(offset)))),
      ...set(at, i32.const(0)),
      ...set(to, get(wide)),
      ...loopWhile(columns, i32.lessUnsigned(get(at), get(bytes))),
      ...set(wide, i32.add(get(wide), i32.const(CHOICES * stride))),
      ...set(table, i32.add(get(table), i32.const(4 * GROUP))),
    ]
    return loopWhile(each, i32.lessUnsigned(get(table), get(last)))
  }
}

/** Sums of two columns each that `meansKernel` holds in registers. */
const LANES = 8
/** Columns that one step of `meansKernel` takes on. */
export const MEANS_STEP = 2 * LANES

/**
 * `run(lists, last, offset, bytes)`: for each list from `lists` to `last`, of `k` pointers to 64-bit rows and one to
 * a result, the rows' sum times `1/divisor` at the result, `offset` bytes on; `bytes` of a row are taken.
 */
export function meansKernel(k: number, divisor: number): (locals: Locals) => Code {
  return locals => {
    const [lists, last, offset, bytes] = [0, 1, 2, 3]
    const [at, row, to] = [locals.i32(), locals.i32(), locals.i32()]
    const sums = Array.from({ length: LANES }, () => locals.v128())
    const share = locals.v128()
    const addRow = (index: number): Code => [
      ...set(row, i32.add(i32.load(get(lists), 4 * index), get(at))),
      ...sums.flatMap((sum, lane) => set(sum, f64x2.add(get(sum), v128.load(get(row), 16 * lane)))),
    ]
    const scaled = sums.map(sum => f64x2.mul(get(sum), get(share)))
    const columns = [
      ...sums.flatMap(sum => set(sum, v128.zero())),
      ...Array.from({ length: k }, (_, index) => addRow(index)).flat(),
      ...Array.from({ length: LANES / 2 }, (_, pair) =>
        v128.store(get(to), narrow({ low: scaled[2 * pair]!, high: scaled[2 * pair + 1]! }), 16 * pair),
      ).flat(),
      ...set(at, i32.add(get(at), i32.const(16 * LANES))),
      ...set(to, i32.add(get(to), i32.const(8 * LANES))),
    ]
    const each = [
      ...set(at, i32.const(0)),
      ...set(to, i32.add(i32.load(get(lists), 4 * k), get(offset))),
      ...loopWhile(columns, i32.lessUnsigned(get(at), get(bytes))),
      ...set(lists, i32.add(get(lists), i32.const(4 * (k + 1)))),
    ]
    return [
      ...set(share, f64x2.const(1 / divisor)),
      ...loopWhile(each, i32.lessUnsigned(get(lists), get(last))),
    ]
  }
}
