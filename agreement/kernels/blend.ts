/** The weighted sum of two vectors, by an emitted kernel if both lie in the kernels' memory. */
import type { Vector } from '../vector.ts'
import { both, narrow, widen } from './emit-columns.ts'
import { addressOf } from './memory.ts'
import { hasKernels } from './support.ts'
import { kernel, roundUp, scratch } from './tiles.ts'
import { type Code, f64x2, get, i32, type Locals, loopWhile, set, v128 } from './wasm.ts'

/**
 * `into ← a·x + b·(scale·into)`, coordinate by coordinate in 64 bits, rounded once; `scale·into` is rounded before, as if
 * it had been stored. One pass: two would fetch the vector twice.
 */
export function blend(into: Vector, b: number, x: Vector, a: number, scale = 1): void {
  const [target, source] = hasKernels ? [addressOf(into), addressOf(x)] : []
  if (target === undefined || source === undefined) {
    for (let i = 0; i < into.length; i++) into[i] = a * x[i]! + b * Math.fround(scale * into[i]!)
    return
  }
  const { base, doubles } = scratch()
  doubles[0] = a
  doubles[1] = b
  doubles[2] = scale
  kernel('blend', 4, blendKernel)(target, source, target + 4 * roundUp(into.length, 4), base)
}

/** `run(target, source, end, weights)`: what lies behind the vectors' ends is 0 and stays 0. */
function blendKernel(locals: Locals): Code {
  const [target, source, end, weights] = [0, 1, 2, 3]
  const [a, b, scale, values] = [locals.v128(), locals.v128(), locals.v128(), locals.v128()]
  const weighted = (vector: Code, weight: number) =>
    both(f64x2.mul, { low: get(weight), high: get(weight) }, widen(vector))
  return [
    ...set(a, v128.splatDouble(get(weights))),
    ...set(b, v128.splatDouble(get(weights), 8)),
    ...set(scale, v128.splatDouble(get(weights), 16)),
    ...loopWhile(
      [
        ...set(values, narrow(weighted(v128.load(get(target)), scale))),
        ...v128.store(
          get(target),
          narrow(both(f64x2.add, weighted(v128.load(get(source)), a), weighted(get(values), b))),
        ),
        ...set(target, i32.add(get(target), i32.const(16))),
        ...set(source, i32.add(get(source), i32.const(16))),
      ],
      i32.lessUnsigned(get(target), get(end)),
    ),
  ]
}
