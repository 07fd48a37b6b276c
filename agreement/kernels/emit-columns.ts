/**
 * Emitted kernels that make one vector of all rows, coordinate by coordinate: four columns at a time, their values in
 * registers as far as registers go.
 */
import type { Exchange } from './network.ts'
import { type Code, f32x4, f64x2, get, i32, type Local, type Locals, loopWhile, set, v128 } from './wasm.ts'

/** A pair of vectors of two doubles: four columns in 64 bits. */
interface Wide {
  readonly low: Code
  readonly high: Code
}

export const widen = (value: Code): Wide => ({
  low: f64x2.promote(value),
  high: f64x2.promote(v128.high(value)),
})
export const both = (operation: (...operands: Code[]) => Code, ...operands: Wide[]): Wide => ({
  low: operation(...operands.map(operand => operand.low)),
  high: operation(...operands.map(operand => operand.high)),
})
export const narrow = ({ low, high }: Wide): Code => v128.lows(f64x2.demote(low), f64x2.demote(high))
export const constant = (value: number): Wide => ({ low: f64x2.const(value), high: f64x2.const(value) })

/** The code that makes the four results from the wires' locals once the network has run. */
export type Reduce = (wires: readonly Local[], locals: Locals, emit: (code: Code) => void) => Wide

/**
 * `run(table, bytes)`: the table holds `n` pointers to rows and one to the result; `bytes` is 16 for each four
 * columns. A row is loaded when the network first asks for it.
 */
export function columnKernel(
  n: number,
  network: () => readonly Exchange[],
  reduce: Reduce,
): (locals: Locals) => Code {
  return locals => {
    const [table, bytes] = [0, 1]
    const at = locals.i32()
    const pointers = Array.from({ length: n + 1 }, () => locals.i32())
    const wires = Array.from({ length: n }, () => locals.v128())
    const spare = locals.v128()
    const body: Code[] = []
    const loaded = new Set<number>()
    const load = (wire: number): void => {
      if (loaded.has(wire)) return
      loaded.add(wire)
      body.push(set(wires[wire]!, v128.load(i32.add(get(pointers[wire]!), get(at)))))
    }
    for (const { low, high, keep } of network()) {
      load(low)
      load(high)
      const [a, b] = [wires[low]!, wires[high]!]
      if (keep === 'both') body.push(set(spare, f32x4.min(get(a), get(b))))
      if (keep !== 'low') body.push(set(b, f32x4.max(get(a), get(b))))
      if (keep === 'low') body.push(set(a, f32x4.min(get(a), get(b))))
      if (keep === 'both') body.push(set(a, get(spare)))
    }
    const result = reduce(
      wires.map((wire, j) => {
        load(j)
        return wire
      }),
      locals,
      code => body.push(code),
    )
    body.push(v128.store(i32.add(get(pointers[n]!), get(at)), narrow(result)))
    body.push(set(at, i32.add(get(at), i32.const(16))))
    const setup = pointers.flatMap((pointer, j) => set(pointer, i32.load(get(table), 4 * j)))
    return [...setup, ...loopWhile(body.flat(), i32.lessUnsigned(get(at), get(bytes)))]
  }
}

/** The sum of the given wires, in order, divided by `divisor`. */
export function sumOfWires(wires: readonly Local[], divisor: number): Wide {
  const total = wires
    .map(wire => widen(get(wire)))
    .reduce((sum, value) => both(f64x2.add, sum, value), constant(0))
  return divisor === 1 ? total : both(f64x2.div, total, constant(divisor))
}

/** Byte offset of the weights behind the pointers in a kernel's table. */
export const WEIGHTS_OFFSET = 1024

/** `run(table, bytes)`: the sum of `n` rows, each times its weight where `weighted`, divided by `divisor`. */
export function sumKernel(n: number, weighted: boolean, divisor: number): (locals: Locals) => Code {
  return locals => {
    const [table, bytes] = [0, 1]
    const at = locals.i32()
    const pointers = Array.from({ length: n + 1 }, () => locals.i32())
    const [row, low, high] = [locals.v128(), locals.v128(), locals.v128()]
    const body = [...set(low, v128.zero()), ...set(high, v128.zero())]
    for (const [j, pointer] of pointers.slice(0, n).entries()) {
      const weight = v128.splatDouble(get(table), WEIGHTS_OFFSET + 8 * j)
      const value = widen(get(row))
      const term = weighted ? both(f64x2.mul, value, { low: weight, high: weight }) : value
      body.push(...set(row, v128.load(i32.add(get(pointer), get(at)))))
      body.push(...set(low, f64x2.add(get(low), term.low)), ...set(high, f64x2.add(get(high), term.high)))
    }
    const total = { low: get(low), high: get(high) }
    const result = divisor === 1 ? total : both(f64x2.div, total, constant(divisor))
    body.push(...v128.store(i32.add(get(pointers[n]!), get(at)), narrow(result)))
    body.push(...set(at, i32.add(get(at), i32.const(16))))
    const setup = pointers.flatMap((pointer, j) => set(pointer, i32.load(get(table), 4 * j)))
    return [...setup, ...loopWhile(body, i32.lessUnsigned(get(at), get(bytes)))]
  }
}
