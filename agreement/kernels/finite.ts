/** Whether coordinates are finite: by an emitted kernel if the vector lies in the kernels' memory. */
import { areFinite as plainly, type Vector } from '../vector.ts'
import { addressOf } from './memory.ts'
import { hasKernels } from './support.ts'
import { kernel, scratch } from './tiles.ts'
import { type Code, f32x4, get, i32, type Locals, loopWhile, set, v128 } from './wasm.ts'

const LANES = 4
/** Floats of one step. */
const STEP = 4 * LANES
/** For fewer floats a call costs more than it saves. */
const LENGTH_MIN = 256

/** True where coordinates `from … to − 1` are finite. */
export function areFinite(vector: Vector, from: number, to: number): boolean {
  const address = hasKernels && to - from >= LENGTH_MIN ? addressOf(vector) : undefined
  if (address === undefined) return plainly(vector, from, to)
  const end = to - ((to - from) % STEP)
  const { base, doubles } = scratch()
  kernel('finite', 3, finiteKernel)(address + 4 * from, address + 4 * end, base)
  return doubles[0] === 0 && doubles[1] === 0 && plainly(vector, end, to)
}

/** `run(from, to, result)`: four sums of `0 · x` over the floats between two addresses; `0 · x` is 0 for a finite x, else NaN. */
function finiteKernel(locals: Locals): Code {
  const [from, to, result] = [0, 1, 2]
  const sums = Array.from({ length: LANES }, () => locals.v128())
  const sum = (others: readonly number[]): Code =>
    others.map(get).reduce((left, right) => f32x4.add(left, right))
  return [
    ...loopWhile(
      [
        ...sums.flatMap((lane, i) =>
          set(lane, f32x4.add(get(lane), f32x4.mul(v128.zero(), v128.load(get(from), 16 * i)))),
        ),
        ...set(from, i32.add(get(from), i32.const(4 * STEP))),
      ],
      i32.lessUnsigned(get(from), get(to)),
    ),
    ...v128.store(get(result), sum(sums)),
  ]
}
