/**
 * Where a gradient lands that comes through the shared file: memory of its own, read into time and again, in which
 * WebAssembly looks at four values at once. Plain code takes as long to find them finite as all the copying takes.
 */

import { hasKernels } from '../../agreement/kernels/index.ts'
import {
  type Code,
  f32x4,
  get,
  i32,
  kernelModule,
  loopWhile,
  set,
  v128,
} from '../../agreement/kernels/wasm.ts'
import { isFiniteVector, type Vector } from '../../agreement/vector.ts'

export interface Landing {
  /** `4·d` bytes to write a vector to. */
  readonly bytes: Uint8Array
  /** The vector that was written. */
  readonly values: Vector
  /** Whether all of its values are finite. */
  isFinite(): boolean
}

const PAGE_BYTES = 65_536
/** What the kernel does in one round: four registers. */
const ROUND_BYTES = 64

export function createLanding(dimension: number): Landing {
  if (!hasKernels) {
    const values = new Float32Array(dimension)
    return { bytes: new Uint8Array(values.buffer), values, isFinite: () => isFiniteVector(values.slice()) }
  }
  const end = Math.max(1, Math.ceil((4 * dimension) / ROUND_BYTES)) * ROUND_BYTES
  const memory = new WebAssembly.Memory({ initial: Math.ceil((end + 16) / PAGE_BYTES) })
  const module = new WebAssembly.Module(kernelModule(2, undefined, sumOfZeroes))
  const { run } = new WebAssembly.Instance(module, { kernel: { memory } }).exports
  const sums = new Float32Array(memory.buffer, end, 4)
  return {
    bytes: new Uint8Array(memory.buffer, 0, 4 * dimension),
    values: new Float32Array(memory.buffer, 0, dimension),
    isFinite() {
      ;(run as (bytes: number, result: number) => void)(end, end)
      return sums.every(sum => sum === 0)
    },
  }
}

/** `run(bytes, result)`: four sums of `0·x` over the memory's first bytes; of finite values 0, of any other NaN. */
function sumOfZeroes({
  i32: integer,
  v128: register,
}: Parameters<Parameters<typeof kernelModule>[2]>[0]): Code {
  const [bytes, result] = [0, 1]
  const at = integer()
  const zero = register()
  const sums = [register(), register(), register(), register()] as const
  const add = (place: number): Code =>
    set(sums[place]!, f32x4.add(get(sums[place]!), f32x4.mul(get(zero), v128.load(get(at), 16 * place))))
  const [a, b, c, d] = sums.map(get) as [Code, Code, Code, Code]
  return [
    ...loopWhile(
      [...[0, 1, 2, 3].flatMap(add), ...set(at, i32.add(get(at), i32.const(ROUND_BYTES)))],
      i32.lessUnsigned(get(at), get(bytes)),
    ),
    ...v128.store(get(result), f32x4.add(f32x4.add(a, b), f32x4.add(c, d))),
  ]
}
